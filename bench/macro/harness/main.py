"""bench/run: what is measured in which order. See docs/benchmarks/README.md."""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from . import contenders, figures, growth, live, load, machine, page, places, questions, traffic
from .broker import Broker
from .clickhouse import ClickHouse
from .node import Credentials, Node
from .postgres import Postgres
from .process import run, tree


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def prepare(plan):
    plan.work.mkdir(parents=True, exist_ok=True)
    load.install_vegeta()
    if plan.peers:
        contenders.prepare_streams()
        if not (places.VENV / "stamp").exists():
            run([sys.executable, "-m", "venv", places.VENV])
            run([places.VENV / "bin" / "pip", "install", "-q", "chdb", "psycopg[binary]"])
            (places.VENV / "stamp").touch()


def micro(plan):
    """The micro benchmarks whose figures the table names."""
    out, _ = run([places.MICRO, "--benchmark_format=json", "--benchmark_filter=Page|Decode|Chunk|Write",
                  f"--benchmark_min_time={0.05 if plan.quick else 0.5}"])
    scale = {"ns": 1e-3, "us": 1, "ms": 1e3, "s": 1e6}
    return [{"name": b["name"], "real_us": round(b["real_time"] * scale[b["time_unit"]], 4),
             "cpu_us": round(b["cpu_time"] * scale[b["time_unit"]], 4), **{k: b[k] for k in ("p99_us", "rows") if k in b}}
            for b in json.loads(out)["benchmarks"]]


def one_round(plan, broker, topics, credentials, rows, number, peers):
    """Everyone once; every other round the other way round, so that no one always follows the same neighbour."""
    databases = {}
    work = plan.work
    runs = [lambda: contenders.raw(plan, broker, topics), lambda: contenders.raw(plan, broker, topics, clients=2),
            lambda: contenders.raw(plan, broker, topics, decode=True),
            lambda: contenders.satindex(plan, broker, topics, credentials, work / "satindex")]
    if peers:
        runs += [lambda: contenders.naive(plan, broker, topics, work / "naive"),
                 lambda: contenders.streams(plan, broker, topics, work / "streams", False),
                 lambda: contenders.streams(plan, broker, topics, work / "streams", True),
                 lambda: load_postgres(plan, rows, databases), lambda: load_clickhouse(plan, rows, databases)]
    found = {}
    for step in runs if number % 2 == 0 else reversed(runs):
        contenders.settle_machine()
        result = step()
        found[result.name] = result.row()
        say(f"  {result.name}: {result.rate:,.0f} events/s, {result.cpu_seconds / result.events * 1e6:.2f} CPU s/M")
    return found, databases


def load_postgres(plan, rows, databases):
    # In the system's temporary folder: its own user must be able to enter it, and a socket's path is short.
    databases["postgres"] = Postgres(Path(os.environ.get("TMPDIR", "/tmp")) / f"satindex-bench-pg-{os.getpid()}")
    return databases["postgres"].load(*rows, plan.peer_events)


def load_clickhouse(plan, rows, databases):
    databases["clickhouse"] = ClickHouse(plan.work / "clickhouse")
    return databases["clickhouse"].load(*rows)


def close(databases):
    if "postgres" in databases:
        databases["postgres"].stop()
    if "clickhouse" in databases:
        databases["clickhouse"].close()


def density(plan, broker, credentials, name, with_peers):
    say(f"{name}: loading {plan.events:,} events of {plan.devices[name]:,} devices")
    topics = traffic.load(plan, broker, name)
    rows = (plan.work / "events.tsv", plan.work / "ownership.tsv")
    if with_peers:
        traffic.write_rows(plan, name, "events", rows[0], plan.peer_events)
        traffic.write_rows(plan, name, "ownership", rows[1])
    section = {"events": topics.event_count, "intervals": topics.interval_count, "devices": plan.devices[name],
               "peer_events": plan.peer_events if with_peers else None, "rounds": []}
    subject = traffic.choose_subject(plan, name, plan.events) if with_peers and plan.queries else None
    for number in range(plan.rounds):
        say(f"{name}: round {number + 1} of {plan.rounds}")
        found, databases = one_round(plan, broker, topics, credentials, rows, number, with_peers)
        section["rounds"].append(found)
        try:
            if number == plan.rounds - 1 and subject:
                say(f"{name}: the questions, to the databases")
                databases["postgres"].add_time_index()
                section["queries"] = questions.ask_postgres(plan, databases["postgres"], subject)
                section["queries"] += questions.ask_clickhouse(plan, databases["clickhouse"], subject)
        finally:
            close(databases)
    say(f"{name}: ownership alone")
    section["ownership"] = contenders.ownership_only(plan, broker, topics, credentials, plan.work / "owned")
    say(f"{name}: within {plan.memory_budget}")
    section["budget"] = contenders.satindex(plan, broker, topics, credentials, plan.work / "satindex", plan.memory_budget,
                                            keep=bool(subject)).row()
    # The rounds' own directories are measured too; the last of them is what the bytes are taken from.
    last = section["rounds"][-1]["satindex"]
    section["rest"] = {"disk_bytes": round(last["bytes_per_event"] * last["events"]),
                       "write_amplification": last["write_amplification"]}
    if subject:
        section["subject"] = {"party": subject.party, "role": subject.role, "hot": len(subject.hot), "cold": len(subject.cold)}
        serve(plan, broker, topics, credentials, subject, section)
    section["summary"] = summarise(section["rounds"])
    return section


