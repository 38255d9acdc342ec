"""Ownership that is late, corrected, withdrawn, shared, unreadable: CONTRACT 1.2, 1.4 and 2, on the device route and on
the portfolio."""

import random
import time

import pytest

from harness.model import Model, assert_same
from harness.product import Topics, device_path
from harness.records import (
    DAY,
    NETWORK,
    SECOND,
    SUPPLIER,
    Caller,
    Traffic,
    caller,
    eui,
    event,
    interval,
    now_ns,
)
from harness.waiting import until

HISTORIES = ("current", "tenure", "tenure-former")


@pytest.fixture(scope="module")
def served(broker, deploy):
    """One set of topics under the three histories, and once with --unreadable-ownership ignore."""
    topics = Topics(broker, "ledger")
    products = {
        history: deploy(history, topics, start=False, access_history=history)
        for history in HISTORIES
    }
    products["ignore"] = deploy("ignore", topics, start=False, unreadable_ownership="ignore")
    for product in products.values():
        product.start(wait=False)
    for product in products.values():
        product.wait_ready()
    return products


@pytest.fixture(scope="module")
def product(served):
    return served["current"]


class Scene:
    """One device with one foreign event a day for ten days, and the writing of its ownership."""

    def __init__(self, product, wire, device=None):
        self.product, self.wire, self.device = product, wire, device or eui()
        self.start = now_ns() - 10 * DAY
        self.sender = caller("OU")
        self.written = Traffic()
        self.events(
            [
                event(self.sender.user_ids[0], "OU", kind, self.device, self.start + day * DAY)
                for day in range(10)
                for kind in ("SERVICE_REQUEST", "SERVICE_RESPONSE")
            ]
        )

    def day(self, number):
        return self.start + number * DAY - SECOND

    def events(self, records):
        self.written.events += records
        self.wire.send(self.product.topics.events, records)

    def owns(self, *args, **kwargs):
        record = interval(self.device, *args, **kwargs)
        self.written.ownership.append(record)
        self.wire.send(self.product.topics.ownership, [record])

    def unreadable(self, key=None):
        self.wire.send(
            self.product.topics.ownership,
            [(self.device if key is None else key, b'{"deviceId": "broken')],
        )

    def check(self, *callers, product=None):
        """Both routes give what the model gives."""
        product = product or self.product
        product.fence(self.wire)
        model = Model(
            product.flags["access-option"], product.flags.get("access-history", "current")
        )
        model.add(self.written.events, self.written.ownership)
        for one in callers:
            page = product.answer(device_path(self.device), one)
            entitled = model.relation(one) and model.entitled(one, self.device)
            assert page["crossUser"] == ("included" if entitled else "none")
            assert_same(
                product.device(self.device, one),
                model.device(self.device, one),
                f"device route of {one.role}",
            )
            if model.relation(one):
                assert_same(
                    settled_portfolio(product, one), model.owned(one), f"portfolio of {one.role}"
                )
        return model

    def count(self, one, product=None):
        return len((product or self.product).device(self.device, one, othersOnly="true"))


def settled_portfolio(product, one):
    """The portfolio once late ownership is worked in."""

    def read():
        pages = product.pages("/v1/audit-trail", one, scope="owned")
        return [pages] if not any(page.get("pending") for page in pages) else None

    pages = until(read, what="portfolio without pending")[0]
    return [entry for page in pages for entry in page["entries"]]


@pytest.mark.parametrize(
    "role, relation",
    [("IS", SUPPLIER), ("ES", SUPPLIER), ("GS", SUPPLIER), ("ED", NETWORK), ("GT", NETWORK)],
)
def test_late_ownership_is_visible_on_both_routes(product, wire, role, relation):
    scene, owner = Scene(product, wire), caller(role)
    scene.check(owner, scene.sender)
    assert scene.count(owner) == 0
    scene.owns(owner.party, relation)
    scene.check(owner, scene.sender)
    assert scene.count(owner) == 20


