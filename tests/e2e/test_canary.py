"""The payload of an event is nowhere: not in a file, a log line, an answer or a metric; and it costs no space."""

import json
import random
import secrets

import pytest

from harness.kafka_io import read_all
from harness.product import Topics, device_path
from harness.records import DAY, NETWORK, SECOND, caller, eui, event, interval, now_ns
from harness.waiting import until

# Each piece is looked for by itself, so that a copy cut by a compressor is still found.
PIECES = [secrets.token_hex(8) for _ in range(4)]
CANARY = "".join(PIECES)


def payloads():
    yield CANARY
    yield {"a": {"b": [CANARY, 1, None]}}
    yield [CANARY] * 3
    yield {CANARY: {CANARY: CANARY}}
    yield f"<sr:Request><x>{CANARY}</x></sr:Request>" * 20
    yield {
        "deviceId": CANARY,
        "userId": CANARY,
        "requestId": CANARY,
        "serviceReferenceVariant": CANARY,
    }


def holds_canary(data):
    return [piece for piece in PIECES if piece.encode() in data]


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture(scope="module")
def scene(deploy, wire, broker):
    product = deploy("canary", kafka_property=["statistics.interval.ms=0"])
    owner, operator, sender, device = caller("IS"), caller("ED"), caller("OU"), eui()
    wire.send(
        product.topics.ownership,
        [
            interval(device, owner.party) | {"payload": CANARY},
            interval(device, operator.party, NETWORK) | {"note": [CANARY]},
        ],
    )
    start, records = now_ns() - DAY, []
    for n in range(600):
        for kind in ("SERVICE_REQUEST", "SERVICE_RESPONSE", "DEVICE_ALERT"):
            records.append(
                event(
                    sender.user_ids[0],
                    "OU",
                    kind,
                    device,
                    start + n * SECOND,
                    payload=list(payloads())[n % 6],
                    **{f"extra{n % 3}": CANARY},
                )
            )
    wire.send(product.topics.events, records)
    broken = [json.dumps(records[n]).encode()[: -1 - n] for n in range(20)] + [
        json.dumps(records[0] | {"timestamp": CANARY}).encode(),
        b"\xff" + CANARY.encode(),
        f'{{"{CANARY}":'.encode(),
    ]
    wire.send(product.topics.events, [(device, data) for data in broken])
    wire.send(product.topics.ownership, [(eui(), f'{{"deviceId":"{CANARY}"'.encode())])
    product.fence(wire)
    until(
        lambda: len(read_all(broker, product.topics.dead_letter)) >= len(broken) + 1,
        what="dead letters",
    )
    return product, owner, operator, sender, device


def test_no_answer_holds_it(scene):
    product, owner, operator, sender, device = scene
    texts = []
    for one in (owner, operator, sender):
        for path, query in (
            (device_path(device), {}),
            ("/v1/audit-trail", {"scope": "own"}),
            ("/v1/audit-trail", {"scope": "owned"}),
            ("/v1/service-request-variants", {}),
        ):
            response = product.get(
                path, one, **query, **({"limit": 1000} if "audit" in path else {})
            )
            texts.append(response.text + str(response.headers))
        for shape in ("csv", "ndjson"):
            texts.append(product.get(device_path(device), one, format=shape).text)
            texts.append(product.get("/v1/audit-trail", one, scope="own", format=shape).text)
    assert len(product.device(device, owner)) == 1200 and len(product.own(sender)) == 1800
    for path in ("/metrics", "/readyz?verbose", "/livez"):
        texts.append(product.ops(path).text)
    assert not [text[:200] for text in texts if holds_canary(text.encode())]


def test_no_letter_and_no_access_record_holds_it(scene, broker):
    product = scene[0]
    for topic in (product.topics.dead_letter, product.topics.access):
        for message in read_all(broker, topic):
            whole = b"|".join(
                [message.key() or b"", message.value() or b"", repr(message.headers()).encode()]
            )
            assert not holds_canary(whole), whole[:300]


@pytest.mark.parametrize("state", ["running", "stopped", "restarted and stopped"])
def test_no_file_and_no_log_line_holds_it(scene, state):
    product = scene[0]
    if state == "restarted and stopped":
        product.start()
    if state != "running":
        assert product.stop() == 0
    found = files(product.data)
    assert found
    assert not [path.name for path in found + [product.log] if holds_canary(path.read_bytes())]


def size_at_rest(deploy, broker, wire, name, records):
    topics = Topics(broker, name)
    wire.send(topics.events, records)
    product = deploy(name, topics)
    product.fence(wire)
    assert product.stop() == 0
    return sum(path.stat().st_size for path in files(product.data))


def test_payload_costs_no_space(deploy, broker, wire):
    """The same 20,000 events with 16 and with 900 bytes of random payload. Were a twentieth of the payload kept, the second
    folder would be 880 kB larger. The tolerance of 300 kB is for what differs from run to run: where batches were cut (each
    event costs about 20 bytes packed and 60 in a write-ahead log) and the store's own text log."""
    rng, user, devices = random.Random(5), caller("OU"), [eui() for _ in range(500)]
    start = now_ns() - 3 * DAY
    plain = [
        event(user.user_ids[0], "OU", device=rng.choice(devices), at=start + n * SECOND)
        for n in range(20_000)
    ]
    sizes = {}
    for length in (16, 900):
        records = [
            record | {"payload": rng.randbytes(length).decode("latin-1").replace('"', "'")}
            for record in plain
        ]
        sizes[length] = size_at_rest(deploy, broker, wire, f"payload-{length}", records)
    print(sizes)
    assert sizes[900] <= sizes[16] + 300_000