def serve(plan, broker, topics, credentials, subject, section):
    """The questions to satindex, over the index that the last run left."""
    tokens = {channel: credentials.token(subject.party, subject.role, subject.users, channel) for channel in ("screen", "report")}
    say("one serving thread against bare Beast")
    section["live"] = {"one_core": one_core(plan, broker, topics, credentials, subject, tokens)}
    node = Node(plan, broker, credentials, plan.work / "satindex", topics.events, topics.ownership, fresh=False)
    try:
        node.wait_ready()
        say("questions, idle")
        before = node.metrics()
        section["queries"] = section.get("queries", []) + questions.ask_satindex(plan, node, subject, tokens, [200, 2000], "idle")
        section["access_wait"] = access_wait(before, node.metrics())
        say("produce to visible")
        section["live"]["visibility"] = live.visibility(plan, broker, node, topics, subject, tokens["report"])
        say("questions while ingesting")
        rate = 5_000 if plan.quick else 50_000
        section["live"]["ingesting"] = live.while_ingesting(plan, broker, node, topics, subject, tokens, rate)
        half = section["rounds"][-1]["satindex"]["events_per_second"] // 2
        say(f"questions while ingesting at half speed: {half:,} events/s, as far as the producer goes")
        section["queries"] += live.fixed_rate_while_ingesting(plan, broker, node, topics, subject, tokens, half)
        node.stop()
    except BaseException:
        node.kill()
        raise
    shutil.rmtree(plan.work / "satindex", ignore_errors=True)


def one_core(plan, broker, topics, credentials, subject, tokens):
    node = Node(plan, broker, credentials, plan.work / "satindex", topics.events, topics.ownership, fresh=False, threads=1)
    try:
        node.wait_ready()
        found = live.one_core(plan, node, subject, tokens)
        node.stop()
        return found
    except BaseException:
        node.kill()
        raise


def access_wait(before, after):
    from .node import quantile
    names = {n for (n, _) in after if "access" in n and n.endswith("_bucket")}
    return {name[:-7]: {f"p{q}": quantile(before, after, name[:-7], q / 100) for q in (50, 99)} for name in names}


def summarise(rounds):
    """Medians, and the ratio to raw as the median of the rounds' ratios."""
    found = {}
    for name in rounds[0]:
        mine = [r[name] for r in rounds]
        medians = {key: statistics.median(r[key] for r in mine) for key in
                   ("events_per_second", "cpu_seconds_per_million", "peak_rss_bytes")}
        sizes = [r["bytes_per_event"] for r in mine if r["bytes_per_event"] is not None]
        found[name] = {**medians, "events": mine[0]["events"], "bytes_per_event": statistics.median(sizes) if sizes else None,
                       "of_raw": round(statistics.median(r[name]["events_per_second"] / r["raw"]["events_per_second"] for r in rounds), 4)}
    return found


def print_tables(results):
    for name in ("dense", "national"):
        if name not in results:
            continue
        print(f"\n{name}: {results[name]['events']:,} events\n{'':32}{'events/s':>12}{'of raw':>9}{'B/event':>9}{'CPU s/M':>9}{'RSS MiB':>9}")
        for who, row in results[name]["summary"].items():
            size = f"{row['bytes_per_event']:.1f}" if row["bytes_per_event"] else "-"
            note = "" if row["events"] == results[name]["events"] else f"  ({row['events']:,} events)"
            print(f"{who:32}{row['events_per_second']:>12,.0f}{row['of_raw']:>9.3f}{size:>9}{row['cpu_seconds_per_million']:>9.2f}"
                  f"{row['peak_rss_bytes'] / (1 << 20):>9.0f}{note}")
    print(f"\n{'figure':88}{'value':>12}{'required':>12}{'aim':>12}")
    for row in results["figures"]:
        verdict = {True: "pass", False: "FAIL", None: "not measured"}[row["passes_required"]]
        aim = " +aim" if row["passes_aim"] else ""
        aim += "" if row["full_size"] or row["value"] is None else " (at a smaller size)"
        value = "-" if row["value"] is None else f"{row['value']:,}"
        print(f"{row['figure']:88}{value:>12}{row['required']:>12,}{row['aim']:>12,} {row['unit']:5} {verdict}{aim}")


