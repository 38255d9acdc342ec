"""kill -9 at twenty random moments (`./dev crash N`: 2 N), half while it catches up with a long log and half while records keep
coming; what is answered afterwards is what an undisturbed run answers: nothing lost, nothing doubled."""

import os
import random
import time

from harness.model import Model, assert_same
from harness.product import Topics
from harness.records import DAY, NETWORK, SECOND, SUPPLIER, caller, eui, event, interval, now_ns
from harness.waiting import until

CATCH_UP_KILLS = LIVE_KILLS = int(os.environ.get("SATINDEX_CRASH_ROUNDS") or 10)
BULK, ROUND = 80_000, 1_500
KINDS = (
    "SERVICE_REQUEST",
    "SERVICE_RESPONSE",
    "ACKNOWLEDGEMENT",
    "DEVICE_ALERT",
    "SIGNED_PRE_COMMAND",
)


class Load:
    """Rounds of events, redeliveries and ownership about a small population."""

    def __init__(self, rng):
        self.rng = rng
        self.devices = [eui() for _ in range(300)]
        self.suppliers, self.operators = [caller(r) for r in ("IS", "GS", "ES")], [caller("ED")]
        self.others = [caller("OU"), caller("RSA")]
        self.callers = self.suppliers + self.operators + self.others
        self.at = now_ns() - 100 * DAY
        self.events, self.ownership = [], []

    def round(self, number, size):
        rng, fresh = self.rng, []
        for _ in range(size):
            self.at += rng.choice((0, SECOND // 7, SECOND))
            sender = rng.choice(self.callers)
            fresh.append(
                event(
                    sender.user_ids[0],
                    sender.role,
                    rng.choice(KINDS),
                    rng.choice(self.devices),
                    self.at,
                )
            )
        again = rng.sample(self.events, min(len(self.events), size // 10))
        owned = []
        for _ in range(40):
            holder = rng.choice(self.suppliers + self.operators)
            owned.append(
                interval(
                    rng.choice(self.devices),
                    holder.party,
                    NETWORK if holder.role == "ED" else SUPPLIER,
                    start=now_ns() - rng.choice((50, 200, 400)) * DAY,
                    end=None,
                    version=number + 1,
                    withdrawn=rng.random() < 0.2,
                )
            )
        self.events += fresh
        self.ownership += owned
        return rng.sample(fresh + again, len(fresh) + len(again)), owned


def portfolio(product, one):
    def settled():
        pages = product.pages("/v1/audit-trail", one, scope="owned")
        return [pages] if not any(page.get("pending") for page in pages) else None

    return [entry for page in until(settled, 30, what="portfolio")[0] for entry in page["entries"]]


def test_kills(broker, deploy, wire):
    seed = random.SystemRandom().getrandbits(32)
    print("seed", seed)
    rng = random.Random(seed)
    topics, load = Topics(broker, "kill", partitions=4), Load(rng)
    events, owned = load.round(0, BULK)
    wire.send(topics.ownership, owned)
    wire.send(topics.events, events)
    undisturbed = deploy("undisturbed", topics, start=False)
    started = time.monotonic()
    undisturbed.start()
    catch_up = time.monotonic() - started
    killed = deploy("killed", topics, start=False)
    for number in range(CATCH_UP_KILLS):
        killed.start(wait=False)
        time.sleep(rng.uniform(0.02, catch_up))
        assert killed.process.poll() is None, f"it ended by itself (seed {seed}); see {killed.log}"
        killed.kill()
    for number in range(LIVE_KILLS):
        killed.start(wait=number % 5 == 0)
        events, owned = load.round(number + 1, ROUND)
        wire.send(topics.ownership, owned[:20])
        wire.send(topics.events, events)
        wire.send(topics.ownership, owned[20:])
        time.sleep(rng.uniform(0, 0.3))
        assert killed.process.poll() is None, f"it ended by itself (seed {seed}); see {killed.log}"
        killed.kill()
    killed.start()
    for product in (killed, undisturbed):
        product.fence(wire)
    print("undisturbed catch-up", round(catch_up, 2), "s")
    model = Model().add(load.events, load.ownership)
    for one in load.callers:
        seen = killed.own(one)
        assert_same(seen, model.own(one), f"own of {one.role} (seed {seed})")
        assert undisturbed.own(one) == seen, f"seed {seed}"
        for device in rng.sample(load.devices, 20):
            seen = killed.device(device, one)
            assert_same(seen, model.device(device, one), f"{one.role} on {device} (seed {seed})")
            assert undisturbed.device(device, one) == seen, f"seed {seed}"
        if model.relation(one):
            seen = portfolio(killed, one)
            assert_same(seen, model.owned(one), f"portfolio of {one.role} (seed {seed})")
            assert portfolio(undisturbed, one) == seen, f"seed {seed}"
    for product in (killed, undisturbed):
        assert product.stop() == 0
        proof = product.run_command("verify", "--data-dir", product.data)
        assert (
            proof.returncode == 0
        ), f"verify (seed {seed}): {proof.stdout[-800:]} {proof.stderr[-800:]}"
