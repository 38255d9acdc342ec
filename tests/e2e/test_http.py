"""CONTRACT 3 over the wire: errors, credentials, parameters, routes."""

import json
import socket
import time

import pytest

from harness import http_world, tokens
from harness.http_world import problem
from harness.model import assert_same
from harness.product import device_path
from harness.records import caller, eui


@pytest.fixture(scope="module")
def world(deploy, wire):
    return http_world.build(deploy("http"), wire)


BAD_PARAMETERS = [
    ("from", "yesterday"),
    ("from", "2026-13-01T00:00:00Z"),
    ("from", "2026-01-01"),
    ("from", "2026-01-01T00:00:00"),
    ("from", "2026-01-01T00:00:60Z"),
    ("from", "2026-01-01T00:00:00.1234567890Z"),
    ("to", "2026-02-30T00:00:00Z"),
    ("to", "2026-01-01T00:00:00+01:00"),
    ("to", "1"),
    ("limit", "0"),
    ("limit", "-1"),
    ("limit", "ten"),
    ("limit", "1.5"),
    ("othersOnly", "yes"),
    ("othersOnly", "TRUE"),
    ("cursor", "abc"),
    ("cursor", "%"),
    ("format", "xml"),
    ("requestId", "1:2:3"),
    ("requestId", "90-B3-D5-1F-30-01-00-00:00-DB-12-34-56-78-90-A0:01"),
    ("minOwnership", "soon"),
]


@pytest.mark.parametrize("name, value", BAD_PARAMETERS)
def test_a_value_that_breaks_its_syntax_names_the_parameter(world, name, value):
    body = problem(
        world.product.get(device_path(world.devices[0]), world.owner, **{name: value}), 400
    )
    assert name in body["detail"]


@pytest.mark.parametrize(
    "name",
    [
        "from",
        "to",
        "srv",
        "userRole",
        "eventType",
        "deviceType",
        "requestId",
        "othersOnly",
        "limit",
        "cursor",
        "format",
        "minOwnership",
        "scope",
    ],
)
def test_unknown_empty_and_repeated_parameters(world, name):
    path = device_path(world.devices[0])
    assert name in problem(world.product.get(f"{path}?{name}=", world.owner), 400)["detail"]
    good = {
        "from": "2026-01-01T00:00:00Z",
        "to": "2026-01-01T00:00:00Z",
        "minOwnership": "2026-01-01T00:00:00Z",
        "othersOnly": "true",
        "limit": "5",
        "format": "json",
        "scope": "own",
        "requestId": f"{eui()}:{eui()}:1",
    }.get(name, "X")
    assert (
        name
        in problem(world.product.get(f"{path}?{name}={good}&{name}={good}", world.owner), 400)[
            "detail"
        ]
    )
    assert "tenant" in problem(world.product.get(path, world.owner, tenant="1"), 400)["detail"]


def test_scope_is_needed_and_known(world):
    for query in ("", "?scope=all", "?scope=OWNED"):
        assert (
            "scope"
            in problem(world.product.get(f"/v1/audit-trail{query}", world.owner), 400)["detail"]
        )


def test_device_ids(world):
    product, device = world.product, world.devices[0]
    for spelled in (device.lower(), device.replace("-", ""), device.replace("-", "").lower()):
        assert_same(
            product.device(spelled, world.owner), world.model.device(device, world.owner), spelled
        )
    for wrong in (
        "1",
        device + "-00",
        device[:-1],
        device.replace("-", ":"),
        "G" + device[1:],
        device[:2] + device[3:],
    ):
        problem(product.get(device_path(wrong), world.owner), 400)
    assert product.answer(device_path(eui()), world.owner)["entries"] == []