def write(plan, results, name):
    results["figures"] = figures.compute(results)
    folder = plan.report()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(results, indent=1, sort_keys=False) + "\n")
    (folder / "index.html").write_text(page.render(results))
    print_tables(results)
    say(f"written: {folder / name}.json, {folder / 'index.html'}")


def earlier(plan, name="latest"):
    """What an earlier run of the other parts found: growth and the rest make one report."""
    path = plan.report() / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else {}


def measure(plan):
    results = earlier(plan)
    results.update({"machine": machine.describe(), "plan": describe(plan)})
    if places.MICRO.exists():
        say("micro benchmarks")
        results["micro"] = micro(plan)
    credentials = Credentials(plan.work / "credentials")
    with Broker(plan.work / "kafka") as broker:
        for topic in ("sat.dead-letter", "sat.access", "sat.events.empty", "dm.ownership.empty"):
            broker.create(topic)
        for name in plan.densities:
            # The databases are compared on the dense topic: what they do does not depend on a batch's density.
            results[name] = density(plan, broker, credentials, name, plan.peers and name == plan.densities[0])
            write(plan, results, "latest")


def measure_growth(plan, sizes):
    results = earlier(plan)
    results.setdefault("machine", machine.describe())
    steps = []
    with Broker(plan.work / "kafka") as broker:
        for topic in ("sat.dead-letter", "sat.access", *growth.EMPTY):
            broker.create(topic)
        for events in sizes:
            say(f"growth: {events:,} events")
            steps.append(growth.measure(plan, broker, plan.densities[0], events))
            say(f"  {steps[-1]['events_per_second']:,} events/s, {steps[-1]['trail_bytes_per_event']} B/event, "
                f"kill to ready {steps[-1]['kill_to_ready_seconds']} s")
            results["growth"] = {"machine": machine.describe(), "density": plan.densities[0], "steps": steps}
            write(plan, results, "latest")


def describe(plan):
    return {key: value for key, value in vars(plan).items() if key != "work"}


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description="What is measured and how: docs/benchmarks/README.md")
    parser.add_argument("what", nargs="?", choices=["macro", "micro", "growth", "report"], default="macro")
    parser.add_argument("--quick", action="store_true", help="small sizes: proves that everything works; its figures mean nothing")
    parser.add_argument("--density", action="append", choices=["dense", "national"])
    parser.add_argument("--events", help="how many [6000000]; growth: a list [1000000,10000000]")
    parser.add_argument("--peer-events", type=int, help="how many the slower contenders get [2000000]")
    parser.add_argument("--rounds", type=int, help="alternating rounds [3]")
    parser.add_argument("--seconds", type=float, help="of one query measurement [10]")
    parser.add_argument("--no-peers", action="store_true", help="without databases, Streams and the naive design; and without queries")
    parser.add_argument("--no-queries", action="store_true")
    parser.add_argument("--work", type=Path, help="scratch folder [build/bench-work]")
    asked, rest = parser.parse_known_args()
    if asked.what == "micro":
        os.execv(places.MICRO, [str(places.MICRO), *rest])
    if rest:
        parser.error(f"unknown: {' '.join(rest)}")
    plan = places.Plan(peers=not asked.no_peers, queries=not (asked.no_queries or asked.no_peers))
    plan.densities = asked.density or (["dense"] if asked.what == "growth" else plan.densities)
    plan.work = asked.work.resolve() if asked.work else plan.work
    sizes = [int(n) for n in (asked.events or "1000000,10000000").split(",")]
    if asked.events and asked.what == "macro":
        plan.events = sizes[0]
    if asked.quick:
        plan.shrink()
        sizes = [100_000, 300_000] if not asked.events else sizes
    plan.rounds = asked.rounds or (1 if asked.quick else plan.rounds)
    plan.peer_events = min(asked.peer_events or plan.peer_events, plan.events)
    plan.seconds = asked.seconds or plan.seconds
    if asked.what == "report":
        write(plan, earlier(plan), "latest")
        return
    prepare(plan)
    measure_growth(plan, sizes) if asked.what == "growth" else measure(plan)


if __name__ == "__main__":
    main()