def test_ownership_before_the_events(product, wire):
    device, owner = eui(), caller("GS")
    wire.send(product.topics.ownership, [interval(device, owner.party)])
    product.fence(wire)
    scene = Scene(product, wire, device)
    scene.written.ownership.append(interval(device, owner.party))
    scene.check(owner)


def test_the_relation_of_another_class_gives_nothing(product, wire):
    scene, supplier, operator = Scene(product, wire), caller("IS"), caller("ED")
    scene.owns(supplier.party, NETWORK)
    scene.owns(operator.party, SUPPLIER)
    scene.owns(scene.sender.party, SUPPLIER)
    scene.check(supplier, operator, scene.sender)
    assert scene.count(supplier) == scene.count(operator) == scene.count(scene.sender) == 0


def test_party_ids_are_exact(product, wire):
    scene, owner = Scene(product, wire), caller("IS", "Case")
    scene.owns(owner.party)
    scene.check(
        owner,
        Caller(owner.party.upper(), "IS"),
        Caller(owner.party + "x", "IS"),
        Caller(owner.party[:-1], "IS"),
    )


def test_the_highest_version_wins_in_any_order(product, wire):
    scene, owner = Scene(product, wire), caller("IS")
    begin = scene.day(-5)
    for version, end in ((2, scene.day(3)), (5, None), (1, None), (4, scene.day(1)), (5, None)):
        scene.owns(owner.party, start=begin, end=end, version=version)
    scene.check(owner)
    assert scene.count(owner) == 20
    scene.owns(owner.party, start=begin, end=scene.day(9), version=2**64 - 1)
    scene.owns(owner.party, start=begin, end=None, version=2**64 - 2)
    scene.check(owner)
    assert scene.count(owner) == 0


def test_withdrawn_and_held_again(product, wire):
    scene, owner = Scene(product, wire), caller("IS")
    begin = scene.day(-5)
    scene.owns(owner.party, start=begin)
    scene.check(owner)
    scene.owns(owner.party, start=begin, end=None, version=2, withdrawn=True)
    scene.check(owner)
    assert scene.count(owner) == 0
    scene.owns(owner.party, start=begin, end=None, version=3, withdrawn=False)
    scene.check(owner)
    assert scene.count(owner) == 20


def test_one_version_with_two_contents(product, wire):
    """Withdrawn wins, else the earlier end, whatever came first; it is counted."""
    begin = now_ns() - 400 * DAY
    before = product.metrics()
    for first, second in (
        ((None, None), (begin + DAY, None)),
        ((begin + DAY, None), (None, None)),
        ((None, None), (None, True)),
        ((None, True), (None, None)),
    ):
        scene, owner = Scene(product, wire), caller("IS")
        for end, withdrawn in (first, second):
            scene.owns(owner.party, start=begin, end=end, version=7, withdrawn=withdrawn)
        scene.check(owner)
        assert scene.count(owner) == 0
    assert product.metrics() != before


def test_intervals_that_never_held_or_have_not_begun(product, wire):
    scene, owner = Scene(product, wire), caller("IS")
    scene.owns(owner.party, start=scene.day(2), end=scene.day(2))
    scene.owns(owner.party, start=now_ns() + 3600 * SECOND)
    scene.check(owner)
    assert scene.count(owner) == 0


def test_extreme_but_legal_interval_ends(product, wire):
    scene, early, late, never = Scene(product, wire), caller("IS"), caller("GS"), caller("ES")
    scene.owns(early.party, start="1901-01-01T00:00:00Z")
    scene.owns(
        late.party,
        start="1970-01-01T00:00:00.000000001+00:00",
        end="9999-12-31T23:59:59.999999999Z",
    )
    scene.owns(never.party, start="2300-01-01T00:00:00Z")
    scene.check(early, late, never)
    assert (scene.count(early), scene.count(late), scene.count(never)) == (20, 20, 0)


