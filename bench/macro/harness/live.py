"""The index while it follows: visibility of single events, questions while events arrive, one core against bare Beast."""
import statistics
import subprocess

from . import places
from .contenders import settle_machine
from .load import Background, open_loop, saturate, saturate_open_loop_client, summary, write_targets
from .node import quantile
from .process import Failed, Running, run, run_json
from .questions import ask_satindex, routes
from .traffic import gen

# Later than everything the topics hold, so that no event is one that is there already.
LATER = "2026-06-01T00:00:00Z"


def arriving(plan, broker, topics, rate, start=LATER):
    source = gen(plan, topics.density, "--events", 1 << 32, "--start", start)
    return Background(source, broker, topics.events, rate)


def visibility(plan, broker, node, topics, subject, token, rate=20_000):
    """Produce to visible at `rate` events a second: by probes over HTTP, and by the product's own histogram."""
    token_file = plan.work / "token"
    token_file.write_text(token)
    count = 40 if plan.quick else 400
    with arriving(plan, broker, topics, rate) as background:
        settle_machine(2)
        before = node.metrics()
        out, _ = run_json([places.TOOLS / "visible_probe", broker.address, topics.events, str(node.http), token_file,
                           subject.users[0], subject.hot[0], str(count), "37"])
        after = node.metrics()
        produced = background.stop()
    exported = {f"p{int(q * 100)}_ms": (lambda v: None if v is None else round(v * 1000, 2))(
        quantile(before, after, "satindex_visible_seconds", q)) for q in (0.5, 0.99)}
    return {"rate_wanted": rate, "rate_kept": round(produced["records"] / produced["seconds"]), "lost": out["lost"],
            "probe": summary(out["ms"]), "exported": exported}


def while_ingesting(plan, broker, node, topics, subject, tokens, rate):
    """Saturation of hot device pages while events arrive, by wrk and by the client of the open loop, then an open loop at half of the
    latter."""
    hot = routes(subject)["hot"]
    with arriving(plan, broker, topics, rate, "2026-07-01T00:00:00Z") as background:
        settle_machine(2)
        by_wrk, saturation, measured = {}, {}, {}
        for channel, token in tokens.items():
            by_wrk[channel] = saturate(node.http, hot, token, plan.seconds, plan.work)
            targets = write_targets(plan.work / "targets", node.http, hot, token)
            saturation[channel] = saturate_open_loop_client(targets, plan.seconds, plan.work)
            measured[channel] = open_loop(targets, saturation[channel]["requests_per_second"] / 2, plan.seconds, plan.work)
        produced = background.stop()
    return {"rate_wanted": rate, "rate_kept": round(produced["records"] / produced["seconds"]),
            "saturation_by_wrk": by_wrk, "saturation": saturation, "half": measured}


def fixed_rate_while_ingesting(plan, broker, node, topics, subject, tokens, rate, queries_rate=500):
    """All kinds of questions at one rate while events arrive as fast as wanted, or as the producer goes."""
    with arriving(plan, broker, topics, rate, "2026-08-01T00:00:00Z") as background:
        settle_machine(2)
        found = ask_satindex(plan, node, subject, tokens, [queries_rate], "ingesting")
        produced = background.stop()
    kept = round(produced["records"] / produced["seconds"])
    for row in found:
        row["when"] = f"ingesting {kept / 1000:.0f} k events/s"
    return found


def bare(plan, body):
    """One thread of Boost.Beast on core 0 that answers these bytes; the process and its port."""
    body_file = plan.work / "body.json"
    body_file.write_bytes(body)
    server = Running(["taskset", "-c", "0", places.TOOLS / "bare_beast", body_file], stdout=subprocess.PIPE)
    return server, int(server.process.stdout.readline())


def usual_body(node, paths, token):
    """Of these pages the one nearest to their mean size."""
    bodies = []
    for path in paths:
        status, body = node.ask(path, port=node.http, token=token)
        if status != 200:
            raise Failed(f"{path}: {status}")
        bodies.append(body)
    mean = statistics.mean(map(len, bodies))
    return min(bodies, key=lambda body: abs(len(body) - mean))


def one_core(plan, node, subject, tokens):
    """Requests a second of the hot devices' pages, in turn, from a node with one serving thread, the whole process on one core, and
    of bare Beast sending bytes as many from one thread on that core; three alternating rounds, medians. The client has the other
    core."""
    hot = routes(subject)["hot"]
    found = {}
    run(["taskset", "-a", "-p", "-c", "0", str(node.process.pid)])
    try:
        for channel, token in tokens.items():
            body = usual_body(node, hot, token)
            rates = {"bare": [], "satindex": []}
            server, port = bare(plan, body)
            try:
                for _ in range(1 if plan.quick else 3):
                    for who, at in (("bare", port), ("satindex", node.http)):
                        rates[who].append(saturate(at, hot, token, plan.seconds / 2, plan.work, cpu=1)["requests_per_second"])
            finally:
                server.stop()
            medians = {who: statistics.median(values) for who, values in rates.items()}
            found[channel] = {"body_bytes": len(body), "rounds": rates, **medians,
                              "ratio": round(medians["satindex"] / medians["bare"], 3)}
    finally:
        run(["taskset", "-a", "-p", "-c", "0-1", str(node.process.pid)])
    return found
