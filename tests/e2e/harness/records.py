"""Builders of legal records, and times to the nanosecond (a Python datetime keeps only six decimals)."""

import calendar
import functools
import itertools
import random
import re
import time
from dataclasses import dataclass, field

DCC = "90-B3-D5-1F-30-00-00-02"
CROSS_TYPES = ("SERVICE_REQUEST", "SIGNED_PRE_COMMAND", "SERVICE_RESPONSE")
SUPPLIER, NETWORK = "RESPONSIBLE_SUPPLIER", "NETWORK_OPERATOR"
SECOND, DAY = 10**9, 86400 * 10**9
_SALT = random.SystemRandom().getrandbits(24)
_NEXT = itertools.count(1)
_COUNTER = itertools.count(1000)


def eui(prefix=0x00DB):
    """An EUI-64 that no other call of this process gives."""
    number = prefix << 48 | _SALT << 24 | next(_NEXT)
    text = f"{number:016X}"
    return "-".join(text[i : i + 2] for i in range(0, 16, 2))


def user_eui():
    return eui(0x90B3)


def party(name="PARTY"):
    return f"{name}-{_SALT:06X}-{next(_NEXT)}"


def iso(ns, decimals=3, suffix="Z"):
    seconds, fraction = divmod(ns, SECOND)
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return text + (f".{fraction:09d}"[: decimals + 1] if decimals else "") + suffix


@functools.lru_cache(maxsize=1 << 18)
def ns_of(text):
    match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)", text)
    assert match, text
    seconds = calendar.timegm(time.strptime(match[1], "%Y-%m-%dT%H:%M:%S"))
    return seconds * SECOND + int((match[2] or "0").ljust(9, "0"))


def decimals_of(text):
    return len(text.split(".")[1].rstrip("Z").replace("+00:00", "")) if "." in text else 0


def now_ns():
    return time.time_ns()


@dataclass(frozen=True)
class Caller:
    party: str
    role: str
    user_ids: tuple = ()


def caller(role, name=None, users=1):
    return Caller(party(name or role), role, tuple(user_eui() for _ in range(users)))


def event(user, role, event_type="SERVICE_REQUEST", device=None, at=None, srv="4.8.1", **more):
    """A record of sat.events. Keys given as None are left out; field names are those of CONTRACT 1.1."""
    record = {
        "eventId": f"ev-{_SALT:06x}-{next(_NEXT)}",
        "timestamp": iso(at if at is not None else now_ns()),
        "eventType": event_type,
        "userId": user,
        "userRole": role,
        "deviceId": device,
        "requestId": f"{user}:{device or DCC}:{next(_COUNTER)}",
        "serviceReferenceVariant": srv,
        "payload": "<sr:Request/>",
    }
    if device:
        record |= {"deviceType": "ESME", "smetsVersion": "SMETS2"}
    if event_type == "SERVICE_REQUEST":
        record["commandVariant"] = 1
    if event_type == "SERVICE_RESPONSE":
        record["responseCode"] = "I0"
    record |= more
    return {name: value for name, value in record.items() if value is not None}


def interval(device, party_id, relation=SUPPLIER, start=None, end=None, version=1, withdrawn=None):
    """A record of dm.ownership; `start` and `end` are ns, or texts, or None (two years ago; open)."""
    start = now_ns() - 730 * DAY if start is None else start
    record = {
        "deviceId": device,
        "relation": relation,
        "partyId": party_id,
        "validFrom": start if isinstance(start, str) else iso(start),
        "validTo": end if end is None or isinstance(end, str) else iso(end),
        "version": version,
    }
    if withdrawn is not None:
        record["withdrawn"] = withdrawn
    return record


@dataclass
class Traffic:
    """What a test has written, for the model."""

    events: list = field(default_factory=list)
    ownership: list = field(default_factory=list)
