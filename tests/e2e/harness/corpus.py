"""Unreadable records, and legal neighbours of each kind of fault, from CONTRACT 1.3. Every item is (what, bytes or None)."""

import itertools
import json
import random

from .kafka_io import dump

DEPTH_MAX = 1024
_REQUIRED_EVENT = ("timestamp", "eventType", "userId", "userRole")
_REQUIRED_OWNERSHIP = ("deviceId", "relation", "partyId", "validFrom", "validTo", "version")
_STRINGS = (
    "eventId",
    "eventType",
    "userRole",
    "serviceReferenceVariant",
    "deviceType",
    "smetsVersion",
    "responseCode",
)
_BAD_EUIS = (
    "",
    "90-B3-D5-1F-30-01-00",
    "90-B3-D5-1F-30-01-00-00-00",
    "90B3D51F30010000",
    "90:B3:D5:1F:30:01:00:00",
    "90-B3-D5-1F-30-01-00-0G",
    "9-B3-D5-1F-30-01-00-000",
    " 90-B3-D5-1F-30-01-00-00",
    "90-B3-D5-1F-30-01-00-00 ",
    "90-B3-D5-1F-30-01-00-0\u0660",
    "0x-B3-D5-1F-30-01-00-00",
    "90-B3-D5-1F-30-01-00-0",
)
_BAD_TIMES = (
    "",
    "2026-01-01",
    "2026-01-01T00:00:00",
    "2026-01-01 00:00:00Z",
    "2026-01-01T00:00:60Z",
    "2026-01-01T24:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z",
    "2026-01-00T00:00:00Z",
    "2026-02-29T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2026-01-01T00:60:00Z",
    "2026-01-01T00:00:00+01:00",
    "2026-01-01T00:00:00-00:00",
    "2026-01-01T00:00:00.Z",
    "2026-01-01T00:00:00.1234567890Z",
    "2026-01-01T00:00:00,5Z",
    "26-01-01T00:00:00Z",
    "2026-1-1T00:00:00Z",
    "2026-01-01T00:00:00ZZ",
    " 2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00+0000",
    "2026-01-01T00:00:0\u0660Z",
    "+2026-01-01T00:00:00Z",
    "20260101T000000Z",
    "1767225600",
)
_EVENT_TIMES_OUT_OF_RANGE = (
    "1969-12-31T23:59:59.999999999Z",
    "2262-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
)


def _texts_broken_as_json(good):
    text = good.decode()
    half = len(text) // 2
    yield "null record", None
    yield "no bytes", b""
    for what, blank in (
        ("white space", b" \n\t\r "),
        ("a NUL", b"\x00"),
        ("an array", b"[" + good + b"]"),
        ("null", b"null"),
        ("true", b"true"),
        ("a number", b"42"),
        ("a string", b'"text"'),
        ("an empty object", b"{}"),
        ("an empty array", b"[]"),
        ("a bare word", b"hello"),
        ("XML", b"<sr:Request/>"),
        ("a brace", b"{"),
        ("a closing brace", b"}"),
    ):
        yield f"{what} alone", blank
    for cut in sorted({1, 2, 5, 9, 17, half, half + 1, len(text) - 2, len(text) - 1}):
        yield f"cut after {cut} bytes", good[:cut]
    for what, tail in (
        ("a second object", b"{}"),
        ("a word", b"x"),
        ("a comma", b","),
        ("a NUL", b"\x00"),
        ("a brace", b"}"),
        ("a line comment", b" // end"),
        ("the record again", b"\n" + good),
        ("a no-break space", "\u00a0".encode()),
    ):
        yield f"{what} behind", good + tail
    for what, head in (
        ("a byte order mark", b"\xef\xbb\xbf"),
        ("a UTF-16 mark", b"\xff\xfe"),
        ("a comma", b","),
        ("a vertical tab", b"\x0b"),
        ("a form feed", b"\x0c"),
        ("a schema-registry frame", b"\x00\x00\x00\x00\x01"),
    ):
        yield f"{what} before", head + good
    yield "in UTF-16", text.encode("utf-16-le")
    yield "in UTF-32", text.encode("utf-32-be")
    yield "single quotes", text.replace('"', "'").encode()
    yield "no colon", text.replace(":", " ", 1).encode()
    yield "two colons", text.replace(":", "::", 1).encode()
    yield "two commas", text.replace(",", ",,", 1).encode()
    yield "no comma", text.replace('","', '""', 1).encode()
    yield "comma at the end", (text[:-1] + ",}").encode()
    yield "comma at the start", ("{," + text[1:]).encode()
    yield "a key without quotes", text.replace('"userId"', "userId").replace(
        '"partyId"', "partyId"
    ).encode()
    yield "an array closed as the object", (text[:-1] + "]").encode()


