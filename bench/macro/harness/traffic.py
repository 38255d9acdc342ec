"""The generated topics, and what the questions are about: a party, its Users, its hot, cold and absent devices."""
import random
import subprocess
from collections import Counter
from dataclasses import dataclass

from . import places
from .process import Failed, end_with_parent, run

SEED = "7"


def gen(plan, density, *more):
    return [places.SATINDEX, "gen", "--seed", SEED, "--density", density, "--devices", plan.devices[density], *more]


@dataclass
class Topics:
    density: str
    events: str
    ownership: str
    event_count: int = 0
    interval_count: int = 0


def load(plan, broker, density):
    """Fills both topics of one density."""
    topics = Topics(density, f"sat.events.{density}", f"dm.ownership.{density}")
    broker.create(topics.events)
    broker.create(topics.ownership)
    run(gen(plan, density, "--events", plan.events, "--ownership", "--kafka-brokers", broker.address,
            "--events-topic", topics.events, "--ownership-topic", topics.ownership,
            "--kafka-property", "compression.type=lz4", "--kafka-property", "linger.ms=20",
            "--kafka-property", "batch.size=1000000"))
    topics.event_count = broker.records(topics.events)
    topics.interval_count = broker.records(topics.ownership)
    if topics.event_count != plan.events:
        raise Failed(f"{topics.events} has {topics.event_count} records, not {plan.events}")
    return topics


def write_rows(plan, density, what, path, events=0):
    """The same records as tab-separated rows, for the databases that load files."""
    more = ["--ownership"] if what == "ownership" else ["--events", events]
    source = subprocess.Popen([str(c) for c in gen(plan, density, *more)], stdout=subprocess.PIPE,
                              preexec_fn=end_with_parent)
    with open(path, "wb") as out:
        subprocess.run([places.TOOLS / "table_rows", what], stdin=source.stdout, stdout=out, check=True)
    source.stdout.close()
    if source.wait() != 0:
        raise Failed("gen failed")


def field(record, name):
    at = record.find(b'"' + name + b'":"')
    if at < 0:
        return None
    begin = at + len(name) + 4
    return record[begin:record.index(b'"', begin)].decode()


def lines(command):
    """A generator's output, line by line: three million devices do not fit in a string."""
    source = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, preexec_fn=end_with_parent)
    yield from source.stdout
    if source.wait() != 0:
        raise Failed("gen failed")


@dataclass
class Subject:
    """Who asks, about what: the supplier with the most devices in the sample."""
    party: str
    role: str
    users: list
    hot: list
    cold: list
    absent: list


def choose_subject(plan, density, events, sample=400_000):
    owner, holdings = {}, Counter()
    for line in lines(gen(plan, density, "--ownership")):
        if b"RESPONSIBLE_SUPPLIER" in line:
            party = field(line, b"partyId")
            owner[field(line, b"deviceId")] = party
            holdings[party] += 1
    senders, busy = {}, Counter()
    for line in lines(gen(plan, density, "--events", min(sample, events))):
        device = field(line, b"deviceId")
        if device is None:
            continue
        busy[device] += 1
        if field(line, b"userRole") in ("IS", "GS"):
            senders.setdefault(owner[device], Counter())[(field(line, b"userRole"), field(line, b"userId"))] += 1
    party = max((p for p in holdings if p in senders), key=lambda p: holdings[p])
    # The most frequent sender of a role on a party's devices is the party's own User.
    best = {}
    for (role, user), count in senders[party].most_common():
        best.setdefault(role, (user, count))
    role = max(best, key=lambda r: best[r][1])
    mine = [d for d, _ in busy.most_common() if owner[d] == party]
    dice = random.Random(1)
    known = set(owner)
    absent = []
    while len(absent) < 2000:
        text = f"{0x00DB12FF00000000 | dice.getrandbits(32):016X}"
        device = "-".join(text[i:i + 2] for i in range(0, 16, 2))
        if device not in known:
            absent.append(device)
    tail = mine[len(mine) // 2:]
    return Subject(party, role, [user for user, _ in best.values()], mine[:100],
                   dice.sample(tail, min(2000, len(tail))), absent)
