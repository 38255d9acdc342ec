"""The report: one HTML page that needs nothing from anywhere else."""
from html import escape
from pathlib import Path

from . import svg

STYLE = (Path(__file__).parent / "page.css").read_text()
CHANNELS = {"screen": "others' rows too", "report": "own rows only"}
PERCENTILES = [(1, "0"), (2, "50 %"), (10, "90 %"), (100, "99 %"), (1000, "99.9 %"), (10000, "99.99 %")]


def number(value, digits=None):
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.{digits if digits is not None else 3}f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) else escape(str(value))


def table(heads, rows, numeric_from=1):
    def cells(row, tag):
        return "".join(f'<{tag}{" class=n" if i >= numeric_from else ""}>{c}</{tag}>' for i, c in enumerate(row))
    return ('<div class="scroll"><table><thead><tr>' + cells(heads, "th") + "</tr></thead><tbody>"
            + "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows) + "</tbody></table></div>")


def section(title, *parts):
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def figure(caption, drawing):
    return f"<figure><figcaption>{escape(caption)}</figcaption>{drawing}</figure>"


def verdict(row):
    if row["passes_required"] is None:
        return '<b class="none">not measured</b>'
    if not row["full_size"]:
        return f'<b class="none">{"✓" if row["passes_required"] else "✗"} at a smaller size</b>'
    if row["passes_aim"]:
        return '<b class="aim">✓ aim</b>'
    return '<b class="pass">✓ required</b>' if row["passes_required"] else '<b class="fail">✗ fails</b>'


def targets(results):
    rows = [[f"{escape(r['figure'])}<small>{escape(r['how'])}</small>", f"{number(r['value'])} {r['unit']}",
             f"{'≥' if r['at_least'] else '≤'} {number(r['required'])}", number(r["aim"]), verdict(r)] for r in results["figures"]]
    return section("What had to be reached", table(["figure", "measured", "required", "aim", "verdict"], rows))


def label(value, unit=""):
    return f"{svg.short(value)}{unit}"


def contenders(name, part):
    summary = part["summary"]
    order = sorted(summary.items(), key=lambda kv: -kv[1]["of_raw"])
    ratios = [(who, row["of_raw"], f"{row['of_raw']:.3f}", who == "satindex") for who, row in order]
    sizes = [(who, row["bytes_per_event"], f"{row['bytes_per_event']:.1f}", who == "satindex") for who, row in
             sorted(summary.items(), key=lambda kv: kv[1]["bytes_per_event"] or 0) if row["bytes_per_event"]]
    rows = [[escape(who) + ("" if row["events"] == part["events"] else f"<small>{row['events']:,} events</small>"),
             number(round(row["events_per_second"])), number(row["of_raw"]), number(row["bytes_per_event"], 1),
             number(row["cpu_seconds_per_million"], 2), number(round(row["peak_rss_bytes"] / (1 << 20)))] for who, row in order]
    need = 0.45 if name == "dense" else 0.35
    return section(
        f"{name.capitalize()}: {part['events']:,} events of {part['devices']:,} devices, {part['intervals']:,} intervals",
        '<div class="two">' + figure("Rate, as a share of raw consume in the same round (median)", svg.bars(ratios, "of raw", [(need, "required")]))
        + figure("Bytes per event at rest (satindex: with the ownership ledger)", svg.bars(sizes, "bytes/event")) + "</div>",
        table(["contender", "events/s", "of raw", "bytes/event", "CPU s per M", "peak RSS MiB"], rows),
        throughput(part), rounds(part))


def throughput(part):
    """Events and intervals a second, over the last round's catch-up and the one within the budget."""
    kept = [(name, row["timeline"]) for name, row in (("default memory", part["rounds"][-1].get("satindex")),
                                                      ("within the budget", part.get("budget")))
            if row and len(row.get("timeline", [])) > 2]
    return '<div class="two">' + "".join(
        figure(f"satindex from process start to ready: {what} a second", svg.lines(
            [(name, rates(timeline, at)) for name, timeline in kept], "seconds since the start", f"{what}/s"))
        for at, what in ((1, "events"), (2, "intervals"))) + "</div>"


def rates(timeline, at, step=0.2):
    points, before = [(0.0, 0.0)], (0.0, 0)
    for sample in timeline:
        if sample[0] - before[0] >= step:
            points.append((sample[0], (sample[at] - before[1]) / (sample[0] - before[0])))
            before = (sample[0], sample[at])
    return points


def rounds(part):
    names = list(part["rounds"][0])
    rows = [[escape(n)] + [number(r[n]["events_per_second"]) for r in part["rounds"]] for n in names]
    own = part["ownership"]
    more = (f"<p>Ownership alone: {own['intervals']:,} intervals, read in {own['seconds_to_read']} s "
            f"({own['intervals_per_second']:,} a second, process start included), {own['bytes_per_interval']} bytes an interval at rest.</p>")
    return "<details><summary>Every round</summary>" + table(["events/s"] + [f"round {i + 1}" for i in range(len(part["rounds"]))], rows) + "</details>" + more


def curve(measured):
    return [(1 / (1 - q), ms) for q, ms in measured["curve"] if ms > 0]


def queries(name, part):
    found = part.get("queries")
    if not found:
        return ""

    def drawn(choose, named):
        return svg.lines([(named(q), curve(q)) for q in found if choose(q)], "percentile", "ms, from the intended start",
                         x_log=True, y_log=True, x_labels=PERCENTILES)
    low = min(q["rate"] for q in found if q["who"] == "satindex")
    parts = ['<div class="two">',
             figure("Hot device, page of 50, idle: three systems", drawn(
                 lambda q: q["kind"] == "hot" and q["when"] == "idle" and (q["who"] != "satindex" or q["channel"] == "screen" and q["rate"] == low),
                 lambda q: f"{q['who']} at {q['rate']}/s")),
             figure("Portfolio, page of 50, idle", drawn(
                 lambda q: q["kind"] == "portfolio" and q["when"] == "idle" and (q["who"] != "satindex" or q["channel"] == "screen" and q["rate"] == low),
                 lambda q: f"{q['who']} at {q['rate']}/s"))]
    for when in dict.fromkeys(q["when"] for q in found if q["who"] == "satindex"):
        top = max(q["rate"] for q in found if q["who"] == "satindex" and q["when"] == when)
        for channel, what in (("screen", "others' rows too, access recorded"), ("report", "own rows only")):
            parts.append(figure(f"satindex, {when}, {top}/s: {what}", drawn(
                lambda q, w=when, c=channel, r=top: q["who"] == "satindex" and q["when"] == w and q["channel"] == c and q["rate"] == r,
                lambda q: q["kind"])))
    parts.append("</div>")
    rows = [[escape(f"{q['who']}, {q['when']}"), escape(q["kind"]), escape(q["channel"]), number(q["rate"]), number(q["p50_ms"]), number(q["p99_ms"]),
             number(q["p999_ms"]), number(q["max_ms"]), number(q["failed"]) + (" overrun" if q.get("overrun") else "")] for q in found]
    parts.append("<details><summary>All query figures</summary>" + table(
        ["who", "kind", "channel", "rate/s", "p50 ms", "p99 ms", "p99.9 ms", "max ms", "not 200"], rows, 3) + "</details>")
    for histogram, at in (part.get("access_wait") or {}).items():
        known = {k: "–" if v is None else f"{v * 1000:.2f} ms" for k, v in at.items()}
        parts.append(f"<p>Wait for the access record, by <code>{escape(histogram)}</code>: p50 {known['p50']}, p99 {known['p99']}.</p>")
    return section(f"Questions ({name})", *parts, live(part))


def live(part):
    found = part.get("live")
    if not found:
        return ""
    seen, core, busy = found["visibility"], found["one_core"], found["ingesting"]
    half = [(f"{CHANNELS[c]}: {m['rate']:,}/s", curve(m)) for c, m in busy["half"].items()]
    one = []
    for channel, m in core.items():
        one += [(f"bare Beast, {m['body_bytes']:,} bytes", m["bare"], label(m["bare"]), False),
                (f"satindex, {CHANNELS[channel]}", m["satindex"], f"{label(m['satindex'])} ({m['ratio']} of it)", True)]
    return ('<div class="two">'
            + figure(f"Produce to visible at {seen['rate_kept']:,} events/s", svg.lines([("marked events", curve(seen["probe"]))], "percentile", "ms",
                                                                                       x_log=True, y_log=True, x_labels=PERCENTILES))
            + figure(f"Hot devices while ingesting {busy['rate_kept']:,} events/s, open loop at half of saturation",
                     svg.lines(half, "percentile", "ms, from the intended start", x_log=True, y_log=True, x_labels=PERCENTILES))
            + figure("Requests a second from one serving thread, the process on one core, the same bytes, 32 connections", svg.bars(one, "requests/s")) + "</div>")


def growth(results):
    found = results.get("growth")
    if not found:
        return ""
    steps = found["steps"]
    marks = [(s["events"], svg.short(s["events"])) for s in steps]

    def drawn(name, values):
        return figure(name, svg.lines(values, "events", name, x_log=len(steps) > 1, x_labels=marks, dots=True))
    kinds = [q["kind"] for q in steps[0]["queries"]]

    def by_kind(key):
        return [(k, [(s["events"], next(q[key] for q in s["queries"] if q["kind"] == k)) for s in steps]) for k in kinds]
    rows = [[f"{s['events']:,}", number(s["events_per_second"]), number(s["trail_bytes_per_event"]), number(s["cpu_seconds_per_million"]),
             number(round(s["peak_rss_bytes"] / (1 << 20))), number(s["kill_to_ready_seconds"]),
             ", ".join(f"{q['kind']} {q['p99_ms']}" for q in s["queries"])] for s in steps]
    return section(
        f"Growth ({found['density']}, by backfill)", '<div class="two">',
        drawn("events/s", [("backfill", [(s["events"], s["events_per_second"]) for s in steps])]),
        drawn("bytes/event, ledger aside", [("trails", [(s["events"], s["trail_bytes_per_event"]) for s in steps])]),
        drawn("p50 ms", by_kind("p50_ms")), drawn("p99 ms", by_kind("p99_ms")),
        drawn("kill -9 to ready, s", [("open", [(s["events"], s["kill_to_ready_seconds"]) for s in steps])]), "</div>",
        table(["events", "events/s", "bytes/event", "CPU s per M", "peak RSS MiB", "kill to ready s", "p99 ms"], rows, 0))


def micro(results):
    rows = [[escape(b["name"]), number(b["real_us"]), number(b["cpu_us"]), number(b.get("p99_us"))] for b in results.get("micro", [])]
    return section("Micro benchmarks", table(["benchmark", "real µs", "CPU µs", "p99 µs"], rows)) if rows else ""


def taken_on(results):
    m = results["machine"]
    facts = [("taken", m["taken"]), ("commit", f"{m['commit']}{' with local changes' if m['dirty'] else ''}"),
             ("machine", f"{m['cores']} cores of {m['cpu']}, {m['memory_gib']} GiB, everything on it at once"),
             ("system", f"{m['system']}, Linux {m['kernel']}"), ("load at the start", f"{m['load_at_start']:.2f}")]
    facts += [(k, v) for k, v in m["versions"].items() if v]
    return section("Where it was taken", table(["", ""], [[escape(k), escape(str(v))] for k, v in facts], 9))


def render(results):
    parts = [targets(results)]
    for name in ("dense", "national"):
        if name in results:
            parts += [contenders(name, results[name]), queries(name, results[name])]
    parts += [growth(results), micro(results), taken_on(results)]
    quick = '<p class="fail">A quick run: it proves that everything works, its figures mean nothing.</p>' if results.get("plan", {}).get("quick") else ""
    return ("<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'>"
            f"<title>satindex: benchmarks</title><style>{STYLE}</style><main><h1>satindex: benchmarks</h1>"
            "<p>Reproduce with <code>./dev bench</code> and <code>./dev bench growth</code>; what is measured and how is in README.md beside this page.</p>"
            f"{quick}{''.join(parts)}</main></html>\n")