def _unread_fields(good):
    """Faults in fields that nobody reads: only UTF-8, raw control characters, brackets and depth are looked at there."""
    body = good.decode()[:-1]
    for what, value in (
        ("a bracket not closed", b"["),
        ("a brace not closed", b'{"a":1'),
        ("closed by another kind", b"[}"),
        ("closed by another kind, inside", b'{"a":[1,2}}'),
        ("two closed, one opened", b"[]]"),
        ("a string not closed", b'"abc'),
        ("a raw newline in a string", b'"a\nb"'),
        ("a raw NUL in a string", b'"a\x00b"'),
        ("a raw tab in a string", b'"a\tb"'),
        ("a raw control character in a string", b'"a\x1fb"'),
    ):
        yield f"payload: {what}", body.encode() + b',"payload":' + value + b"}"
    for what, raw in (
        ("a lone continuation byte", b"\x80"),
        ("a cut sequence", b"\xe2\x82"),
        ("an overlong slash", b"\xc0\xaf"),
        ("a surrogate", b"\xed\xa0\x80"),
        ("beyond U+10FFFF", b"\xf4\x90\x80\x80"),
        ("byte FF", b"\xff"),
        ("an overlong NUL", b"\xc0\x80"),
        ("a five-byte form", b"\xf8\x88\x80\x80\x80"),
    ):
        for where in ("payload", "somethingElse"):
            yield f"{where}: {what}", body.encode() + b',"' + where.encode() + b'":"' + raw + b'"}'
        yield f"a key with {what}", body.encode() + b',"k' + raw + b'":1}'
    for extra in (
        1,
        2,
        100,
        20000,
    ):  # beyond the limit whether or not the record's own brace counts
        deep = DEPTH_MAX + extra
        yield f"payload nested {extra} too deep", body.encode() + b',"payload":' + b"[" * deep + b"]" * deep + b"}"
        yield f"objects nested {extra} too deep", body.encode() + b',"x":' + b'{"a":' * deep + b"1" + b"}" * deep + b"}"


def _wrong_types(record, names):
    for name in names:
        for value in (1, 1.5, True, [], {}, ["x"], {"a": 1}):
            if not (name in ("commandVariant", "version") and value == 1) and not (
                name == "withdrawn" and value is True
            ):
                yield f"{name} is {json.dumps(value)}", dump(record | {name: value})


