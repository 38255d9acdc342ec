"""Every SRV of DUIS 5.4, from 297 public request templates, on SMETS1 and SMETS2 devices: who sees what (CONTRACT 2)."""

from dataclasses import dataclass, field

import pytest

from harness import duis
from harness.model import TITLES, Model, assert_same, catalogue
from harness.product import Topics, device_path
from harness.records import DAY, NETWORK, SECOND, Caller, caller, eui, event, interval, now_ns

SENDERS = ("OU", "IS", "RSA", "ED", "GT", "ZZ")  # ZZ: a User Role added later
ALERTS = ("DEVICE_ALERT", "DCC_ALERT")


@dataclass
class World:
    devices: dict = field(default_factory=dict)  # (smets, octet) -> EUI
    events: list = field(default_factory=list)
    ownership: list = field(default_factory=list)
    senders: dict = field(default_factory=dict)  # role -> Caller
    owner: Caller = None
    operator: Caller = None

    def model(self, option):
        return Model(option).add(self.events, self.ownership)


def transaction(template, sender, device, smets, at):
    """The records of one request: sent, acknowledged, answered; a critical one also as pre-command and signed."""
    user = sender.user_ids[0]
    target = device or duis.DCC
    common = {
        "device": device,
        "srv": template.srv,
        "requestId": f"{user}:{target}:{template.counter}",
    }
    common |= (
        {
            "smetsVersion": smets,
            "deviceType": duis.DEVICE_TYPES[template.target or template.named_device or "A0"],
        }
        if device
        else {}
    )
    steps = [
        ("SERVICE_REQUEST", {"commandVariant": template.command_variant, "payload": template.xml})
    ]
    if template.command_variant == 4:
        steps += [
            ("PRE_COMMAND", {"responseCode": "I0"}),
            ("SIGNED_PRE_COMMAND", {"commandVariant": 5, "payload": template.xml}),
        ]
    steps += [
        ("ACKNOWLEDGEMENT", {"responseCode": "I99"}),
        ("SERVICE_RESPONSE", {"responseCode": "I0"}),
    ]
    return [
        event(user, sender.role, step, at=at + n * SECOND // 10, **common, **more)
        for n, (step, more) in enumerate(steps)
    ]


def build_world():
    world = World(owner=caller("IS", "OWNER"), operator=caller("ED", "NETWORK"))
    world.senders = {role: caller(role, f"SENDER-{role}") for role in SENDERS} | {
        "owner": world.owner
    }
    start = at = now_ns() - 2 * DAY
    for smets in ("SMETS1", "SMETS2"):
        for octet in duis.DEVICE_TYPES:
            device = world.devices[smets, octet] = eui()
            world.ownership += [
                interval(device, world.owner.party),
                interval(device, world.operator.party, NETWORK),
            ]
    for smets in ("SMETS1", "SMETS2"):
        for template in duis.templates():
            for sender in world.senders.values():
                targets = {world.devices.get((smets, template.target))} | (
                    {world.devices[smets, template.named_device]}
                    if template.named_device and not template.target
                    else set()
                )
                for device in targets:
                    at += SECOND
                    world.events += transaction(template, sender, device, smets, at)
    for device in world.devices.values():
        for sender in world.senders.values():
            for alert in ALERTS:
                at += SECOND
                world.events.append(
                    event(
                        sender.user_ids[0],
                        sender.role,
                        alert,
                        device,
                        at,
                        srv=None,
                        requestId=None,
                        responseCode="8F66" if alert == "DEVICE_ALERT" else "N13",
                    )
                )
    assert at - start < 2 * DAY
    return world


@pytest.fixture(scope="module")
def world():
    return build_world()


@pytest.fixture(scope="module")
def served(world, broker, wire, deploy):
    """The same topics under Option A and Option B."""
    topics = Topics(broker, "duis")
    wire.send(topics.events, world.events)
    wire.send(topics.ownership, world.ownership)
    products = {option: deploy(option, topics, access_option=option) for option in "AB"}
    for product in products.values():
        product.fence(wire)
    return products


def srvs(entries, event_type):
    return {
        entry["serviceReferenceVariant"]
        for entry in entries
        if entry["eventType"] == event_type and not entry["own"]
    }


def test_the_catalogue_has_129_titles(served):
    variants = served["B"].answer("/v1/service-request-variants", caller("OU"))["variants"]
    expected = [
        {"srv": row["srv"], "title": row["title"], "critical": row["critical"] == "yes"}
        for row in catalogue()
    ]
    assert sorted(variants, key=lambda v: v["srv"]) == sorted(expected, key=lambda v: v["srv"])
    assert len(variants) == 129 and sum(v["critical"] for v in variants) == 37


@pytest.mark.parametrize("smets", ["SMETS1", "SMETS2"])
@pytest.mark.parametrize("option", ["A", "B"])
def test_owner_sees_every_other_users_srv_and_its_responses(world, served, option, smets):
    model, requested, answered = world.model(option), set(), set()
    seen_roles = {}
    for (version, octet), device in world.devices.items():
        if version != smets:
            continue
        entries = served[option].device(device, world.owner)
        assert_same(entries, model.device(device, world.owner), f"owner on {smets} {octet}")
        assert all(
            e["title"] == TITLES[e["serviceReferenceVariant"]]
            for e in entries
            if "serviceReferenceVariant" in e
        )
        requested |= srvs(entries, "SERVICE_REQUEST")
        answered |= srvs(entries, "SERVICE_RESPONSE")
        for entry in entries:
            if not entry["own"]:
                seen_roles.setdefault(entry["userRole"], set()).add(
                    entry["serviceReferenceVariant"]
                )
        others = served[option].device(device, world.owner, othersOnly="true")
        assert_same(
            others,
            model.device(device, world.owner, othersOnly="true"),
            f"others on {smets} {octet}",
        )
    aimed = {row["srv"] for row in catalogue() if row["non_device"] == "no"}
    named = {t.srv for t in duis.templates() if not t.target and t.named_device}
    assert len(aimed) == 113 and requested == answered == aimed | named
    assert set(seen_roles) == set(SENDERS) and all(
        seen == requested for seen in seen_roles.values()
    )


def test_critical_srvs_are_seen_as_signed_pre_commands(world, served):
    seen = set()
    for device in world.devices.values():
        entries = served["A"].device(device, world.owner, eventType="SIGNED_PRE_COMMAND")
        seen |= srvs(entries, "SIGNED_PRE_COMMAND")
        assert all(entry["commandVariant"] == 5 for entry in entries)
    assert (
        seen == {row["srv"] for row in catalogue() if row["critical"] == "yes"} and len(seen) == 37
    )


@pytest.mark.parametrize("role", SENDERS)
def test_a_sender_sees_only_its_own_and_all_129_of_them(world, served, role):
    sender, model = world.senders[role], world.model("B")
    for device in world.devices.values():
        page = served["B"].answer(device_path(device), sender, othersOnly="true")
        assert page["entries"] == [] and page["crossUser"] == "none"
        assert_same(
            served["B"].device(device, sender),
            model.device(device, sender),
            f"{role} on its own device trail",
        )
    own = served["B"].own(sender)
    assert_same(own, model.own(sender), f"own trail of {role}")
    requests = {
        entry["serviceReferenceVariant"] for entry in own if entry["eventType"] == "SERVICE_REQUEST"
    }
    assert requests == set(TITLES) and len(requests) == 129
    without_device = {
        e["serviceReferenceVariant"]
        for e in own
        if "deviceId" not in e and e["eventType"] == "SERVICE_REQUEST"
    }
    assert (
        without_device == {row["srv"] for row in catalogue() if row["non_device"] == "yes"}
        and len(without_device) == 16
    )


def test_network_operator_sees_under_b_and_not_under_a(world, served):
    for device in world.devices.values():
        entries = served["B"].device(device, world.operator)
        assert_same(
            entries, world.model("B").device(device, world.operator), "network operator, Option B"
        )
        page = served["A"].answer(device_path(device), world.operator)
        assert page["entries"] == [] and page["crossUser"] == "none"
    assert served["A"].get("/v1/audit-trail", world.operator, scope="owned").status_code == 403


@pytest.mark.parametrize("who", ["owner", "operator"])
def test_portfolio_is_the_merge_of_the_device_trails(world, served, who):
    whoever = getattr(world, who)
    pages = served["B"].pages("/v1/audit-trail", whoever, scope="owned")
    assert all(
        "pending" not in page and "partial" not in page and page["crossUser"] == "included"
        for page in pages
    )
    entries = [entry for page in pages for entry in page["entries"]]
    assert_same(entries, world.model("B").owned(whoever), f"portfolio of {who}")


@pytest.mark.parametrize("alert", ALERTS)
def test_nobody_sees_the_alert_of_another(world, served, alert):
    for whoever in (world.owner, world.operator, caller("OU")):
        for device in world.devices.values():
            entries = served["B"].device(device, whoever, eventType=alert)
            assert all(entry["own"] and entry["userId"] in whoever.user_ids for entry in entries)
            assert len(entries) == (1 if whoever == world.owner else 0)


def test_a_report_shows_only_own(world, served):
    for option, product in served.items():
        for scope in ("sat:report", "sat:screen sat:report"):
            token = product.issuer.mint(world.owner, scope)
            for device in world.devices.values():
                page = product.answer(device_path(device), token, limit=1000)
                assert page["crossUser"] == "none"
                assert_same(
                    product.device(device, token),
                    world.model(option).device(device, world.owner, "report"),
                    "report",
                )
            assert product.get("/v1/audit-trail", token, scope="owned").status_code == 403
