"""The small world that the tests of HTTP ask about, and what an error must look like."""

import random
from types import SimpleNamespace

from .model import TITLES, Model
from .product import device_path
from .records import DAY, NETWORK, caller, eui, event, interval, iso, now_ns

TYPES = (
    "SERVICE_REQUEST",
    "SERVICE_RESPONSE",
    "SIGNED_PRE_COMMAND",
    "ACKNOWLEDGEMENT",
    "DEVICE_ALERT",
    "LATER_TYPE",
)


def build(product, wire):
    """400 events of several Users about three devices, one of them with a supplier, a second supplier and an operator."""
    rng = random.Random(20261125)
    w = SimpleNamespace(product=product, rng=rng)
    w.owner, w.second, w.operator, w.user, w.stranger = (
        caller(r) for r in ("IS", "ES", "ED", "OU", "IS")
    )
    w.devices = [eui() for _ in range(3)]
    w.ownership = [interval(d, w.owner.party) for d in w.devices] + [
        interval(w.devices[0], w.second.party),
        interval(w.devices[0], w.operator.party, NETWORK),
    ]
    start, senders = now_ns() - 9 * DAY, [w.owner, w.second, w.operator, w.user, caller("RSA")]
    w.events = []
    for n in range(400):
        sender = rng.choice(senders)
        more = {
            "deviceType": rng.choice(["ESME", "GSME", "CHF", "HCALCS"]),
            "timestamp": rng.choice(
                [iso(start + n // 3 * 10**9, d) for d in (0, 3, 6, 9)]
                + [iso(start + n * 12345678901, 9, "+00:00")]
            ),
        }
        w.events.append(
            event(
                sender.user_ids[0],
                sender.role,
                rng.choice(TYPES),
                rng.choice(w.devices),
                srv=rng.choice(list(TITLES) + ["99.9.9", None]),
                **more,
            )
        )
    w.events += [
        event(w.user.user_ids[0], "OU", at=start + n * 10**9, srv="12.1") for n in range(10)
    ]
    w.topics = w.product.topics
    wire.send(w.topics.events, w.events)
    wire.send(w.topics.ownership, w.ownership)
    w.product.fence(wire)
    w.model = Model().add(w.events, w.ownership)
    w.routes = [
        (device_path(w.devices[0]), {}),
        ("/v1/audit-trail", {"scope": "owned"}),
        ("/v1/audit-trail", {"scope": "own"}),
    ]
    return w


def problem(response, status):
    assert (
        response.status_code == status
    ), f"{response.url[:200]}: {response.status_code} {response.text[:300]}"
    assert response.headers["Content-Type"].startswith("application/problem+json")
    body = response.json()
    assert body["status"] == status and body["type"] and body["title"] and "detail" in body
    assert (
        "/work" not in response.text
        and "/src" not in response.text
        and "satindex::" not in response.text
    )
    return body