def events(record):
    """`record`: a legal event with every field, a payload left out."""
    good = dump(record)
    yield from _texts_broken_as_json(good)
    yield from _unread_fields(good)
    yield from _wrong_types(record, [*_STRINGS, "timestamp", "userId", "deviceId", "requestId"])
    for name in _REQUIRED_EVENT:
        yield f"no {name}", dump({k: v for k, v in record.items() if k != name})
        yield f"{name} is null", dump(record | {name: None})
        yield f"{name} in another case", dump(
            {k.upper() if k == name else k: v for k, v in record.items()}
        )
    for name in _STRINGS:
        yield f"{name} is empty", dump(record | {name: ""})
        yield f"{name} has 65 bytes", dump(record | {name: "x" * 65})
        yield f"{name} has 65 bytes in 33 characters", dump(record | {name: "\u00e9" * 32 + "x"})
        yield f"{name} has invalid UTF-8", good.replace(
            f'"{name}":"'.encode(), f'"{name}":"'.encode() + b"\xc3\x28"
        )
        yield f"{name} has a lone surrogate escape", good.replace(
            f'"{name}":"'.encode(), f'"{name}":"'.encode() + b"\\ud800"
        )
        yield f"{name} has a bad escape", good.replace(
            f'"{name}":"'.encode(), f'"{name}":"'.encode() + b"\\x41"
        )
        yield f"{name} has a raw newline", good.replace(
            f'"{name}":"'.encode(), f'"{name}":"'.encode() + b"\n"
        )
        yield f"{name} has a megabyte", dump(record | {name: "y" * 1_000_000})
    for name in record:
        yield f"{name} twice", good[:-1] + b"," + dump({name: record[name]})[1:]
        yield f"{name} twice, once null", b'{"' + name.encode() + b'":null,' + good[1:]
    yield "userId twice, once escaped", good[:-1] + b',"\\u0075serId":"' + record[
        "userId"
    ].encode() + b'"}'
    for name, bad in itertools.product(("userId", "deviceId"), _BAD_EUIS):
        yield f"{name} {bad!r}", dump(record | {name: bad})
    for bad in _BAD_TIMES + _EVENT_TIMES_OUT_OF_RANGE:
        yield f"timestamp {bad!r}", dump(record | {"timestamp": bad})
    a, b = record["userId"], record["deviceId"]
    for bad in (
        "",
        a,
        f"{a}:{b}",
        f"{a}:{b}:",
        f"{a}:{b}:01",
        f"{a}:{b}:00",
        f"{a}:{b}:-1",
        f"{a}:{b}:+1",
        f"{a}:{b}:1x",
        f"{a}:{b}:18446744073709551616",
        f"{a}:{b}:99999999999999999999",
        f"{a}:{b}:1:1",
        f"{a};{b};1",
        f"{a}:{b}: 1",
        f"{a}:{b}:1.0",
        f"{a}:{b}:0x1",
        f" {a}:{b}:1",
        f"{a[:-1]}:{b}:10",
        f"{a}:{b}:1" + "0" * 20,
        f"{a}::{b}:1",
    ):
        yield f"requestId {bad!r}", dump(record | {"requestId": bad})
    for bad in (
        "256",
        "-1",
        "1.5",
        "01",
        "+1",
        "1e1",
        '"1"',
        "true",
        "[]",
        "{}",
        "1000000000000000000000",
        "1e400",
        "NaN",
        "Infinity",
        "0x10",
        "-",
        "1.",
        ".5",
        "255.0001",
        "tru",
    ):
        yield f"commandVariant {bad}", good.replace(
            b'"commandVariant":1', b'"commandVariant":' + bad.encode()
        )


def ownership(record):
    good = dump(record)
    yield from _texts_broken_as_json(good)
    yield from _unread_fields(good)
    yield from _wrong_types(record, [*_REQUIRED_OWNERSHIP, "withdrawn"])
    for name in _REQUIRED_OWNERSHIP:
        yield f"no {name}", dump({k: v for k, v in record.items() if k != name})
        if name != "validTo":
            yield f"{name} is null", dump(record | {name: None})
        yield f"{name} twice", good[:-1] + b"," + dump({name: record[name]})[1:]
    yield "withdrawn is a word", good.replace(b'"withdrawn":false', b'"withdrawn":"false"')
    yield "partyId is empty", dump(record | {"partyId": ""})
    yield "partyId has 65 bytes", dump(record | {"partyId": "x" * 65})
    for bad in ("", "OWNER", "responsible_supplier", "RESPONSIBLE_SUPPLIER "):
        yield f"relation {bad!r}", dump(record | {"relation": bad})
    for bad in _BAD_EUIS:
        yield f"deviceId {bad!r}", dump(record | {"deviceId": bad})
    for name, bad in itertools.product(("validFrom", "validTo"), _BAD_TIMES):
        yield f"{name} {bad!r}", dump(record | {name: bad})
    yield "validTo before validFrom", dump(
        record | {"validFrom": "2026-01-02T00:00:00Z", "validTo": "2026-01-01T00:00:00Z"}
    )
    for bad in ("-1", "1.5", "01", '"1"', "18446744073709551616", "1e3", "true"):
        yield f"version {bad}", good.replace(b'"version":1', b'"version":' + bad.encode())


