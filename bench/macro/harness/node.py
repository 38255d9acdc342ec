"""`satindex run` under measurement: start, readiness, metrics, rest, stop."""
import http.client
import re
import shutil
import signal
import time
from dataclasses import dataclass, field

from . import places
from .process import Failed, Running, cpu_seconds, disk_bytes, free_port, peak_rss, run

_LINE = re.compile(r'^(\w+)(?:\{([^}]*)\})? ([^ ]+)$')
ISSUER, AUDIENCE = "https://bench.invalid", "satindex"


def parse_metrics(text):
    values = {}
    for line in text.splitlines():
        match = _LINE.match(line)
        if match:
            values[(match[1], match[2] or "")] = float(match[3])
    return values


def total(metrics, name, *labels):
    return sum(v for (n, l), v in metrics.items() if n == name and all(part in l for part in labels))


def quantile(before, after, name, q, *labels):
    """From a histogram's growth; linear within a bucket, None when it has not grown."""
    bounds = {}
    for (n, l), v in after.items():
        if n == name + "_bucket" and all(part in l for part in labels):
            le = re.search(r'le="([^"]+)"', l)[1]
            bounds[float(le)] = bounds.get(float(le), 0) + v - before.get((n, l), 0)
    edges = sorted(bounds.items())
    if not edges or edges[-1][1] <= 0:
        return None
    wanted, low, below = edges[-1][1] * q, 0.0, 0.0
    for edge, count in edges:
        if count >= wanted:
            if edge == float("inf"):
                return low
            return low + (edge - low) * (wanted - below) / max(count - below, 1e-9)
        low, below = edge, count
    return low


@dataclass
class CatchUp:
    """One start to ready, and what was left behind."""
    seconds: float = 0
    ownership_seconds: float = 0     # until the last interval was read
    events_before_ownership: int = 0  # events already read by then
    cpu_seconds: float = 0           # at ready
    rest_cpu_seconds: float = 0      # once at rest
    rest_seconds: float = 0          # from ready to rest
    peak_rss_bytes: int = 0
    disk_bytes: int = 0
    first_write_bytes: int = 0
    all_write_bytes: int = 0
    timeline: list = field(default_factory=list)  # (seconds, events read, intervals read)


class Credentials:
    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self.key, self.jwks = folder / "key.pem", folder / "jwks.json"
        self.token("NOBODY", "OU", [])

    def token(self, party, role, users, scope="screen"):
        command = [places.SATINDEX, "token", "--key", self.key, "--jwks", self.jwks, "--issuer", ISSUER,
                   "--audience", AUDIENCE, "--party", party, "--role", role, "--scope", scope, "--ttl", "24h"]
        for user in users:
            command += ["--user-id", user]
        return run(command)[0].strip()


class Node:
    def __init__(self, plan, broker, credentials, data_dir, events_topic, ownership_topic, memory_budget=None, fresh=True, threads=None):
        if fresh:
            shutil.rmtree(data_dir, ignore_errors=True)
        data_dir.parent.mkdir(parents=True, exist_ok=True)
        self.data_dir = data_dir
        self.http, self.ops = free_port(), free_port()
        command = [places.SATINDEX, "run", "--kafka-brokers", broker.address, "--events-topic", events_topic,
                   "--ownership-topic", ownership_topic, "--data-dir", data_dir, "--http-listen", f"127.0.0.1:{self.http}",
                   "--ops-listen", f"127.0.0.1:{self.ops}", "--jwks", credentials.jwks, "--jwt-issuer", ISSUER,
                   "--jwt-audience", AUDIENCE, "--access-option", "B", "--log-format", "text"]
        if memory_budget:
            command += ["--memory-budget", memory_budget]
        if threads:
            command += ["--http-threads", str(threads)]
        self.log = data_dir.parent / (data_dir.name + ".log")
        self.process = Running(command, log=self.log)

    def ask(self, path, port=None, token=None, timeout=10):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.ops, timeout=timeout)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def metrics(self):
        return parse_metrics(self.ask("/metrics")[1].decode())

    def wait_ready(self, intervals=0, timeout=3600, sample=0.25):
        """Polls every 20 ms; looks at the metrics more seldom. Both take from the cores that are measured."""
        caught, end, next_sample = CatchUp(), time.monotonic() + timeout, 0.0
        while True:
            now = time.monotonic()
            if not self.process.alive():
                raise Failed(f"satindex ended with {self.process.process.returncode}:\n{self.log.read_text()[-2000:]}")
            if now > end:
                raise Failed(f"not ready within {timeout} s:\n{self.ask('/readyz?verbose')[1].decode()}")
            try:
                status, _ = self.ask("/readyz")
            except OSError:
                time.sleep(0.02)
                continue
            if status == 200:
                caught.seconds = time.monotonic() - self.process.started
                break
            if intervals and now >= next_sample:
                next_sample = now + sample
                self._sample(caught, intervals)
            time.sleep(0.02)
        usage = self.process.usage()
        caught.cpu_seconds, caught.peak_rss_bytes = usage.cpu_seconds, usage.peak_rss_bytes
        if intervals:
            self._sample(caught, intervals)
        return caught

    def _sample(self, caught, intervals):
        metrics = self.metrics()
        at = time.monotonic() - self.process.started
        events = total(metrics, "satindex_records_total", 'topic="events"', 'outcome="consumed"')
        owned = total(metrics, "satindex_records_total", 'topic="ownership"', 'outcome="consumed"')
        caught.timeline.append((round(at, 3), int(events), int(owned)))
        if not caught.ownership_seconds and owned >= intervals:
            caught.ownership_seconds, caught.events_before_ownership = at, int(events)

    def settle(self, caught, timeout=300, calm=3.0):
        """Waits until compaction has nothing left to do, then stops cleanly and looks at the disk."""
        begun = time.monotonic()
        last, since, cpu_then = None, begun, cpu_seconds(self.process.pid)
        while time.monotonic() - begun < timeout:
            metrics = self.metrics()
            state = (total(metrics, "satindex_store_compaction_bytes"), total(metrics, "satindex_store_flush_bytes"),
                     total(metrics, "satindex_pending_tasks"))
            now, cpu = time.monotonic(), cpu_seconds(self.process.pid)
            # A long compaction counts its bytes only at its end: while it works, the processor tells.
            if state != last or (now - since >= calm and cpu - cpu_then > 0.2 * (now - since)):
                last, since, cpu_then = state, now, cpu
            elif now - since >= calm:
                break
            time.sleep(0.2)
        caught.rest_seconds = since - begun
        caught.first_write_bytes = int(total(metrics, "satindex_store_ingested_bytes") + total(metrics, "satindex_store_flush_bytes"))
        caught.all_write_bytes = caught.first_write_bytes + int(total(metrics, "satindex_store_compaction_bytes"))
        caught.rest_cpu_seconds = cpu_seconds(self.process.pid)
        caught.peak_rss_bytes = max(caught.peak_rss_bytes, peak_rss(self.process.pid))
        self.stop()
        caught.disk_bytes = disk_bytes(self.data_dir)
        return caught

    def stop(self):
        code = self.process.stop()
        if code not in (0, -signal.SIGKILL):
            raise Failed(f"satindex ended with {code}:\n{self.log.read_text()[-2000:]}")

    def kill(self):
        self.process.stop(signal.SIGKILL)
