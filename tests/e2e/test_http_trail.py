"""CONTRACT 3 over the wire: pages, cursors, filters, downloads, as-of times, access records."""

import csv
import io
import json
import random
import time

import pytest

from harness import http_world
from harness.http_world import problem
from harness.kafka_io import read_all
from harness.model import ENTRY_FIELDS, assert_same
from harness.product import device_path
from harness.records import Caller, eui, event, iso, now_ns
from harness.waiting import until


@pytest.fixture(scope="module")
def world(deploy, wire):
    return http_world.build(deploy("http"), wire)


def test_limits(world):
    product, path = world.product, "/v1/audit-trail"
    everything = world.model.owned(world.owner)
    assert len(everything) > 200
    assert len(product.answer(path, world.owner, scope="owned")["entries"]) == 50
    for limit in (1, 7, 1000, 1001, 10**9):
        assert len(product.answer(path, world.owner, scope="owned", limit=limit)["entries"]) == min(
            limit, len(everything)
        )


def test_random_pages_put_end_to_end_are_the_whole_trail(world):
    rng = random.Random(7)
    for path, query in world.routes:
        for filters in (
            {},
            {"eventType": "SERVICE_REQUEST,SERVICE_RESPONSE"},
            {"othersOnly": "true"},
        ):
            whole = world.product.trail(path, world.owner, **query, **filters)
            for _ in range(4):
                size = rng.choice(
                    [lambda: 1, lambda: rng.randrange(1, 9), lambda: rng.randrange(1, 120)]
                )
                assert (
                    world.product.trail(path, world.owner, limit=size, **query, **filters) == whole
                )


def test_filters_agree_with_the_model(world):
    product, rng = world.product, random.Random(3)
    times = sorted(e["timestamp"].replace("+00:00", "Z") for e in world.events)
    for n in range(60):
        record = rng.choice(world.events)
        choices = {
            "srv": ["4.8.1", "99.9.9", "1.1.1,4.8.1,6.2", "4.1", "no"],
            "userRole": ["OU", "OU,IS", "ou"],
            "eventType": ["DEVICE_ALERT", "SERVICE_REQUEST,LATER_TYPE"],
            "deviceType": ["ESME,GSME", "CHF"],
            "requestId": [
                record.get("requestId"),
                record.get("requestId").lower(),
                f"{eui()}:{eui()}:7",
            ],
            "othersOnly": ["true", "false"],
            "from_": times,
            "to": times,
        }
        filters = {
            name: rng.choice(choices[name])
            for name in rng.sample(list(choices), rng.randrange(1, 4))
        }
        who = rng.choice([world.owner, world.second, world.operator, world.user, world.stranger])
        device = rng.choice(world.devices)
        assert_same(
            product.device(device, who, **filters),
            world.model.device(device, who, **filters),
            f"device {filters}",
        )
        assert_same(product.own(who, **filters), world.model.own(who, **filters), f"own {filters}")
        if world.model.relation(who):
            assert_same(
                product.owned(who, **filters), world.model.owned(who, **filters), f"owned {filters}"
            )


def test_windows_are_inclusive_exclusive_and_may_be_empty(world):
    record = world.events[5]
    at, device = record["timestamp"], record["deviceId"]
    assert world.product.device(device, world.owner, from_=at, to=at) == []
    assert (
        world.product.device(
            device, world.owner, from_="2027-01-01T00:00:00Z", to="2020-01-01T00:00:00Z"
        )
        == []
    )
    newer = world.product.device(device, world.owner, from_=at)
    assert_same(newer, world.model.device(device, world.owner, from_=at), "from is inclusive")
    assert_same(
        world.product.device(device, world.owner, to=at),
        world.model.device(device, world.owner, to=at),
        "to",
    )


def test_a_comma_is_split_after_percent_decoding(world):
    device = world.devices[0]
    seen = world.product.answer(f"{device_path(device)}?limit=1000&userRole=OU%2CRSA", world.owner)[
        "entries"
    ]
    assert_same(
        seen, world.model.device(device, world.owner, userRole="OU,RSA"), "userRole=OU%2CRSA"
    )


