"""The same figures at growing sizes: gen in a pipe into backfill, then `run` over the shards beside empty topics."""
import shutil
import subprocess
import time

from . import places
from .load import open_loop, write_targets
from .node import Credentials, Node
from .process import Failed, Running, disk_bytes, end_with_parent, run
from .questions import routes
from .traffic import choose_subject, gen

EMPTY = ("sat.events.empty", "dm.ownership.empty")


def backfill(plan, density, events, data_dir):
    shutil.rmtree(data_dir, ignore_errors=True)
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    ownership = plan.work / "ownership.ndjson"
    with open(ownership, "wb") as out:
        subprocess.run([str(c) for c in gen(plan, density, "--ownership")], stdout=out, check=True)
    source = subprocess.Popen([str(c) for c in gen(plan, density, "--events", events)], stdout=subprocess.PIPE,
                              preexec_fn=end_with_parent)
    begun = time.monotonic()
    log = data_dir.parent / "backfill.log"
    sink = Running([places.SATINDEX, "backfill", "-", "--ownership", ownership, "--data-dir", data_dir], log=log,
                   stdin=source.stdout)
    source.stdout.close()
    usage, timeline = sink.usage(), []
    while sink.alive():
        usage = sink.usage()
        timeline.append((round(time.monotonic() - begun, 1), disk_bytes(data_dir)))
        time.sleep(0.25)
    seconds = time.monotonic() - begun
    if sink.process.returncode != 0 or source.wait() != 0:
        raise Failed(f"backfill ended with {sink.process.returncode}:\n{log.read_text()[-2000:]}")
    ownership.unlink()
    return {"events": events, "seconds": round(seconds, 2), "events_per_second": round(events / seconds),
            "disk_bytes": disk_bytes(data_dir), "bytes_per_event": round(disk_bytes(data_dir) / events, 2),
            "cpu_seconds_per_million": round(usage.cpu_seconds / events * 1e6, 3), "peak_rss_bytes": usage.peak_rss_bytes,
            "intervals": 2 * plan.devices[density]}


def ledger_bytes(plan, density, data_dir):
    """What the ownership alone takes: it does not grow with the events, and is told apart from them."""
    shutil.rmtree(data_dir, ignore_errors=True)
    ownership = plan.work / "ownership.ndjson"
    with open(ownership, "wb") as out:
        subprocess.run([str(c) for c in gen(plan, density, "--ownership")], stdout=out, check=True)
    run([places.SATINDEX, "backfill", "--ownership", ownership, "--data-dir", data_dir])
    size = disk_bytes(data_dir)
    shutil.rmtree(data_dir)
    return size


def measure(plan, broker, density, events):
    data_dir = plan.work / "growth"
    ledger = ledger_bytes(plan, density, data_dir)
    found = backfill(plan, density, events, data_dir)
    found["ledger_bytes"] = ledger
    found["trail_bytes_per_event"] = round((found["disk_bytes"] - ledger) / events, 2)
    credentials = Credentials(plan.work / "credentials")
    subject = choose_subject(plan, density, events)
    tokens = {channel: credentials.token(subject.party, subject.role, subject.users, channel) for channel in ("screen", "report")}
    node = Node(plan, broker, credentials, data_dir, *EMPTY, fresh=False)
    try:
        found["first_open_seconds"] = round(node.wait_ready().seconds, 3)
        found["queries"] = []
        for kind, paths in routes(subject).items():
            channel = "screen" if kind == "portfolio" else "report"
            targets = write_targets(plan.work / "targets", node.http, paths, tokens[channel])
            open_loop(targets, 500, 2, plan.work)
            found["queries"].append({"kind": kind, "channel": channel, **open_loop(targets, 500, plan.seconds, plan.work)})
        opens = []
        for _ in range(3):
            node.kill()
            node = Node(plan, broker, credentials, data_dir, *EMPTY, fresh=False)
            opens.append(round(node.wait_ready().seconds, 3))
        found["kill_to_ready_seconds"] = sorted(opens)[1]
        found["kill_to_ready_all"] = opens
        node.stop()
    except BaseException:
        node.kill()
        raise
    shutil.rmtree(data_dir, ignore_errors=True)
    return found
