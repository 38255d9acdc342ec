"""Each unreadable record ends as a reference on the dead-letter topic, and nothing else changes (CONTRACT 1.3, 1.4)."""

import pytest

from harness import corpus
from harness.kafka_io import read_all
from harness.model import Model, assert_same
from harness.product import device_path
from harness.records import DAY, Caller, caller, eui, event, interval, iso, now_ns, user_eui
from harness.waiting import until

HEADERS = {"topic", "partition", "offset", "key", "reason", "time"}


def headers_of(message):
    return {name: (value or b"").decode() for name, value in message.headers() or []}


class Letters:
    """The dead letters of one deployment, by the place they refer to."""

    def __init__(self, broker, topics):
        self.broker, self.topics = broker, topics

    def read(self):
        return {
            message.key().decode(): message
            for message in read_all(self.broker, self.topics.dead_letter)
        }

    def wait(self, topic, places, timeout=30):
        wanted = {f"{topic}:{partition}:{offset}" for partition, offset in places}

        def all_there():
            found = self.read()
            return found if wanted <= set(found) else None

        return until(all_there, timeout, 0.2, f"{len(wanted)} dead letters")


def full_event(user, device):
    return event(
        user, "OU", "SERVICE_REQUEST", device, now_ns() - DAY, payload=None, responseCode="I0"
    )


def check_letters(letters, topic, bad, places, key):
    for (what, _), (partition, offset) in zip(bad, places):
        message = letters[f"{topic}:{partition}:{offset}"]
        shown = headers_of(message)
        assert HEADERS <= set(shown), f"{what}: {shown}"
        assert (shown["topic"], shown["partition"], shown["offset"], shown["key"]) == (
            topic,
            str(partition),
            str(offset),
            key,
        ), f"{what}: {shown}"
        assert message.value() is None, what
        assert shown["time"], what
        assert 0 < len(shown["reason"]) < 64 and shown["reason"].isascii(), shown["reason"]


@pytest.fixture(scope="module")
def product(deploy):
    return deploy("malformed")