def test_entries_have_these_fields_and_no_others(world):
    for path, query in world.routes:
        page = world.product.answer(path, world.owner, limit=1000, **query)
        assert set(page) <= {"entries", "nextCursor", "crossUser", "asOf", "partial", "pending"}
        assert set(page["asOf"]) == {"events", "ownership"}
        for entry in page["entries"]:
            assert set(entry) <= set(ENTRY_FIELDS) and None not in entry.values()


def test_a_cursor_belongs_to_caller_route_and_filters(world):
    product, path = world.product, device_path(world.devices[0])
    cursor = product.answer(path, world.owner, limit=5)["nextCursor"]
    again = product.answer(
        path, product.issuer.mint(world.owner, alg="EdDSA"), limit=9, cursor=cursor
    )
    assert again["entries"] == product.device(world.devices[0], world.owner)[5:14]
    assert product.answer(path, world.owner, cursor=cursor, minOwnership="2020-01-01T00:00:00Z")
    assert product.answer(path.lower(), world.owner, cursor=cursor)
    wrong = [
        (path, world.second, {}),
        (path, Caller(world.owner.party, "IS", (eui(),)), {}),
        (path, world.owner, {"srv": "4.8.1"}),
        (path, world.owner, {"othersOnly": "true"}),
        (path, world.owner, {"from_": "2020-01-01T00:00:00Z"}),
        (device_path(world.devices[1]), world.owner, {}),
        ("/v1/audit-trail", world.owner, {"scope": "owned"}),
        ("/v1/audit-trail", world.owner, {"scope": "own"}),
    ]
    for other_path, one, more in wrong:
        assert (
            "cursor" in problem(product.get(other_path, one, cursor=cursor, **more), 400)["detail"]
        )


def test_a_cursor_is_sealed_and_of_one_length(world):
    product, path = world.product, device_path(world.devices[0])
    cursors = {
        product.answer(where, world.owner, limit=n, **query)["nextCursor"]
        for where, query in world.routes
        for n in (1, 3, 20)
    }
    assert len({len(cursor) for cursor in cursors}) == 1
    cursor = product.answer(path, world.owner, limit=5)["nextCursor"]
    for n in range(0, len(cursor), 3):
        spoilt = cursor[:n] + ("A" if cursor[n] != "A" else "B") + cursor[n + 1 :]
        if spoilt[:-1] != cursor[:-1]:  # the last digit of base64 may carry bits that mean nothing
            problem(product.get(path, world.owner, cursor=spoilt), 400)
    for spoilt in (cursor[:-4], cursor + "AAAA", cursor * 2, cursor[::-1]):
        problem(product.get(path, world.owner, cursor=spoilt), 400)


def test_paging_goes_on_while_events_arrive(world, wire):
    """Nothing twice, nothing missing that was there when page 1 was read."""
    for (path, query), whole in (
        (route, world.product.trail(route[0], world.owner, **route[1])) for route in world.routes
    ):
        cursor, seen = None, []
        while True:
            page = world.product.answer(path, world.owner, limit=40, cursor=cursor, **query)
            seen += page["entries"]
            fresh = [event(world.user.user_ids[0], "OU", device=device) for device in world.devices]
            wire.send(world.topics.events, fresh)
            world.model.add(fresh)
            cursor = page.get("nextCursor")
            if cursor is None:
                break
        keys = [json.dumps(entry, sort_keys=True) for entry in seen]
        assert len(keys) == len(set(keys))
        assert {json.dumps(entry, sort_keys=True) for entry in whole} <= set(keys)


