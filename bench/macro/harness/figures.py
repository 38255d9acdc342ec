"""The table of what must be reached, each row computed from a run's results; None where the run did not measure it."""
from dataclasses import dataclass
from statistics import median

# The sizes that the requirements name.
EVENTS, INTERVALS, LARGEST = 6_000_000, 6_000_000, 100_000_000


@dataclass
class Figure:
    name: str
    value: object
    required: float
    aim: float
    unit: str = ""
    at_least: bool = True
    how: str = ""
    full: bool = True  # measured at the size that the requirement names

    def row(self):
        def holds(bound):
            if self.value is None:
                return None
            return self.value >= bound if self.at_least else self.value <= bound
        return {"figure": self.name, "value": self.value, "unit": self.unit, "required": self.required, "aim": self.aim,
                "at_least": self.at_least, "passes_required": holds(self.required), "passes_aim": holds(self.aim), "full_size": self.full,
                "how": self.how}


def _median(rounds, name, key="events_per_second"):
    values = [r[name][key] for r in rounds if name in r and r[name].get(key) is not None]
    return median(values) if values else None


def _ratio(a, b, digits=3):
    return round(a / b, digits) if a is not None and b else None


def _paired(rounds, name, key, against="raw"):
    """The median of the rounds' own ratios: what drifts between rounds does not count."""
    ratios = [r[name][key] / r[against]["events_per_second"] for r in rounds
              if name in r and against in r and r[name].get(key)]
    return round(median(ratios), 3) if ratios else None


def _dig(results, *path):
    for key in path:
        if results is None:
            return None
        results = results.get(key) if isinstance(results, dict) else None
    return results


def _bytes_per_event(section):
    disk, ledger = _dig(section, "rest", "disk_bytes"), _dig(section, "ownership", "disk_bytes")
    if disk is None or ledger is None:
        return None
    return round((disk - ledger) / section["events"], 2)


def _growth_ratio(results):
    steps = (results or {}).get("steps", [])
    by_size = {s["events"]: s for s in steps}
    if len(steps) < 2:
        return None, False, ""
    small, large = by_size[min(by_size)], by_size[max(by_size)]
    ratios = []
    for a in small["queries"]:
        for b in large["queries"]:
            if a["kind"] == b["kind"]:
                ratios.append((round(b["p99_ms"] / a["p99_ms"], 2), a["kind"]))
    worst = max(ratios)
    return worst[0], max(by_size) >= LARGEST, f"{max(by_size):,} over {min(by_size):,} events; the worst kind: {worst[1]}"


def _after_ownership(section):
    """Events a second once ownership is read, over raw, by round. Where a run read ownership first, from its own counters;
    where it read both at once, from the time that ownership alone takes to read."""
    ratios = []
    for r in _dig(section, "rounds") or []:
        mine = r["satindex"]
        rate = mine["events_per_second_after_ownership"]
        if rate is None or mine["events_before_ownership"] > mine["events"] / 10:
            left = mine["seconds"] - section["ownership"]["seconds_to_read"]
            rate = mine["events"] / left if left > 0 else None
        if rate is not None:
            ratios.append(rate / r["raw"]["events_per_second"])
    return round(median(ratios), 3) if ratios else None


def compute(results):
    dense, national = results.get("dense"), results.get("national")
    growth = results.get("growth")
    dense_rounds = _dig(dense, "rounds") or []
    ownership = _dig(national, "ownership") or _dig(dense, "ownership")
    growth_ratio, growth_full, growth_how = _growth_ratio(growth)
    largest = max((growth or {}).get("steps", []), key=lambda s: s["events"], default=None)
    amplification = [_dig(s, "rest", "write_amplification") for s in (dense, national) if _dig(s, "rest")]
    portfolio = next((b["real_us"] for b in results.get("micro", []) if "PortfolioPage" in b["name"]), None)
    probe = _dig(dense, "live", "visibility", "probe", "p99_ms")
    half = _dig(dense, "live", "ingesting", "half") or {}
    rows = [
        Figure("dense: catch-up rate / raw consume rate", _paired(dense_rounds, "satindex", "events_per_second"), 0.45, 0.65,
               how="process start to ready, all trails, ownership read and joined, durable"),
        Figure("national: event catch-up rate once ownership is read / raw consume rate",
               _after_ownership(national), 0.35, 0.55),
        Figure("ownership intervals read a second", _dig(ownership, "intervals_per_second"), 400_000, 1_000_000, "1/s",
               how=f"{_dig(ownership, 'intervals') or 0:,} intervals, process start included",
               full=(_dig(ownership, "intervals") or 0) >= INTERVALS),
        Figure("dense: catch-up rate / Kafka Streams without changelog",
               _ratio(_median(dense_rounds, "satindex"), _median(dense_rounds, "Kafka Streams"), 1), 8, 12, "x",
               how="Streams counts from its first record, and reads fewer events (see the table)"),
        Figure("dense: bytes per event at rest", _bytes_per_event(dense), 18, 15, "B", False,
               how="data directory after a clean stop, less that of the ownership topic alone"),
        Figure("national: bytes per event at rest", _bytes_per_event(national), 24, 19, "B", False, how="as above"),
        Figure("bytes per ownership interval at rest", _dig(ownership, "bytes_per_interval"), 32, 20, "B", False),
        Figure("write amplification from first write to rest", max(amplification, default=None), 3, 2, "x", False,
               how="(ingested + flushed + compacted) / (ingested + flushed), the worse density"),
        Figure("portfolio page of 50, warm, store only", portfolio, 300, 100, "us", False, how="micro benchmark, mean"),
        Figure("produce to visible, p99, at 20 k events/s live", probe, 100, 30, "ms", False,
               how="marked events, polled over HTTP; rate kept: "
                   f"{_dig(dense, 'live', 'visibility', 'rate_kept')}/s, exported p99: "
                   f"{_dig(dense, 'live', 'visibility', 'exported', 'p99_ms')} ms"),
        Figure("device page of 50 over HTTP, one serving thread / bare Beast",
               _dig(dense, "live", "one_core", "screen", "ratio"), 0.40, 0.70,
               how="the whole process on one core, with others' rows and their access records; own rows only: "
                   f"{_dig(dense, 'live', 'one_core', 'report', 'ratio')}"),
        Figure("device query p99, open loop at half of its saturation, while ingesting 50 k events/s",
               _dig(half, "report", "p99_ms"), 5, 1, "ms", False,
               how=f"own rows: no wait for an access record; with that wait: {_dig(half, 'screen', 'p99_ms')} ms; "
                   f"ingest kept {_dig(dense, 'live', 'ingesting', 'rate_kept')}/s",
               full=(_dig(dense, "live", "ingesting", "rate_kept") or 0) > 49_000),
        Figure("query p99, largest index / smallest", growth_ratio, 1.5, 1.1, "x", False, how=growth_how,
               full=growth_full),
        Figure("kill -9 to ready, log at rest", _dig(largest, "kill_to_ready_seconds"), 2, 0.5, "s", False,
               how=f"index of {_dig(largest, 'events') or 0:,} events, required at 100,000,000",
               full=(_dig(largest, "events") or 0) >= LARGEST),
        Figure("peak RSS during catch-up at --memory-budget 1GiB", _gib(_dig(dense, "budget", "peak_rss_bytes")), 1.3, 1.1,
               "GiB", False, how="dense; VmHWM up to rest"),
    ]
    plan = results.get("plan")
    if plan and (plan["quick"] or plan["events"] < EVENTS):
        for r in rows:
            r.full = False
    return [r.row() for r in rows]


def _gib(value):
    return None if value is None else round(value / (1 << 30), 3)
