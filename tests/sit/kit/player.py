"""Plays one case against the running deployments: writes its records, asks its questions, compares rows."""

import json
import secrets
from dataclasses import dataclass, field

from harness.model import TITLES, catalogue
from harness.product import device_path
from harness.records import DAY, SECOND, caller, eui, event, interval, ns_of

from .scenario import EVERY_SRV, HOLDS, WHAT, place

FUTURE_DATED_CODE, SCHEDULED = "8F66", "scheduled read"
DAYS = 30  # day 1 is thirty days before the run


@dataclass
class Check:
    """One line of an `expect` table, played."""

    case: str
    requirement: str
    title: str
    option: str
    who: str
    looks_at: str
    expected: str
    seen: str
    passed: bool
    notes: list = field(default_factory=list)


class Player:
    """One case: its own devices and Users, so that no case sees another's rows."""

    def __init__(self, scenario, case, products, wire, start):
        self.scenario, self.case, self.products, self.wire = scenario, case, products, wire
        self.midnight = start // DAY * DAY - DAYS * DAY
        self.devices = {name: eui() for name in scenario.devices}
        self.users = {name: caller(role) for name, role in scenario.users.items()}
        self.canary = f"canary-{secrets.token_hex(8)}"
        self.rows = {}  # label -> event
        self.requests = {}  # (user, SRV, device) -> requestId
        self.fenced = set()

    def play(self):
        checks = []
        for kind, lines in self.case.steps:
            if kind == "expect":
                for line in lines:
                    checks.append(self.check(line))
                continue
            topics = next(iter(self.products.values())).topics
            if kind == "ownership":
                self.wire.send(topics.ownership, [self.ownership(line) for line in lines])
            else:
                events = (
                    self.every_srv(lines[0])
                    if kind == EVERY_SRV
                    else {line["row"]: self.traffic(line) for line in lines}
                )
                self.rows |= events
                self.wire.send(topics.events, list(events.values()))
            self.fenced.clear()
        return checks

    # --- writing
    def moment(self, day, time="00:00"):
        hours, minutes = time.split(":")
        return self.midnight + (int(day) - 1) * DAY + (int(hours) * 60 + int(minutes)) * 60 * SECOND

    def ownership(self, line):
        return interval(
            self.devices[line["device"]],
            self.users[line["who"]].party,
            HOLDS[line["holds"]],
            self.moment(line["from day"]),
            self.moment(line["to day"]) if line["to day"] else None,
            int(line.get("version") or 1),
            True if line.get("withdrawn") == "yes" else None,
        )

    def traffic(self, line):
        user, what, srv = (
            self.users[line["user"]],
            line["what"],
            None if line["SRV"] == "-" else line["SRV"],
        )
        device = self.devices.get(line["device"])
        record = event(
            user.user_ids[0],
            user.role,
            WHAT[what],
            device,
            self.moment(line["day"], line["time"]),
            srv=srv,
            payload=f"<payload>{self.canary}</payload>",
            **(
                {
                    "deviceType": self.scenario.devices[line["device"]],
                    "smetsVersion": self.scenario.smets,
                }
                if device
                else {}
            ),
        )
        key = (line["user"], line["device"])
        if what == "request":
            self.requests[key] = record["requestId"]
        elif what == SCHEDULED or "alert" in what:
            record.pop("requestId")
        else:
            record["requestId"] = self.requests.get(key, record["requestId"])
        if what == "signed pre-command":
            record["commandVariant"] = 5
        if what == "future-dated result":
            record["responseCode"] = FUTURE_DATED_CODE
        if what == "acknowledgement":
            record["responseCode"] = "I99"
        return record

    def every_srv(self, line):
        user, events = self.users[line["user"]], {}
        for number, row in enumerate(catalogue()):
            at = self.moment(line["day"]) + number * 60 * SECOND
            device = None if row["non_device"] == "yes" else self.devices[line["device"]]
            for kind in ("SERVICE_REQUEST", "SERVICE_RESPONSE"):
                at += SECOND
                events[f"{row['srv']} {kind}"] = event(
                    user.user_ids[0],
                    user.role,
                    kind,
                    device,
                    at,
                    srv=row["srv"],
                    payload=self.canary,
                    **({"smetsVersion": self.scenario.smets} if device else {}),
                )
        return events

    # --- asking
    def check(self, line):
        product, one = self.products[line["option"]], self.users[line["who"]]
        if line["option"] not in self.fenced:
            product.fence(self.wire)
            self.fenced.add(line["option"])
        channel, target = place(line["looks at"])
        token = product.issuer.mint(one, "sat:report" if channel == "report" else "sat:screen")
        path, query = (
            (device_path(self.devices[target]), {})
            if target in self.devices
            else ("/v1/audit-trail", {"scope": "owned" if target == "portfolio" else "own"})
        )
        status, entries, others, texts = self.ask(product, path, query, token, channel)
        notes, expected = [], self.expected(line["sees"])
        seen = (
            self.labels(entries)
            if status == 200
            else "refused" if status == 403 else f"HTTP {status}"
        )
        if any(self.canary in text for text in texts):
            notes.append("a payload was returned")
        notes += [
            f"title of {e['serviceReferenceVariant']} is {e.get('title')!r}"
            for e in entries
            if e.get("title") != TITLES.get(e.get("serviceReferenceVariant"))
        ]
        if line["others"] and status == 200 and others != line["others"]:
            notes.append(f"others' rows: {others} instead of {line['others']}")
        return Check(
            self.case.number,
            self.case.requirement,
            self.case.title,
            line["option"],
            line["who"],
            line["looks at"],
            line["sees"],
            self.short(seen, expected, line["sees"]),
            seen == expected and not notes,
            notes,
        )

    def ask(self, product, path, query, token, channel):
        """(status, entries, crossUser, raw texts); pages are put together, late ownership is waited for."""
        if channel == "download":
            response = product.get(path, token, format="ndjson", **query)
            entries = (
                [json.loads(row) for row in response.text.splitlines()]
                if response.status_code == 200
                else []
            )
            return response.status_code, entries, "", [response.text]
        for _ in range(200):
            entries, texts, cursor, pending = [], [], None, False
            while True:
                response = product.get(path, token, limit=1000, cursor=cursor, **query)
                texts.append(response.text)
                if response.status_code != 200:
                    return response.status_code, [], "", texts
                page = response.json()
                entries += page["entries"]
                pending |= page.get("pending", False)
                cursor = page.get("nextCursor")
                if cursor is None:
                    break
            if not pending:
                return 200, entries, page["crossUser"], texts
        return 200, entries, "pending for too long", texts

    def expected(self, sees):
        if sees in ("nothing", ""):
            return []
        if sees == "refused":
            return "refused"
        if sees.startswith("every"):
            return sorted(
                label
                for label, row in self.rows.items()
                if sees == "every SRV" or "deviceId" in row
            )
        return sorted(sees.split())

    def labels(self, entries):
        """The labels of the rows that were seen, sorted; a row that no line of the scenario made is written out."""
        by_row = {
            (
                ns_of(row["timestamp"]),
                row["eventType"],
                row["userId"],
                row.get("deviceId"),
                row.get("serviceReferenceVariant"),
            ): label
            for label, row in self.rows.items()
        }
        return sorted(
            by_row.get(
                (
                    ns_of(e["timestamp"]),
                    e["eventType"],
                    e["userId"],
                    e.get("deviceId"),
                    e.get("serviceReferenceVariant"),
                ),
                f"unexpected:{e['eventType']}@{e['timestamp']}",
            )
            for e in entries
        )

    @staticmethod
    def short(seen, expected, words):
        if isinstance(seen, str):
            return seen
        if words.startswith("every"):
            srvs = {label.split()[0] for label in seen}
            missing = sorted(set(expected) - set(seen)) if isinstance(expected, list) else []
            return f"{len(srvs)} SRVs, {len(seen)} rows" + (
                f"; missing: {', '.join(missing[:5])}" if missing else ""
            )
        return " ".join(seen) or "nothing"