def test_downloads_are_reports(world, wire):
    product = world.product
    product.fence(wire)
    for path, one, expected in (
        (
            device_path(world.devices[0]),
            world.owner,
            world.model.device(world.devices[0], world.owner, "report"),
        ),
        ("/v1/audit-trail?scope=own", world.user, world.model.own(world.user)),
    ):
        lines = product.get(path, one, format="ndjson")
        assert lines.status_code == 200 and "ndjson" in lines.headers["Content-Type"]
        rows = [json.loads(line) for line in lines.text.splitlines()]
        assert_same(rows, expected, "ndjson")
        table = product.get(path, one, headers={"Accept": "text/csv"})
        assert table.status_code == 200 and table.headers["Content-Type"].startswith("text/csv")
        read = list(csv.reader(io.StringIO(table.text)))
        assert read[0] == list(ENTRY_FIELDS) and len(read) == len(rows) + 1
        shown = [
            {name: value for name, value in zip(read[0], line) if value != ""} for line in read[1:]
        ]
        assert shown == [
            {
                name: str(value).lower() if isinstance(value, bool) else str(value)
                for name, value in row.items()
            }
            for row in rows
        ]
        for name, value in (("limit", 5), ("cursor", "abc")):
            problem(product.get(path, one, format="csv", **{name: value}), 400)
    problem(product.get("/v1/audit-trail", world.owner, scope="owned", format="csv"), 403)
    as_json = product.get(
        device_path(world.devices[0]), world.owner, headers={"Accept": "text/csv"}, format="json"
    )
    assert (
        as_json.headers["Content-Type"].startswith("application/json")
        and as_json.json()["crossUser"] == "included"
    )


def test_min_ownership(world):
    path, product = device_path(world.devices[0]), world.product
    assert product.answer(path, world.owner, minOwnership=iso(now_ns() - 30 * 10**9))["entries"]
    late = product.get(path, world.owner, minOwnership=iso(now_ns() + 3600 * 10**9))
    problem(late, 503)
    assert int(late.headers["Retry-After"]) >= 0
    moment = iso(now_ns())
    until(
        lambda: product.get(path, world.owner, minOwnership=moment).status_code == 200,
        5,
        what="a fresh enough ledger",
    )


def test_as_of_is_never_more_than_three_seconds_old(world):
    for _ in range(10):
        for path, query in world.routes:
            now = time.time()
            as_of = world.product.answer(path, world.owner, **query)["asOf"]
            for topic, text in as_of.items():
                moment = time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
                assert now - 3.1 <= moment <= now + 0.1, (topic, text, now)
        time.sleep(0.2)


def test_every_answer_with_others_rows_is_recorded(world, broker):
    product, path = world.product, device_path(world.devices[1])
    before = len(read_all(broker, world.topics.access))
    shown = product.answer(
        path,
        world.owner,
        srv="4.8.1,99.9.9,6.2,4.1.1",
        userRole="OU,RSA",
        from_="2020-01-01T00:00:00Z",
    )
    assert any(not entry["own"] for entry in shown["entries"])
    product.answer("/v1/audit-trail", world.owner, scope="owned", limit=100)
    product.answer("/v1/audit-trail", world.user, scope="own")
    product.answer(path, world.stranger)
    product.get(path, world.owner, format="csv")
    records = until(
        lambda: (
            found := [json.loads(m.value()) for m in read_all(broker, world.topics.access)[before:]]
        )
        and len(found) >= 2
        and found,
        what="access records",
    )
    time.sleep(0.5)
    records = [json.loads(m.value()) for m in read_all(broker, world.topics.access)[before:]]
    assert len(records) == 2
    for record in records:
        assert {
            "sub",
            "party",
            "role",
            "devices",
            "route",
            "window",
            "filters",
            "rows",
            "time",
        } <= set(record)
        assert (record["sub"], record["party"], record["role"]) == (
            f"sub-{world.owner.party}",
            world.owner.party,
            "IS",
        )
    assert records[0]["devices"] == [world.devices[1]] and set(records[1]["devices"]) == set(
        world.devices
    )
    assert "99.9.9" in json.dumps(records[0]["filters"])
