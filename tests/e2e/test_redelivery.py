"""CONTRACT 1.3, "one event": redeliveries are shown once wherever and whenever they come back; near twins are two."""

import json

import pytest

from harness.kafka_io import partition_of
from harness.model import Model, assert_same
from harness.records import DAY, caller, eui, event, interval, iso, now_ns


@pytest.fixture(scope="module")
def product(deploy):
    return deploy("redelivery")


class Copies:
    """One device with a supplier, and the copies of its records."""

    def __init__(self, product, wire):
        self.product, self.wire, self.device = product, wire, eui(0xABCD)
        self.owner, self.sender, self.model = caller("IS"), caller("OU"), Model()
        grant = [interval(self.device, self.owner.party)]
        self.model.add(ownership=grant)
        wire.send(product.topics.ownership, grant)

    def record(self, **more):
        at = now_ns() - DAY
        return event(
            self.sender.user_ids[0],
            "OU",
            "SERVICE_RESPONSE",
            self.device,
            at,
            requestId=f"{self.sender.user_ids[0]}:{self.device}:77",
            commandVariant=4,
            **more,
        )

    def send(self, *records, partition=None):
        self.model.add(records)
        pairs = [(self.device, json.dumps(record).encode()) for record in records]
        self.wire.send(self.product.topics.events, pairs, partition)

    def elsewhere(self):
        partitions = self.product.topics.partitions
        return (partition_of(self.device, partitions) + 1) % partitions

    def check(self, rows):
        self.product.fence(self.wire)
        seen = self.product.device(self.device, self.owner)
        assert_same(seen, self.model.device(self.device, self.owner), "device route")
        assert len(seen) == rows
        assert_same(self.product.own(self.sender), self.model.own(self.sender), "own route")
        for size in (1, 2):
            assert self.product.device(self.device, self.owner, limit=size) == seen
            assert len(self.product.own(self.sender, limit=size)) == rows
        page = self.product.answer("/v1/audit-trail", self.owner, scope="owned", limit=1000)
        if not page.get("partial"):
            assert_same(page["entries"], self.model.owned(self.owner), "portfolio")
        return page


@pytest.fixture
def copies(product, wire):
    return Copies(product, wire)


def test_again_in_its_partition(copies):
    record = copies.record()
    copies.send(record, record)
    copies.check(1)
    copies.send(record)
    assert "partial" not in copies.check(1)


def test_again_in_another_partition(copies):
    record = copies.record()
    copies.send(record)
    copies.send(record, partition=copies.elsewhere())
    copies.check(1)


def test_first_in_the_other_partition(copies):
    record = copies.record()
    copies.send(record, partition=copies.elsewhere())
    copies.check(1)
    copies.send(record)
    copies.check(1)


def test_only_in_a_partition_the_partitioner_would_not_give(copies, product):
    copies.send(copies.record(), partition=copies.elsewhere())
    page = copies.check(1)
    assert page.get("partial") is True or len(page["entries"]) == 1
    # A caller who is entitled to no such device is told nothing of it.
    stranger = caller("IS")
    assert "partial" not in product.answer("/v1/audit-trail", stranger, scope="owned")


def test_before_and_after_a_restart(copies, product):
    record, second = copies.record(), copies.record(srv="6.2.4")
    copies.send(record)
    copies.check(1)
    assert product.stop() == 0
    copies.send(record, second)
    copies.send(record, second, partition=copies.elsewhere())
    product.start()
    copies.check(2)
    product.kill()
    copies.send(second, record)
    product.start()
    copies.check(2)


