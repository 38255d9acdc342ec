"""Everything that reads the same topic, one function each; a Result says what it cost."""
import os
import shutil
import time
from dataclasses import dataclass, field

from . import places
from .node import Node
from .process import disk_bytes, run, run_json


@dataclass
class Result:
    name: str
    events: int
    seconds: float
    cpu_seconds: float
    peak_rss_bytes: int
    disk_bytes: int = 0
    extra: dict = field(default_factory=dict)

    @property
    def rate(self):
        return self.events / self.seconds

    def row(self):
        return {"name": self.name, "events": self.events, "seconds": round(self.seconds, 4),
                "events_per_second": round(self.rate), "cpu_seconds_per_million": round(self.cpu_seconds / self.events * 1e6, 3),
                "peak_rss_bytes": self.peak_rss_bytes,
                "bytes_per_event": round(self.disk_bytes / self.events, 2) if self.disk_bytes else None, **self.extra}


def raw(plan, broker, topics, clients=1, decode=False):
    out, usage = run_json([places.TOOLS / "raw_consume", broker.address, topics.events,
                           "decode" if decode else "raw", str(clients)])
    assert out["records"] == topics.event_count, out
    name = ("decode" if decode else "raw") + (f" ({clients} clients)" if clients > 1 else "")
    return Result(name, out["records"], out["seconds"], usage.cpu_seconds, usage.peak_rss_bytes)


def satindex(plan, broker, topics, credentials, data_dir, memory_budget=None, keep=False):
    node = Node(plan, broker, credentials, data_dir, topics.events, topics.ownership, memory_budget)
    try:
        caught = node.settle(node.wait_ready(topics.interval_count))
    except BaseException:
        node.kill()
        raise
    after = topics.event_count - caught.events_before_ownership
    extra = {"ownership_seconds": round(caught.ownership_seconds, 3),
             "events_before_ownership": caught.events_before_ownership,
             "events_per_second_after_ownership":
                 round(after / (caught.seconds - caught.ownership_seconds)) if caught.seconds > caught.ownership_seconds else None,
             "rest_seconds": round(caught.rest_seconds, 2),
             "rest_cpu_seconds_per_million": round(caught.rest_cpu_seconds / topics.event_count * 1e6, 3),
             "write_amplification": round(caught.all_write_bytes / max(caught.first_write_bytes, 1), 3),
             "timeline": caught.timeline}
    if memory_budget:
        extra["memory_budget"] = memory_budget
    result = Result("satindex", topics.event_count, caught.seconds, caught.cpu_seconds, caught.peak_rss_bytes,
                    caught.disk_bytes, extra)
    if not keep:
        shutil.rmtree(data_dir, ignore_errors=True)
    return result


def ownership_only(plan, broker, topics, credentials, data_dir):
    """The ledger alone: what an interval costs to read and to keep."""
    node = Node(plan, broker, credentials, data_dir, "sat.events.empty", topics.ownership)
    try:
        caught = node.settle(node.wait_ready(topics.interval_count))
    except BaseException:
        node.kill()
        raise
    shutil.rmtree(data_dir, ignore_errors=True)
    read = caught.ownership_seconds or caught.seconds
    return {"intervals": topics.interval_count, "seconds_to_read": round(read, 3), "seconds_to_ready": round(caught.seconds, 3),
            "intervals_per_second": round(topics.interval_count / read), "disk_bytes": caught.disk_bytes,
            "bytes_per_interval": round(caught.disk_bytes / topics.interval_count, 2),
            "cpu_seconds_per_million": round(caught.cpu_seconds / topics.interval_count * 1e6, 3),
            "peak_rss_bytes": caught.peak_rss_bytes}


def naive(plan, broker, topics, folder):
    shutil.rmtree(folder, ignore_errors=True)
    out, usage = run_json([places.TOOLS / "naive_index", broker.address, topics.events, topics.ownership, folder,
                           str(plan.peer_events)])
    result = Result("naive Puts", out["records"], out["seconds"], usage.cpu_seconds, usage.peak_rss_bytes, disk_bytes(folder))
    shutil.rmtree(folder, ignore_errors=True)
    return result


def prepare_streams():
    source = places.ROOT / "bench" / "macro" / "kafka-streams"
    lib, classes = places.STREAMS / "lib", places.STREAMS / "classes"
    if not list(lib.glob("kafka-streams-*.jar")):
        run(["mvn", "-B", "-q", "-f", source / "pom.xml", "dependency:copy-dependencies", f"-DoutputDirectory={lib}"])
    run(["javac", "-cp", f"{lib}/*", "-d", classes, source / "TrailStreams.java"])


def streams(plan, broker, topics, folder, changelog):
    shutil.rmtree(folder, ignore_errors=True)
    out, usage = run_json(["java", "-Xmx2g", "-cp", f"{places.STREAMS}/classes:{places.STREAMS}/lib/*", "TrailStreams",
                           broker.address, topics.events, topics.ownership, folder, str(plan.peer_events),
                           "true" if changelog else "false"])
    result = Result("Kafka Streams" + (" with changelog" if changelog else ""), out["records"], out["seconds"],
                    usage.cpu_seconds, usage.peak_rss_bytes, disk_bytes(folder))
    shutil.rmtree(folder, ignore_errors=True)
    return result


def settle_machine(seconds=2.0):
    """Dirty pages written and the broker quiet, so that one contender does not pay for the one before."""
    os.sync()
    time.sleep(seconds)
