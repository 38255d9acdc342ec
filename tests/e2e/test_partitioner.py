"""The partitioner of the producers changes no answer: a log written by Java's default (murmur2) and one written by
librdkafka's (CRC32) read alike on every route, row for row and in one order."""

import random
import secrets

import pytest

from harness.kafka_io import Wire, partition_of
from harness.model import Model, assert_same
from harness.product import Topics
from harness.records import DAY, NETWORK, SECOND, SUPPLIER, caller, eui, event, interval, now_ns
from harness.waiting import until

PARTITIONERS = ("murmur2_random", "consistent_random")
KINDS = (
    "SERVICE_REQUEST",
    "SERVICE_RESPONSE",
    "ACKNOWLEDGEMENT",
    "DEVICE_ALERT",
    "SIGNED_PRE_COMMAND",
)


@pytest.fixture(scope="module")
def world():
    rng = random.Random(41)
    devices = [eui() for _ in range(30)]
    callers = [caller(role) for role in ("IS", "GS", "ED", "OU", "RSA")]
    start = now_ns() - 20 * DAY
    events, ownership = [], []
    for n in range(3000):
        sender = rng.choice(callers)
        # Many equal times, so that the order of equals is looked at too.
        events.append(
            event(
                sender.user_ids[0],
                sender.role,
                rng.choice(KINDS),
                rng.choice(devices),
                start + n // 40 * SECOND,
            )
        )
    events += [
        event(callers[3].user_ids[0], "OU", at=start + n * SECOND, srv="12.1") for n in range(20)
    ]
    for device in devices:
        for holder in rng.sample(callers[:3], rng.randrange(0, 4)):
            ownership.append(
                interval(device, holder.party, NETWORK if holder.role == "ED" else SUPPLIER)
            )
    return devices, callers, events, ownership


@pytest.fixture(scope="module")
def served(broker, deploy, world):
    _, _, events, ownership = world
    products = {}
    for partitioner in PARTITIONERS:
        topics, wire = Topics(broker, partitioner.replace("_", "-")), Wire(broker, partitioner)
        wire.send(topics.events, events)
        wire.send(topics.ownership, ownership)
        products[partitioner] = deploy(partitioner, topics)
        products[partitioner].fence(wire)
    return products


def test_the_two_logs_are_laid_out_differently(world):
    devices = world[0]
    assert any(
        partition_of(d, 3, PARTITIONERS[0]) != partition_of(d, 3, PARTITIONERS[1]) for d in devices
    )


def settled(product, one):
    pages = product.pages("/v1/audit-trail", one, scope="owned", limit=77)
    return None if any(page.get("pending") for page in pages) else pages


def test_every_route_reads_alike(served, world):
    devices, callers, events, ownership = world
    model = Model().add(events, ownership)
    first, second = (served[partitioner] for partitioner in PARTITIONERS)
    for one in callers:
        for device in devices:
            seen = first.device(device, one)
            assert_same(seen, model.device(device, one), f"{one.role} on {device}")
            assert second.device(device, one) == seen
        assert_same(first.own(one), model.own(one), f"own of {one.role}")
        assert second.own(one) == first.own(one)
        if model.relation(one):
            pages = [until(lambda p=p: settled(p, one), what="portfolio") for p in (first, second)]
            trails = [[entry for page in whole for entry in page["entries"]] for whole in pages]
            assert_same(trails[0], model.owned(one), f"portfolio of {one.role}")
            assert trails[0] == trails[1]
            assert not any(
                "partial" in page or page["crossUser"] != "included"
                for whole in pages
                for page in whole
            )


def test_a_cursor_goes_on_at_the_other_replica_with_the_same_key(
    broker, deploy, world, served, workspace
):
    """Replicas that share a cursor key take each other's cursors (CONTRACT 3.4)."""
    key = workspace / "cursor.key"
    key.write_bytes(secrets.token_bytes(32))
    one = world[1][0]
    topics = served[PARTITIONERS[0]].topics
    first = deploy("replica-1", topics, cursor_key=key)
    second = deploy("replica-2", topics, cursor_key=key)
    whole = first.owned(one)
    page = first.answer("/v1/audit-trail", one, scope="owned", limit=20)
    rest = second.answer("/v1/audit-trail", one, scope="owned", limit=30, cursor=page["nextCursor"])
    assert page["entries"] + rest["entries"] == whole[:50]
    assert (
        served[PARTITIONERS[0]]
        .get("/v1/audit-trail", one, scope="owned", cursor=page["nextCursor"])
        .status_code
        == 400
    )