def test_an_interval_begins_and_ends_by_the_clock(product, wire):
    scene, gains, loses = Scene(product, wire), caller("IS"), caller("GS")
    change = now_ns() + 4 * SECOND
    scene.owns(gains.party, start=change)
    scene.owns(loses.party, end=change)
    product.fence(wire)
    assert now_ns() < change, "the fence took longer than the interval"
    assert (scene.count(gains), scene.count(loses)) == (0, 20)
    time.sleep(max(0, (change - now_ns()) / SECOND) + 0.05)
    scene.check(gains, loses)
    assert (scene.count(gains), scene.count(loses)) == (20, 0)


def test_several_parties_hold_one_device(served, wire):
    scene = Scene(served["current"], wire)
    holders = [caller("IS"), caller("ES"), caller("IS")]
    operators = [caller("ED"), caller("ED")]
    for holder in holders:
        scene.owns(holder.party)
    for operator in operators:
        scene.owns(operator.party, NETWORK)
    # One of the suppliers sends too: its own events are others' to the second one.
    scene.events(
        [event(holders[0].user_ids[0], "IS", device=scene.device, at=scene.day(4), srv="1.1.1")]
    )
    for history in HISTORIES:
        scene.check(*holders, *operators, caller("IS"), product=served[history])


@pytest.mark.parametrize("history", HISTORIES)
def test_change_of_supplier(served, wire, history):
    scene, old, new = Scene(served[history], wire), caller("IS"), caller("IS")
    scene.owns(old.party, start=scene.day(1), end=scene.day(5))
    scene.owns(new.party, start=scene.day(5))
    scene.check(old, new, caller("IS"))
    seen = (scene.count(old), scene.count(new))
    assert seen == {"current": (0, 20), "tenure": (0, 10), "tenure-former": (8, 10)}[history]


def test_an_unreadable_record_suspends_the_device(served, wire):
    scene, owner, other, operator = (
        Scene(served["current"], wire),
        caller("IS"),
        caller("GS"),
        caller("ED"),
    )
    second = Scene(served["current"], wire)
    for holder, relation in ((owner, SUPPLIER), (other, SUPPLIER), (operator, NETWORK)):
        scene.owns(holder.party, relation)
    scene.check(owner, other, operator)
    second.owns(owner.party)
    scene.unreadable()
    product = scene.product
    product.fence(wire)
    for holder in (owner, other, operator):
        page = product.answer(device_path(scene.device), holder)
        assert page["entries"] == [] and page["crossUser"] == "withheld"
    assert product.answer(device_path(scene.device), caller("IS"))["crossUser"] == "none"
    assert len(product.device(scene.device, scene.sender)) == 20
    page = product.answer("/v1/audit-trail", owner, scope="owned", limit=1000)
    assert page["partial"] is True and page["crossUser"] == "included"
    assert {entry["deviceId"] for entry in page["entries"]} == {second.device}
    # A readable record frees its own party and relation, the same version again is enough; nobody else.
    scene.owns(owner.party, start=scene.written.ownership[0]["validFrom"])
    product.fence(wire)
    assert (
        product.answer(device_path(scene.device), owner)["crossUser"] == "included"
        and scene.count(owner) == 20
    )
    assert (
        product.answer(device_path(scene.device), other)["crossUser"] == "withheld"
        and scene.count(other) == 0
    )
    assert product.answer(device_path(scene.device), operator)["crossUser"] == "withheld"
    page = product.answer("/v1/audit-trail", owner, scope="owned", limit=1000)
    assert {entry["deviceId"] for entry in page["entries"]} == {scene.device, second.device}
    # The whole time the index that ignores unreadable ownership went on.
    served["ignore"].fence(wire)
    assert served["ignore"].answer(device_path(scene.device), other)["crossUser"] == "included"
    assert scene.count(other, served["ignore"]) == 20


