"""CONTRACT 3 over the wire: errors, parameters, cursors, paging, downloads, filters, minOwnership, access records."""
import csv
import io
import json
import random
import socket
import time
from types import SimpleNamespace

import pytest

from harness import tokens
from harness.kafka_io import read_all
from harness.model import ENTRY_FIELDS, TITLES, Model, assert_same
from harness.product import device_path
from harness.records import DAY, NETWORK, Caller, caller, eui, event, interval, iso, now_ns
from harness.waiting import until

TYPES = ("SERVICE_REQUEST", "SERVICE_RESPONSE", "SIGNED_PRE_COMMAND", "ACKNOWLEDGEMENT", "DEVICE_ALERT", "LATER_TYPE")


@pytest.fixture(scope="module")
def world(deploy, wire):
    """400 events of several Users about three devices, one of them with a supplier, a second supplier and an operator."""
    rng = random.Random(20261125)
    w = SimpleNamespace(product=deploy("http"), rng=rng)
    w.owner, w.second, w.operator, w.user, w.stranger = (caller(r) for r in ("IS", "ES", "ED", "OU", "IS"))
    w.devices = [eui() for _ in range(3)]
    w.ownership = [interval(d, w.owner.party) for d in w.devices] + [
        interval(w.devices[0], w.second.party), interval(w.devices[0], w.operator.party, NETWORK)]
    start, senders = now_ns() - 9 * DAY, [w.owner, w.second, w.operator, w.user, caller("RSA")]
    w.events = []
    for n in range(400):
        sender = rng.choice(senders)
        more = {"deviceType": rng.choice(["ESME", "GSME", "CHF", "HCALCS"]), "timestamp": rng.choice(
            [iso(start + n // 3 * 10**9, d) for d in (0, 3, 6, 9)] + [iso(start + n * 12345678901, 9, "+00:00")])}
        w.events.append(event(sender.user_ids[0], sender.role, rng.choice(TYPES), rng.choice(w.devices),
                              srv=rng.choice(list(TITLES) + ["99.9.9", None]), **more))
    w.events += [event(w.user.user_ids[0], "OU", at=start + n * 10**9, srv="12.1") for n in range(10)]
    w.topics = w.product.topics
    wire.send(w.topics.events, w.events)
    wire.send(w.topics.ownership, w.ownership)
    w.product.fence(wire)
    w.model = Model().add(w.events, w.ownership)
    w.routes = [(device_path(w.devices[0]), {}), ("/v1/audit-trail", {"scope": "owned"}), ("/v1/audit-trail", {"scope": "own"})]
    return w


def problem(response, status):
    assert response.status_code == status, f"{response.url[:200]}: {response.status_code} {response.text[:300]}"
    assert response.headers["Content-Type"].startswith("application/problem+json")
    body = response.json()
    assert body["status"] == status and body["type"] and body["title"] and "detail" in body
    assert "/work" not in response.text and "/src" not in response.text and "satindex::" not in response.text
    return body


BAD_PARAMETERS = [
    ("from", "yesterday"), ("from", "2026-13-01T00:00:00Z"), ("from", "2026-01-01"), ("from", "2026-01-01T00:00:00"),
    ("from", "2026-01-01T00:00:60Z"), ("from", "2026-01-01T00:00:00.1234567890Z"), ("to", "2026-02-30T00:00:00Z"),
    ("to", "2026-01-01T00:00:00+01:00"), ("to", "1"), ("limit", "0"), ("limit", "-1"), ("limit", "ten"), ("limit", "1.5"),
    ("othersOnly", "yes"), ("othersOnly", "TRUE"), ("cursor", "abc"), ("cursor", "%"), ("format", "xml"),
    ("requestId", "1:2:3"), ("requestId", "90-B3-D5-1F-30-01-00-00:00-DB-12-34-56-78-90-A0:01"),
    ("minOwnership", "soon")]


@pytest.mark.parametrize("name, value", BAD_PARAMETERS)
def test_a_value_that_breaks_its_syntax_names_the_parameter(world, name, value):
    body = problem(world.product.get(device_path(world.devices[0]), world.owner, **{name: value}), 400)
    assert name in body["detail"]


@pytest.mark.parametrize("name", ["from", "to", "srv", "userRole", "eventType", "deviceType", "requestId", "othersOnly",
                                  "limit", "cursor", "format", "minOwnership", "scope"])
def test_unknown_empty_and_repeated_parameters(world, name):
    path = device_path(world.devices[0])
    assert name in problem(world.product.get(f"{path}?{name}=", world.owner), 400)["detail"]
    good = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z", "minOwnership": "2026-01-01T00:00:00Z",
            "othersOnly": "true", "limit": "5", "format": "json", "scope": "own",
            "requestId": f"{eui()}:{eui()}:1"}.get(name, "X")
    assert name in problem(world.product.get(f"{path}?{name}={good}&{name}={good}", world.owner), 400)["detail"]
    assert "tenant" in problem(world.product.get(path, world.owner, tenant="1"), 400)["detail"]


def test_scope_is_needed_and_known(world):
    for query in ("", "?scope=all", "?scope=OWNED"):
        assert "scope" in problem(world.product.get(f"/v1/audit-trail{query}", world.owner), 400)["detail"]


def test_device_ids(world):
    product, device = world.product, world.devices[0]
    for spelled in (device.lower(), device.replace("-", ""), device.replace("-", "").lower()):
        assert_same(product.device(spelled, world.owner), world.model.device(device, world.owner), spelled)
    for wrong in ("1", device + "-00", device[:-1], device.replace("-", ":"), "G" + device[1:], device[:2] + device[3:]):
        problem(product.get(device_path(wrong), world.owner), 400)
    assert product.answer(device_path(eui()), world.owner)["entries"] == []


def test_not_entitled_and_no_such_device_are_one_answer(world):
    answers = []
    for device in (world.devices[1], eui()):
        response = world.product.get(device_path(device), world.stranger)
        body = response.json()
        body.pop("asOf")
        answers.append((response.status_code, body, sorted(response.headers)))
    assert answers[0] == answers[1] and answers[0][1]["entries"] == [] and answers[0][1]["crossUser"] == "none"


def token_cases(issuer, one):
    good = issuer.claims(one.party, one.role, one.user_ids)
    yield "none", None
    yield "garbage", "abc.def.ghi"
    yield "expired", issuer.token(good | {"exp": int(time.time()) - 3600})
    yield "other issuer", issuer.token(good | {"iss": "https://else.test"})
    yield "other audience", issuer.token(good | {"aud": "else"})
    yield "other key", tokens.Issuer().token(good)
    yield "unknown kid", issuer.token(good, header={"kid": "unknown"})
    yield "crit", issuer.token(good, header={"crit": ["exp"]})
    yield "alg none", f"{tokens.b64(b'{}')}.{tokens.b64(json.dumps(good).encode())}."
    unsigned = tokens.b64(json.dumps({"alg": "none"}).encode())
    yield "alg none, kept signature", unsigned + issuer.token(good)[issuer.token(good).index("."):]
    head, body, signature = issuer.token(good).split(".")
    yield "spoilt signature", f"{head}.{body}.{signature[:-6]}AAAAAA"
    other = tokens.b64(json.dumps(good | {"party_id": "ELSE"}).encode())
    yield "other body", f"{head}.{other}.{signature}"
    for name in ("iss", "aud", "exp", "sub", "party_id", "user_role", "user_ids", "scope"):
        if name != "scope":
            yield f"no {name}", issuer.token({k: v for k, v in good.items() if k != name})
    for name, wrong in (("party_id", 7), ("user_role", []), ("user_ids", "x"), ("user_ids", ["nope"]), ("user_ids", [1]),
                        ("exp", "tomorrow"), ("sub", {}), ("party_id", "")):
        yield f"{name}={wrong!r}", issuer.token(good | {name: wrong})


def test_credentials(world):
    path, issuer = device_path(world.devices[0]), world.product.issuer
    wrong = []
    for what, token in token_cases(issuer, world.owner):
        response = world.product.get(path, token)
        if response.status_code != 401 or not response.headers["Content-Type"].startswith("application/problem+json"):
            wrong.append((what, response.status_code))
    assert not wrong
    for scope in ("", "openid", "sat:screens", "SAT:SCREEN"):
        problem(world.product.get(path, issuer.token(issuer.claims("P", "IS", (), scope))), 403)
    for alg in ("ES256", "EdDSA", "RS256"):
        token = issuer.mint(world.owner, alg=alg)
        assert_same(world.product.device(world.devices[0], token), world.model.device(world.devices[0], world.owner), alg)
    many = issuer.token(issuer.claims("P", "IS", (), "openid sat:screen profile", aud=["other", tokens.AUDIENCE]))
    assert world.product.get(path, many).status_code == 200
    basic = world.product.get(path, headers={"Authorization": "Basic YTpi"})
    problem(basic, 401)


def test_routes_methods_and_sizes(world):
    product = world.product
    base = f"http://127.0.0.1:{product.port}"
    token = {"Authorization": f"Bearer {product.issuer.mint(world.owner)}"}
    for path in ("/v1", "/v1/nothing", "/v1/devices", f"/v1/devices/{world.devices[0]}", "/v2/audit-trail", "/metrics"):
        problem(product.get(path, world.owner), 404)
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        problem(product.session.request(method, base + device_path(world.devices[0]), headers=token, timeout=10), 405)
    problem(product.get("/v1/audit-trail?scope=own&srv=" + "1.1.1," * 4000, world.owner), 414)
    problem(product.get("/v1/audit-trail", world.owner, scope="own", headers={f"X-{n}": "y" * 7000 for n in range(5)}), 431)
    assert product.get("/openapi.yaml").status_code == 200 and "openapi" in product.get("/openapi.yaml").text
    screen = product.get("/")
    assert screen.status_code == 200 and "text/html" in screen.headers["Content-Type"]
    problem(product.get("/v1/service-request-variants"), 401)


def test_a_broken_request_does_not_stop_the_server(world):
    for raw in (b"\x00\xff\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
                b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", world.product.port), timeout=10) as link:
            try:
                link.sendall(raw)
                link.shutdown(socket.SHUT_WR)
                while link.recv(65536):
                    pass
            except (ConnectionResetError, BrokenPipeError):
                pass  # to be cut off is an answer too
    assert world.product.get("/openapi.yaml").status_code == 200


def test_limits(world):
    product, path = world.product, "/v1/audit-trail"
    everything = world.model.owned(world.owner)
    assert len(everything) > 200
    assert len(product.answer(path, world.owner, scope="owned")["entries"]) == 50
    for limit in (1, 7, 1000, 1001, 10**9):
        assert len(product.answer(path, world.owner, scope="owned", limit=limit)["entries"]) == min(limit, len(everything))


def test_random_pages_put_end_to_end_are_the_whole_trail(world):
    rng = random.Random(7)
    for path, query in world.routes:
        for filters in ({}, {"eventType": "SERVICE_REQUEST,SERVICE_RESPONSE"}, {"othersOnly": "true"}):
            whole = world.product.trail(path, world.owner, **query, **filters)
            for _ in range(4):
                size = rng.choice([lambda: 1, lambda: rng.randrange(1, 9), lambda: rng.randrange(1, 120)])
                assert world.product.trail(path, world.owner, limit=size, **query, **filters) == whole


def test_filters_agree_with_the_model(world):
    product, rng = world.product, random.Random(3)
    times = sorted(e["timestamp"].replace("+00:00", "Z") for e in world.events)
    for n in range(60):
        record = rng.choice(world.events)
        choices = {"srv": ["4.8.1", "99.9.9", "1.1.1,4.8.1,6.2", "4.1", "no"], "userRole": ["OU", "OU,IS", "ou"],
                   "eventType": ["DEVICE_ALERT", "SERVICE_REQUEST,LATER_TYPE"], "deviceType": ["ESME,GSME", "CHF"],
                   "requestId": [record.get("requestId"), record.get("requestId").lower(), f"{eui()}:{eui()}:7"],
                   "othersOnly": ["true", "false"], "from_": times, "to": times}
        filters = {name: rng.choice(choices[name]) for name in rng.sample(list(choices), rng.randrange(1, 4))}
        who = rng.choice([world.owner, world.second, world.operator, world.user, world.stranger])
        device = rng.choice(world.devices)
        assert_same(product.device(device, who, **filters), world.model.device(device, who, **filters), f"device {filters}")
        assert_same(product.own(who, **filters), world.model.own(who, **filters), f"own {filters}")
        if world.model.relation(who):
            assert_same(product.owned(who, **filters), world.model.owned(who, **filters), f"owned {filters}")


def test_windows_are_inclusive_exclusive_and_may_be_empty(world):
    record = world.events[5]
    at, device = record["timestamp"], record["deviceId"]
    assert world.product.device(device, world.owner, from_=at, to=at) == []
    assert world.product.device(device, world.owner, from_="2027-01-01T00:00:00Z", to="2020-01-01T00:00:00Z") == []
    newer = world.product.device(device, world.owner, from_=at)
    assert_same(newer, world.model.device(device, world.owner, from_=at), "from is inclusive")
    assert_same(world.product.device(device, world.owner, to=at), world.model.device(device, world.owner, to=at), "to")


def test_a_comma_is_split_after_percent_decoding(world):
    device = world.devices[0]
    seen = world.product.answer(f"{device_path(device)}?limit=1000&userRole=OU%2CRSA", world.owner)["entries"]
    assert_same(seen, world.model.device(device, world.owner, userRole="OU,RSA"), "userRole=OU%2CRSA")


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
    again = product.answer(path, product.issuer.mint(world.owner, alg="EdDSA"), limit=9, cursor=cursor)
    assert again["entries"] == product.device(world.devices[0], world.owner)[5:14]
    assert product.answer(path, world.owner, cursor=cursor, minOwnership="2020-01-01T00:00:00Z")
    assert product.answer(path.lower(), world.owner, cursor=cursor)
    wrong = [(path, world.second, {}), (path, Caller(world.owner.party, "IS", (eui(),)), {}),
             (path, world.owner, {"srv": "4.8.1"}), (path, world.owner, {"othersOnly": "true"}),
             (path, world.owner, {"from_": "2020-01-01T00:00:00Z"}), (device_path(world.devices[1]), world.owner, {}),
             ("/v1/audit-trail", world.owner, {"scope": "owned"}), ("/v1/audit-trail", world.owner, {"scope": "own"})]
    for other_path, one, more in wrong:
        assert "cursor" in problem(product.get(other_path, one, cursor=cursor, **more), 400)["detail"]


def test_a_cursor_is_sealed_and_of_one_length(world):
    product, path = world.product, device_path(world.devices[0])
    cursors = {product.answer(where, world.owner, limit=n, **query)["nextCursor"]
               for where, query in world.routes for n in (1, 3, 20)}
    assert len({len(cursor) for cursor in cursors}) == 1
    cursor = product.answer(path, world.owner, limit=5)["nextCursor"]
    for n in range(0, len(cursor), 3):
        spoilt = cursor[:n] + ("A" if cursor[n] != "A" else "B") + cursor[n + 1:]
        if spoilt[:-1] != cursor[:-1]:  # the last digit of base64 may carry bits that mean nothing
            problem(product.get(path, world.owner, cursor=spoilt), 400)
    for spoilt in (cursor[:-4], cursor + "AAAA", cursor * 2, cursor[::-1]):
        problem(product.get(path, world.owner, cursor=spoilt), 400)


def test_paging_goes_on_while_events_arrive(world, wire):
    """Nothing twice, nothing missing that was there when page 1 was read."""
    for (path, query), whole in ((route, world.product.trail(route[0], world.owner, **route[1])) for route in world.routes):
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
    for path, one, expected in ((device_path(world.devices[0]), world.owner, world.model.device(
            world.devices[0], world.owner, "report")), ("/v1/audit-trail?scope=own", world.user, world.model.own(world.user))):
        lines = product.get(path, one, format="ndjson")
        assert lines.status_code == 200 and "ndjson" in lines.headers["Content-Type"]
        rows = [json.loads(line) for line in lines.text.splitlines()]
        assert_same(rows, expected, "ndjson")
        table = product.get(path, one, headers={"Accept": "text/csv"})
        assert table.status_code == 200 and table.headers["Content-Type"].startswith("text/csv")
        read = list(csv.reader(io.StringIO(table.text)))
        assert read[0] == list(ENTRY_FIELDS) and len(read) == len(rows) + 1
        shown = [{name: value for name, value in zip(read[0], line) if value != ""} for line in read[1:]]
        assert shown == [{name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in row.items()}
                         for row in rows]
        for name, value in (("limit", 5), ("cursor", "abc")):
            problem(product.get(path, one, format="csv", **{name: value}), 400)
    problem(product.get("/v1/audit-trail", world.owner, scope="owned", format="csv"), 403)
    as_json = product.get(device_path(world.devices[0]), world.owner, headers={"Accept": "text/csv"}, format="json")
    assert as_json.headers["Content-Type"].startswith("application/json") and as_json.json()["crossUser"] == "included"


def test_scope_owned_is_refused_where_there_can_be_no_entitlement(world):
    product = world.product
    for one in (world.user, caller("RSA"), caller("ZZ")):
        problem(product.get("/v1/audit-trail", one, scope="owned"), 403)
    problem(product.get("/v1/audit-trail", product.issuer.mint(world.owner, "sat:report"), scope="owned"), 403)
    assert product.answer("/v1/audit-trail", caller("GT"), scope="owned")["entries"] == []


def test_min_ownership(world):
    path, product = device_path(world.devices[0]), world.product
    assert product.answer(path, world.owner, minOwnership=iso(now_ns() - 30 * 10**9))["entries"]
    late = product.get(path, world.owner, minOwnership=iso(now_ns() + 3600 * 10**9))
    problem(late, 503)
    assert int(late.headers["Retry-After"]) >= 0
    moment = iso(now_ns())
    until(lambda: product.get(path, world.owner, minOwnership=moment).status_code == 200, 5, what="a fresh enough ledger")


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
    shown = product.answer(path, world.owner, srv="4.8.1,99.9.9,6.2,4.1.1", userRole="OU,RSA", from_="2020-01-01T00:00:00Z")
    assert any(not entry["own"] for entry in shown["entries"])
    product.answer("/v1/audit-trail", world.owner, scope="owned", limit=100)
    product.answer("/v1/audit-trail", world.user, scope="own")
    product.answer(path, world.stranger)
    product.get(path, world.owner, format="csv")
    records = until(lambda: (found := [json.loads(m.value()) for m in read_all(broker, world.topics.access)[before:]])
                    and len(found) >= 2 and found, what="access records")
    time.sleep(0.5)
    records = [json.loads(m.value()) for m in read_all(broker, world.topics.access)[before:]]
    assert len(records) == 2
    for record in records:
        assert {"sub", "party", "role", "devices", "route", "window", "filters", "rows", "time"} <= set(record)
        assert (record["sub"], record["party"], record["role"]) == (f"sub-{world.owner.party}", world.owner.party, "IS")
    assert records[0]["devices"] == [world.devices[1]] and set(records[1]["devices"]) == set(world.devices)
    assert "99.9.9" in json.dumps(records[0]["filters"])
