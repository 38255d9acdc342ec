"""CONTRACT 2 and 3.4 as the plainest program that can be written: lists, no index. What it gives is what must be seen."""

import csv
import json
from collections import Counter, defaultdict
from pathlib import Path

from .records import CROSS_TYPES, NETWORK, SUPPLIER, decimals_of, now_ns, ns_of

ROOT = Path(__file__).resolve().parents[3]
ENTRY_FIELDS = (
    "timestamp",
    "eventType",
    "requestId",
    "serviceReferenceVariant",
    "title",
    "userId",
    "userRole",
    "deviceId",
    "deviceType",
    "smetsVersion",
    "commandVariant",
    "responseCode",
    "own",
)
_IDENTITY = (
    "eventId",
    "eventType",
    "userId",
    "userRole",
    "deviceId",
    "requestId",
    "serviceReferenceVariant",
    "deviceType",
    "smetsVersion",
    "responseCode",
    "commandVariant",
)
_FILTERS = {
    "srv": "serviceReferenceVariant",
    "userRole": "userRole",
    "eventType": "eventType",
    "deviceType": "deviceType",
}
FOREVER = 1 << 70


def catalogue():
    with open(
        ROOT / "schemas" / "catalogue" / "srv_catalogue.tsv", encoding="utf-8", newline=""
    ) as file:
        return list(csv.DictReader(file, delimiter="\t"))


TITLES = {row["srv"]: row["title"] for row in catalogue()}


def canonical(record):
    upper = {
        name: record[name].upper()
        for name in ("userId", "deviceId", "requestId")
        if record.get(name) is not None
    }
    return {name: value for name, value in (record | upper).items() if value is not None}


class Model:
    def __init__(
        self,
        option="B",
        history="current",
        cross_types=CROSS_TYPES,
        hide=(),
        suppliers=("IS", "ES", "GS"),
        operators=("ED", "GT"),
    ):
        self.option, self.history, self.cross_types, self.hide = option, history, cross_types, hide
        self.suppliers, self.operators = suppliers, operators
        self.rows, self.ledger = {}, {}
        self._by_device, self._by_user = None, None

    def add(self, events=(), ownership=()):
        self._by_device = self._by_user = None
        for record in map(canonical, events):
            identity = (ns_of(record["timestamp"]), *(record.get(name) for name in _IDENTITY))
            known = self.rows.get(identity)
            if known is None or decimals_of(record["timestamp"]) > decimals_of(known["timestamp"]):
                self.rows[identity] = record
        for record in ownership:
            device, start = record["deviceId"].upper(), ns_of(record["validFrom"])
            end = FOREVER if record["validTo"] is None else ns_of(record["validTo"])
            held = (record["version"], bool(record.get("withdrawn")), end)
            key = (device, record["relation"], record["partyId"], start)
            known = self.ledger.get(key)
            # Equal versions with other content: withdrawn, else the earlier end, wins.
            if known is None or (held[0], held[1], -held[2]) > (known[0], known[1], -known[2]):
                self.ledger[key] = held
        return self

    # --- CONTRACT 2
    def relation(self, caller, channel="screen"):
        if channel != "screen" or self.option == "none":
            return None
        if caller.role in self.suppliers:
            return SUPPLIER
        return NETWORK if caller.role in self.operators and self.option == "B" else None

    def spans(self, caller, device, channel, now):
        """The caller's own begun intervals on a device, in the relation of its class; none without entitlement."""
        relation = self.relation(caller, channel)
        spans = [
            (start, end)
            for (dev, rel, party, start), (_, withdrawn, end) in self.ledger.items()
            if (dev, rel, party) == (device, relation, caller.party)
            and not withdrawn
            and start <= now
            and start < end
        ]
        held = self.history == "tenure-former" or any(start <= now < end for start, end in spans)
        return spans if held else []

    def entitled(self, caller, device):
        return bool(self.spans(caller, device, "screen", now_ns()))

    def visible(self, record, caller, spans):
        if record["userId"] in caller.user_ids:
            return True
        return bool(
            spans
            and record["eventType"] in self.cross_types
            and (self.history == "current" or _within(record, spans))
        )

    # --- CONTRACT 3
    def entry(self, record, caller):
        own = record["userId"] in caller.user_ids
        entry = {
            name: record[name]
            for name in ENTRY_FIELDS
            if name in record and (own or name not in self.hide)
        }
        entry["timestamp"] = record["timestamp"].replace("+00:00", "Z")
        if record.get("serviceReferenceVariant") in TITLES:
            entry["title"] = TITLES[record["serviceReferenceVariant"]]
        return entry | {"own": own}

    def _answer(self, caller, records, filters):
        entries = [
            entry
            for entry in (self.entry(record, caller) for record in records)
            if _passes(entry, filters)
        ]
        return sorted(entries, key=lambda entry: -ns_of(entry["timestamp"]))

    def _group(self):
        if self._by_device is None:
            self._by_device, self._by_user = defaultdict(list), defaultdict(list)
            for record in self.rows.values():
                self._by_device[record.get("deviceId")].append(record)
                self._by_user[record["userId"]].append(record)

    def device(self, device, caller, channel="screen", **filters):
        self._group()
        spans = self.spans(caller, device, channel, now_ns())
        return self._answer(
            caller, (r for r in self._by_device[device] if self.visible(r, caller, spans)), filters
        )

    def owned(self, caller, **filters):
        self._group()
        held = {
            device: self.spans(caller, device, "screen", now_ns())
            for device in {key[0] for key in self.ledger if key[2] == caller.party}
        }
        return self._answer(
            caller,
            (
                r
                for device, spans in held.items()
                for r in self._by_device[device]
                if self.visible(r, caller, spans) and _within(r, spans)
            ),
            filters,
        )

    def own(self, caller, **filters):
        self._group()
        return self._answer(
            caller, (r for user in caller.user_ids for r in self._by_user[user]), filters
        )


def _within(record, spans):
    at = ns_of(record["timestamp"])
    return any(start <= at < end for start, end in spans)


def _passes(entry, filters):
    at = ns_of(entry["timestamp"])
    for name, wanted in filters.items():
        if name == "from_" and at < ns_of(wanted) or name == "to" and at >= ns_of(wanted):
            return False
        if name in _FILTERS and entry.get(_FILTERS[name]) not in wanted.split(","):
            return False
        if name == "requestId" and entry.get("requestId", "").upper() != wanted.upper():
            return False
        if name == "othersOnly" and wanted == "true" and entry["own"]:
            return False
    return True


def _frozen(entry):
    return json.dumps(entry, sort_keys=True)


def assert_same(seen, expected, what=""):
    """`seen` is newest first and holds exactly the rows of `expected`; the order of equal times is free."""
    times = [ns_of(entry["timestamp"]) for entry in seen]
    assert times == sorted(times, reverse=True), f"{what}: not newest first"
    have, want = Counter(map(_frozen, seen)), Counter(map(_frozen, expected))
    missing, extra = want - have, have - want
    assert not missing and not extra, (
        f"{what}: {len(seen)} rows seen, {len(expected)} expected; "
        f"missing {list(missing.elements())[:2]}, extra {list(extra.elements())[:2]}"
    )