def test_an_unreadable_record_without_a_usable_key_suspends_nobody(product, wire):
    scene, owner = Scene(product, wire), caller("IS")
    scene.owns(owner.party)
    for key in ("not-a-device", ""):
        scene.unreadable(key)
    wire.send(product.topics.ownership, [(None, b"\xff\xfe")])
    scene.check(owner)
    assert scene.count(owner) == 20


def test_suspension_survives_a_restart(product, wire):
    scene, owner = Scene(product, wire), caller("IS")
    scene.owns(owner.party)
    scene.unreadable()
    product.fence(wire)
    assert product.stop() == 0
    product.start()
    assert product.answer(device_path(scene.device), owner)["crossUser"] == "withheld"


def test_what_was_ignored_suspends_once_the_setting_says_so(served, wire):
    """The setting counts at the question: what it was when the record was read must not matter, in neither direction."""
    ignoring = served["ignore"]
    scene, owner = Scene(ignoring, wire), caller("IS")
    scene.owns(owner.party)
    scene.unreadable()
    ignoring.fence(wire)
    seen = []
    for setting in ("ignore", "withhold", "ignore"):
        if ignoring.flags["unreadable-ownership"] != setting:
            assert ignoring.stop() == 0
            ignoring.flags["unreadable-ownership"] = setting
            ignoring.start()
        seen.append(ignoring.answer(device_path(scene.device), owner)["crossUser"])
    assert seen == ["included", "withheld", "included"]


def test_random_ownership_in_random_order(served, wire):
    """Devices, parties, versions and times at random, on the three histories, against the naive model."""
    seed = random.SystemRandom().getrandbits(32)
    print("seed", seed)
    rng = random.Random(seed)
    devices, start = [eui() for _ in range(12)], now_ns() - 40 * DAY
    suppliers, operators = [caller(r) for r in ("IS", "ES", "GS")], [
        caller(r) for r in ("ED", "GT")
    ]
    everyone = suppliers + operators + [caller("OU"), caller("RSA")]
    starts = [start + n * 5 * DAY for n in range(8)]
    events, ownership, written = [], [], Traffic()
    for n in range(600):
        sender, at = rng.choice(everyone), start + rng.randrange(0, 39 * DAY, DAY // 8)
        kind = rng.choice(
            (
                "SERVICE_REQUEST",
                "SERVICE_RESPONSE",
                "SIGNED_PRE_COMMAND",
                "ACKNOWLEDGEMENT",
                "DEVICE_ALERT",
            )
        )
        events.append(event(sender.user_ids[0], sender.role, kind, rng.choice(devices), at))
    for n in range(300):
        holder = rng.choice(suppliers + operators)
        begin = rng.choice(starts)
        end = rng.choice([None, None, begin, begin + DAY * rng.randrange(1, 40)])
        ownership.append(
            interval(
                rng.choice(devices),
                holder.party,
                SUPPLIER if holder in suppliers else NETWORK,
                begin,
                end,
                rng.randrange(1, 40),
                rng.choice([None, None, None, True, False]),
            )
        )
    topics = served["current"].topics
    while events or ownership:
        for pile, topic, sent in (
            (events, topics.events, written.events),
            (ownership, topics.ownership, written.ownership),
        ):
            part = pile[: rng.randrange(1, 200)]
            del pile[: len(part)]
            wire.send(topic, part)
            sent += part
    for history in HISTORIES:
        product = served[history]
        product.fence(wire)
        model = Model("B", history).add(written.events, written.ownership)
        for one in everyone:
            for device in devices:
                what = f"{history} {one.role} {device} (seed {seed})"
                assert_same(product.device(device, one), model.device(device, one), what)
            assert_same(product.own(one), model.own(one), f"{history} own {one.role} (seed {seed})")
            if model.relation(one):
                assert_same(
                    settled_portfolio(product, one),
                    model.owned(one),
                    f"{history} {one.role} (seed {seed})",
                )