def test_not_entitled_and_no_such_device_are_one_answer(world):
    answers = []
    for device in (world.devices[1], eui()):
        response = world.product.get(device_path(device), world.stranger)
        body = response.json()
        body.pop("asOf")
        answers.append((response.status_code, body, sorted(response.headers)))
    assert (
        answers[0] == answers[1]
        and answers[0][1]["entries"] == []
        and answers[0][1]["crossUser"] == "none"
    )


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
    yield "alg none, kept signature", unsigned + issuer.token(good)[issuer.token(good).index(".") :]
    head, body, signature = issuer.token(good).split(".")
    yield "spoilt signature", f"{head}.{body}.{signature[:-6]}AAAAAA"
    other = tokens.b64(json.dumps(good | {"party_id": "ELSE"}).encode())
    yield "other body", f"{head}.{other}.{signature}"
    for name in ("iss", "aud", "exp", "sub", "party_id", "user_role", "user_ids", "scope"):
        if name != "scope":
            yield f"no {name}", issuer.token({k: v for k, v in good.items() if k != name})
    for name, wrong in (
        ("party_id", 7),
        ("user_role", []),
        ("user_ids", "x"),
        ("user_ids", ["nope"]),
        ("user_ids", [1]),
        ("exp", "tomorrow"),
        ("sub", {}),
        ("party_id", ""),
    ):
        yield f"{name}={wrong!r}", issuer.token(good | {name: wrong})


def test_credentials(world):
    path, issuer = device_path(world.devices[0]), world.product.issuer
    wrong = []
    for what, token in token_cases(issuer, world.owner):
        response = world.product.get(path, token)
        if response.status_code != 401 or not response.headers["Content-Type"].startswith(
            "application/problem+json"
        ):
            wrong.append((what, response.status_code))
    assert not wrong
    for scope in ("", "openid", "sat:screens", "SAT:SCREEN"):
        problem(world.product.get(path, issuer.token(issuer.claims("P", "IS", (), scope))), 403)
    for alg in ("ES256", "EdDSA", "RS256"):
        token = issuer.mint(world.owner, alg=alg)
        assert_same(
            world.product.device(world.devices[0], token),
            world.model.device(world.devices[0], world.owner),
            alg,
        )
    many = issuer.token(
        issuer.claims("P", "IS", (), "openid sat:screen profile", aud=["other", tokens.AUDIENCE])
    )
    assert world.product.get(path, many).status_code == 200
    basic = world.product.get(path, headers={"Authorization": "Basic YTpi"})
    problem(basic, 401)


def test_routes_methods_and_sizes(world):
    product = world.product
    base = f"http://127.0.0.1:{product.port}"
    token = {"Authorization": f"Bearer {product.issuer.mint(world.owner)}"}
    for path in (
        "/v1",
        "/v1/nothing",
        "/v1/devices",
        f"/v1/devices/{world.devices[0]}",
        "/v2/audit-trail",
        "/metrics",
    ):
        problem(product.get(path, world.owner), 404)
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        problem(
            product.session.request(
                method, base + device_path(world.devices[0]), headers=token, timeout=10
            ),
            405,
        )
    problem(product.get("/v1/audit-trail?scope=own&srv=" + "1.1.1," * 4000, world.owner), 414)
    problem(
        product.get(
            "/v1/audit-trail",
            world.owner,
            scope="own",
            headers={f"X-{n}": "y" * 7000 for n in range(5)},
        ),
        431,
    )
    assert (
        product.get("/openapi.yaml").status_code == 200
        and "openapi" in product.get("/openapi.yaml").text
    )
    screen = product.get("/")
    assert screen.status_code == 200 and "text/html" in screen.headers["Content-Type"]
    problem(product.get("/v1/service-request-variants"), 401)


def test_a_broken_request_does_not_stop_the_server(world):
    for raw in (
        b"\x00\xff\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", world.product.port), timeout=10) as link:
            try:
                link.sendall(raw)
                link.shutdown(socket.SHUT_WR)
                while link.recv(65536):
                    pass
            except (ConnectionResetError, BrokenPipeError):
                pass  # to be cut off is an answer too
    assert world.product.get("/openapi.yaml").status_code == 200


def test_scope_owned_is_refused_where_there_can_be_no_entitlement(world):
    product = world.product
    for one in (world.user, caller("RSA"), caller("ZZ")):
        problem(product.get("/v1/audit-trail", one, scope="owned"), 403)
    problem(
        product.get(
            "/v1/audit-trail", product.issuer.mint(world.owner, "sat:report"), scope="owned"
        ),
        403,
    )
    assert product.answer("/v1/audit-trail", caller("GT"), scope="owned")["entries"] == []