def legal_neighbours(record, rng=None):
    """Legal records, each one step from a fault: (what, bytes, the record that must be seen). Every one has an eventId and a
    request counter of its own."""
    rng = rng or random.Random(11)
    numbers = itertools.count(1)

    def fresh(**more):
        n = next(numbers)
        base = {
            "eventId": f"legal-{n}",
            "requestId": f"{record['userId']}:{record['deviceId']}:{n}",
        }
        return {k: v for k, v in (record | base | more).items() if v is not None}

    def with_tail(what, tail):
        one = fresh()
        return what, dump(one)[:-1] + tail + b"}", one

    for name in _STRINGS[1:]:
        if name != "eventType":
            yield f"{name} has 64 bytes", dump(one := fresh(**{name: "x" * 64})), one
            yield f"{name} has 64 bytes in 32 characters", dump(
                one := fresh(**{name: "\u00e9" * 32})
            ), one
    yield "eventId of 64 bytes", dump(one := fresh(eventId="e" * 64)), one
    longest = f"{record['userId']}:{record['deviceId']}:18446744073709551615"
    yield "longest requestId", dump(one := fresh(requestId=longest)), one
    yield "shortest requestId", dump(one := fresh(requestId=longest.rsplit(":", 1)[0] + ":0")), one
    for at in (
        "1970-01-01T00:00:00Z",
        "2261-12-31T23:59:59.999999999Z",
        "2024-02-29T23:59:59+00:00",
        "2026-01-01T00:00:00.1Z",
        "2000-02-29T12:00:00.123456789+00:00",
    ):
        yield f"timestamp {at}", dump(one := fresh(timestamp=at)), one
    for value in (0, 255):
        yield f"commandVariant {value}", dump(one := fresh(commandVariant=value)), one
    depth = DEPTH_MAX - 1
    yield with_tail("a payload of 1 MB", b',"payload":"' + b"p" * 1_000_000 + b'"')
    yield with_tail("an unknown field of 1 MB", b',"other":[' + b'"q",' * 250_000 + b"1]")
    yield with_tail("payload nested to the limit", b',"payload":' + b"[" * depth + b"]" * depth)
    yield with_tail(
        "objects nested to the limit", b',"payload":' + b'{"a":' * depth + b"1" + b"}" * depth
    )
    yield with_tail(
        "unknown fields", b',"x":null,"y":{"userId":"none","deviceId":7},"":[],"USERID":3'
    )
    yield with_tail("an unknown field twice", b',"x":1,"x":2')
    yield with_tail("payload with the name of a field", b',"payload":{"timestamp":1,"timestamp":2}')
    for what, odd in (
        ("numbers that are none", b"[01,1.,-,1e,NaN]"),
        ("words", b"nothing"),
        ("a bad escape", b'"\\x"'),
        ("a lone surrogate escape", b'"\\udfff"'),
        ("commas", b"[,,1,,]"),
        ("a huge number", b"1" * 5000),
        ("keys twice", b'{"a":1,"a":1}'),
        ("no values", b'{"a" "b"}'),
    ):
        yield with_tail(f"unread field: {what}", b',"unread":' + odd)
    for n in range(12):
        names = list(one := fresh())
        rng.shuffle(names)
        yield f"field order {n}", dump({name: one[name] for name in names}), one
    one = fresh()
    yield "every character of a value escaped", dump(one).replace(
        one["userRole"].encode(), "".join(f"\\u{ord(c):04X}" for c in one["userRole"]).encode()
    ), one
    one = fresh(serviceReferenceVariant='4.8\u00e9\U0001f600"\\/\b\n')
    yield "escapes of every kind", json.dumps(one).replace("/", "\\/").encode(), one
    one = fresh()
    yield "escaped keys", dump(one).replace(b'"deviceId"', b'"\\u0064evice\\u0049d"').replace(
        b'"userId"', b'"user\\u0049d"'
    ), one
    one = fresh()
    yield "white space everywhere", json.dumps(
        one, indent="\t \r\n ", separators=(" , ", " : ")
    ).encode() + b" \r\n\t", one
    for name in (
        "eventId",
        "requestId",
        "serviceReferenceVariant",
        "deviceType",
        "smetsVersion",
        "responseCode",
        "commandVariant",
    ):
        one = fresh(**{name: None})
        yield f"no {name}", dump(one), one
        one = fresh(**{name: None}, timestamp="2026-02-02T02:02:02.5Z")
        yield f"{name} null", dump(one | {name: None}), one