def test_events(product, wire, broker):
    topics, owner, sender, device = product.topics, caller("IS"), caller("OU"), eui()
    wire.send(topics.ownership, [interval(device, owner.party)])
    record = full_event(sender.user_ids[0], device)
    bad, good = list(corpus.events(record)), list(corpus.legal_neighbours(record))
    assert len(bad) >= 200 and len({data for _, data in bad}) >= 200
    # Neighbours among the broken ones, so that a broken one that swallows or stops something is seen.
    mixed, step = [], max(1, len(bad) // len(good))
    for index, (_, data) in enumerate(bad):
        mixed.append(data)
        if index % step == 0 and index // step < len(good):
            mixed.append(good[index // step][1])
    mixed += [data for _, data, _ in good[(len(bad) - 1) // step + 1 :]]
    positions = {}
    for position, data in enumerate(mixed):
        positions.setdefault(data, []).append(position)
    places = wire.send(topics.events, [(device, data) for data in mixed])
    places = [places[positions[data].pop(0)] for _, data in bad]
    product.fence(wire)
    model = Model().add([one for _, _, one in good], [interval(device, owner.party)])
    seen = product.device(device, owner)
    by_counter = {entry.get("requestId"): entry for entry in seen}
    lost = [
        what for what, _, one in good if one.get("requestId") and one["requestId"] not in by_counter
    ]
    assert not lost, f"legal records that are not shown: {lost}"
    assert_same(seen, model.device(device, owner), "device route")
    assert_same(product.own(sender), model.own(sender), "own route")
    letters = Letters(broker, topics).wait(topics.events, places)
    check_letters(letters, topics.events, bad, places, device)
    expected = {f"{topics.events}:{partition}:{offset}" for partition, offset in places}
    extra = {key: headers_of(letters[key])["reason"] for key in set(letters) - expected}
    assert not extra, f"legal records among the dead letters: {extra}"
    assert (
        len({headers_of(letters[key])["reason"] for key in expected}) < 25
    ), "the reasons are a fixed list"


def test_reasons_quote_nothing(product, wire, broker):
    topics, canary, device = product.topics, "QuotedCanary7341", eui()
    record = full_event(user_eui(), device)
    bad = [
        (name, corpus.dump(record | {name: canary * 5}))
        for name in ("timestamp", "userId", "userRole", "requestId", "eventId")
    ]
    bad += [
        ("json", f'{{"payload":"{canary}", "{canary}'.encode()),
        ("key", f'{{"{canary}":1}}'.encode()),
    ]
    places = wire.send(topics.events, [(device, data) for _, data in bad])
    letters = Letters(broker, topics).wait(topics.events, places)
    check_letters(letters, topics.events, bad, places, device)
    for message in letters.values():
        assert canary not in str(headers_of(message)) and canary.encode() not in message.key()
    assert canary not in product.log.read_text(errors="replace") and canary not in product.metrics()


def test_any_key(product, wire, broker):
    """A record without a key, or with one that is no device id, is a dead letter like another."""
    topics = product.topics
    for key in (None, "", "not a device", "x" * 3000):
        places = wire.send(topics.events, [(key, b"{")])
        letters = Letters(broker, topics).wait(topics.events, places)
        shown = headers_of(letters[f"{topics.events}:{places[0][0]}:{places[0][1]}"])
        assert shown["topic"] == topics.events and shown.get("key", "") in (
            key or "",
            (key or "")[: len(shown.get("key", ""))],
        )


def test_ownership(product, wire, broker):
    """Every unreadable ownership record suspends its device until it is followed by a readable one."""
    topics = product.topics
    template = interval(eui(), "P", start="2025-01-01T00:00:00Z", withdrawn=False)
    kinds = list(corpus.ownership(template))
    assert len(kinds) >= 150
    owner, sender, devices = caller("IS"), user_eui(), [eui() for _ in kinds]
    healthy = eui()
    start = iso(now_ns() - 300 * DAY)
    wire.send(topics.events, [event(sender, "OU", device=device) for device in devices + [healthy]])
    wire.send(
        topics.ownership,
        [interval(device, owner.party, start=start) for device in devices + [healthy]],
    )
    product.fence(wire)
    bad = [
        (
            what,
            None if data is None else data.replace(template["deviceId"].encode(), device.encode()),
        )
        for (what, data), device in zip(kinds, devices)
    ]
    places = wire.send(
        topics.ownership, [(device, data) for (_, data), device in zip(bad, devices)]
    )
    product.fence(wire)
    letters = Letters(broker, topics).wait(topics.ownership, places)
    for item, place, device in zip(bad, places, devices):
        check_letters(letters, topics.ownership, [item], [place], device)
    token = product.issuer.mint(owner)
    pages = {
        what: product.answer(device_path(device), token) for (what, _), device in zip(bad, devices)
    }
    assert not [
        what for what, page in pages.items() if page["crossUser"] != "withheld" or page["entries"]
    ]
    page = product.answer("/v1/audit-trail", token, scope="owned", limit=1000)
    assert page["partial"] is True and [entry["deviceId"] for entry in page["entries"]] == [healthy]
    wire.send(topics.ownership, [interval(device, owner.party, start=start) for device in devices])
    product.fence(wire)
    pages = {
        what: product.answer(device_path(device), token) for (what, _), device in zip(bad, devices)
    }
    assert not [
        what
        for what, page in pages.items()
        if page["crossUser"] != "included" or len(page["entries"]) != 1
    ]


def test_legal_ownership_neighbours(product, wire, broker):
    topics, sender = product.topics, user_eui()
    before = set(Letters(broker, topics).read())
    owner, devices = Caller("p" * 64, "IS"), []

    def one(**more):
        devices.append(eui())
        return interval(devices[-1], owner.party, start="2025-01-01T00:00:00Z") | more

    values = [
        corpus.dump(one(version=2**64 - 1)),
        corpus.dump(one(version=0)),
        corpus.dump(one(withdrawn=None)),
        corpus.dump(one(unknown={"relation": 1})),
        corpus.dump(dict(reversed(one().items()))),
        corpus.dump(one(validTo="9999-12-31T23:59:59Z")),
        corpus.dump(one(validFrom="0001-01-01T00:00:00Z")),
        corpus.dump(one())[:-1] + b',"x":[01,,]}',
        corpus.dump(one(payload="z" * 1_000_000)),
    ]
    lower = one()
    values.append(corpus.dump(lower | {"deviceId": lower["deviceId"].lower()}))
    wire.send(topics.ownership, list(zip(devices, values)))
    withdrawn = eui()
    wire.send(
        topics.ownership,
        [
            interval(
                withdrawn,
                owner.party,
                start="2025-01-02T00:00:00Z",
                end="2025-01-01T00:00:00Z",
                withdrawn=True,
            )
        ],
    )
    wire.send(
        topics.events, [event(sender, "OU", device=device) for device in devices + [withdrawn]]
    )
    product.fence(wire)
    for device, value in zip(devices, values):
        page = product.answer(device_path(device), owner)
        assert page["crossUser"] == "included" and len(page["entries"]) == 1, value[:300]
    assert product.answer(device_path(withdrawn), owner)["crossUser"] == "none"
    assert set(Letters(broker, topics).read()) == before


def test_dead_letters_command_lists_them(product):
    listed = product.run_command("dead-letters", "--data-dir", product.data)
    assert listed.returncode == 0, listed.stderr[:500]
    assert product.topics.events in listed.stdout and product.topics.ownership in listed.stdout


def test_the_same_after_a_restart(broker, deploy, product, wire):
    """Dead letters are at least once; a restart makes no other place one and stops nothing."""
    letters = Letters(broker, product.topics)
    before = set(letters.read())
    assert product.stop() == 0
    product.start()
    product.fence(wire)
    assert set(letters.read()) == before
    rebuilt = deploy("rebuilt", product.topics)
    rebuilt.fence(wire)
    assert set(letters.read()) == before