def test_ids_in_another_case(copies):
    record = copies.record()
    lower = record | {name: record[name].lower() for name in ("userId", "deviceId", "requestId")}
    copies.send(lower, record)
    copies.check(1)
    entry = copies.product.device(copies.device, copies.owner)[0]
    assert (entry["userId"], entry["deviceId"], entry["requestId"]) == (
        record["userId"],
        record["deviceId"],
        record["requestId"],
    )


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 3, 0, 2)])
def test_one_instant_written_another_way(copies, order):
    """Shown once, with the most precise writing of its time."""
    at = (now_ns() - DAY) // 10**9 * 10**9 + 500_000_000
    base = copies.record()
    writings = [
        base | {"timestamp": iso(at, 1)},
        base | {"timestamp": iso(at, 3, "+00:00")},
        base | {"timestamp": iso(at, 9)},
        base | {"timestamp": iso(at, 6)},
    ]
    for number, index in enumerate(order):
        copies.send(writings[index], partition=copies.elsewhere() if number == 2 else None)
    copies.check(1)
    assert copies.product.device(copies.device, copies.owner)[0]["timestamp"] == iso(at, 9)


def test_field_order_white_space_nulls_and_payload_do_not_matter(copies):
    record = copies.record()
    backwards = dict(reversed(record.items())) | {
        "payload": {"other": [1, 2, None]},
        "unknown": "x",
    }
    copies.send(record, backwards)
    copies.wire.send(
        copies.product.topics.events,
        [
            (copies.device, ("\n\t" + json.dumps(record, indent=3) + " \r\n").encode()),
            (
                copies.device,
                json.dumps({k: v for k, v in record.items() if k != "payload"}).encode(),
            ),
            (
                copies.device,
                json.dumps(record)
                .replace("SERVICE", "\\u0053ERVICE")
                .replace("eventId", "\\u0065ventId")
                .encode(),
            ),
        ],
    )
    copies.check(1)
    nulls = copies.record(serviceReferenceVariant=None, smetsVersion=None)
    copies.model.add([nulls])
    copies.wire.send(
        copies.product.topics.events,
        [
            (copies.device, json.dumps(nulls).encode()),
            (
                copies.device,
                json.dumps(
                    nulls | {"serviceReferenceVariant": None, "smetsVersion": None}
                ).encode(),
            ),
        ],
    )
    copies.check(2)


TWINS = {
    "eventId": "another",
    "eventType": "ACKNOWLEDGEMENT",
    "userRole": "RSA",
    "commandVariant": 5,
    "responseCode": "I99",
    "serviceReferenceVariant": "4.1",
    "deviceType": "GSME",
    "smetsVersion": "SMETS1",
}


@pytest.mark.parametrize("field", [*TWINS, "requestId", "timestamp", "userId"])
def test_alike_in_all_but_one_field_are_two(copies, field):
    record = copies.record()
    twin = dict(record)
    if field == "requestId":
        twin[field] = record[field] + "8"
    elif field == "timestamp":
        twin[field] = record[field].replace("Z", "000001Z")
    elif field == "userId":
        copies.sender = type(copies.sender)(
            copies.sender.party, "OU", copies.sender.user_ids + (eui(0x90B3),)
        )
        twin[field] = copies.sender.user_ids[1]
    else:
        twin[field] = TWINS[field]
    copies.send(record, twin, record, twin)
    rows = 1 if field == "eventType" else 2  # the owner is not shown another's acknowledgement
    copies.check(rows) if rows == 2 else copies.product.fence(copies.wire)
    assert len(copies.product.own(copies.sender)) == 2
    without = {name: value for name, value in record.items() if name != field}
    if field in (
        "eventId",
        "requestId",
        "serviceReferenceVariant",
        "deviceType",
        "smetsVersion",
        "responseCode",
        "commandVariant",
    ):
        copies.send(without, without)
        copies.check(3)


def test_many_records_alike_in_all_but_the_event_id(copies):
    """Fingerprints of 16 bits may meet; of 24 records at least 23 must be told apart, and a page break loses none."""
    base = copies.record()
    copies.send(*[base | {"eventId": f"twin-{n}"} for n in range(24)] * 2)
    copies.product.fence(copies.wire)
    seen = copies.product.device(copies.device, copies.owner)
    assert len(seen) >= 23 and copies.product.device(copies.device, copies.owner, limit=5) == seen
