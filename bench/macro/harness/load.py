"""vegeta for open loops, wrk for saturation. Latencies count from the moment a request was meant to leave."""
import csv
import subprocess
from . import places
from .process import Failed, end_with_parent, run

# The second still builds with the Go of Debian 12.
VEGETA = ("github.com/tsenart/vegeta/v12@latest", "github.com/tsenart/vegeta/v12@v12.11.1")
# Where a latency curve is drawn: 0, 50, 75 ... 99.999 percent.
CURVE = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.975, 0.98, 0.99, 0.995, 0.999, 0.9995,
         0.9999, 0.99999]


def percentile(ordered, q):
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def summary(milliseconds, **more):
    ordered = sorted(milliseconds)
    if not ordered:
        raise Failed("no answers were measured")
    curve = [(q, round(percentile(ordered, q), 4)) for q in CURVE if (1 - q) * len(ordered) >= 1 or q == 0]
    return {"count": len(ordered), "p50_ms": round(percentile(ordered, 0.5), 4), "p90_ms": round(percentile(ordered, 0.9), 4),
            "p99_ms": round(percentile(ordered, 0.99), 4), "p999_ms": round(percentile(ordered, 0.999), 4),
            "max_ms": round(ordered[-1], 4), "curve": curve, **more}


def write_targets(path, port, paths, token):
    with open(path, "w", encoding="utf-8") as out:
        for route in paths:
            out.write(f"GET http://127.0.0.1:{port}{route}\nAuthorization: Bearer {token}\n\n")
    return path


def attack(targets, seconds, work, *how, connections=64):
    """(sequence, nanoseconds sent at, latency, status) of each request, and what the client used."""
    raw = work / "vegeta.bin"
    _, usage = run([places.GOBIN / "vegeta", "attack", f"-duration={seconds}s", f"-targets={targets}", f"-output={raw}",
                    f"-connections={connections}", f"-max-connections={connections}", "-timeout=10s", "-max-body=0",
                    "-redirects=-1", *how], timeout=seconds * 3 + 60)
    text, _ = run([places.GOBIN / "vegeta", "encode", "-to=csv", raw])
    raw.unlink()
    return [(int(r[8]), int(r[0]), int(r[2]), int(r[1])) for r in csv.reader(text.splitlines()) if len(r) > 8], usage


def open_loop(targets, rate, seconds, work):
    """A request every 1/rate seconds, whether or not the ones before have been answered."""
    rows, usage = attack(targets, seconds, work, f"-rate={max(1, int(rate))}", "-workers=32")
    period = 1e9 / max(1, int(rate))
    # The schedule that the earliest request allows: no answer looks better than it was.
    start = min(stamp - seq * period for seq, stamp, _, _ in rows)
    intended = [(stamp + latency - (start + seq * period)) / 1e6 for seq, stamp, latency, _ in rows]
    bad = sum(1 for *_, status in rows if status != 200)
    return summary(intended, rate=int(rate), failed=bad, client_cpu_seconds=round(usage.cpu_seconds, 2))


_SCRIPT = """
local paths = {{}}
for line in io.lines("{paths}") do paths[#paths + 1] = line end
local at = 0
local headers = {{ ["Authorization"] = "Bearer {token}", ["Host"] = "bench" }}
request = function()
  at = at % #paths + 1
  return wrk.format("GET", paths[at], headers)
end
done = function(summary, latency, requests)
  io.write(string.format('{{"requests":%d,"microseconds":%d,"errors":%d,"p50_us":%.1f,"p99_us":%.1f}}\\n', summary.requests, summary.duration,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""


def saturate(port, paths, token, seconds, work, connections=32, cpu=None):
    """As many as it answers, `connections` at a time; requests a second."""
    import json
    names = work / "wrk.paths"
    names.write_text("\n".join(paths) + "\n")
    script = work / "wrk.lua"
    script.write_text(_SCRIPT.format(paths=names, token=token))
    command = ["wrk", "-t1", f"-c{connections}", f"-d{int(max(1, seconds))}s", "-s", script, f"http://127.0.0.1:{port}/"]
    if cpu is not None:
        command = ["taskset", "-c", str(cpu)] + command
    out = json.loads(run(command, timeout=seconds + 60)[0].strip().splitlines()[-1])
    out["requests_per_second"] = round(out["requests"] / out["microseconds"] * 1e6)
    if out["errors"]:
        raise Failed(f"wrk saw {out['errors']} errors")
    return out


def saturate_open_loop_client(targets, seconds, work, connections=32):
    """As many as are answered to the client of the open loops, `connections` at a time; requests a second. Half of what a cheaper
    client (wrk) gets can be more than this one can send beside it on the same cores."""
    rows, usage = attack(targets, seconds, work, "-rate=0", f"-max-workers={connections}", connections=connections)
    if any(status != 200 for *_, status in rows):
        raise Failed("vegeta saw errors")
    took = max(stamp + latency for _, stamp, latency, _ in rows) - min(stamp for _, stamp, *_ in rows)
    return {"requests": len(rows), "requests_per_second": round(len(rows) / took * 1e9), "client_cpu_seconds": round(usage.cpu_seconds, 2)}


class Background:
    """Events arriving while something else is measured: gen into paced_produce."""

    def __init__(self, source, broker, topic, rate):
        self.source = subprocess.Popen([str(c) for c in source], stdout=subprocess.PIPE, preexec_fn=end_with_parent)
        self.sink = subprocess.Popen([str(places.TOOLS / "paced_produce"), broker.address, topic, str(rate)],
                                     stdin=self.source.stdout, stdout=subprocess.PIPE, preexec_fn=end_with_parent)
        self.source.stdout.close()

    def stop(self):
        import json
        self.source.terminate()
        self.source.wait(10)
        try:
            out, _ = self.sink.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self.sink.kill()
            self.sink.wait(10)
            raise Failed("the producer did not end") from None
        return json.loads(out)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.sink.poll() is None:
            self.stop()


def install_vegeta():
    import os
    if (places.GOBIN / "vegeta").exists():
        return
    go = "/usr/local/go/bin/go" if os.path.exists("/usr/local/go/bin/go") else "go"
    for version in VEGETA:
        try:
            run([go, "install", version], env={**os.environ, "GOBIN": str(places.GOBIN)})
            return
        except Failed:
            if version == VEGETA[-1]:
                raise
