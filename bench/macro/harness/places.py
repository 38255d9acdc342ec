"""Where things are, and how large a run is."""
import os
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BUILD = Path(os.environ.get("SATINDEX_BENCH_BUILD", ROOT / "build" / "bench"))
SATINDEX = BUILD / "satindex"
TOOLS = BUILD / "bench" / "macro"
MICRO = BUILD / "bench" / "micro" / "micro_bench"
KAFKA_LIB = Path(os.environ.get("SATINDEX_KAFKA_LIB", ROOT / "build" / "kafka" / "lib"))
STREAMS = ROOT / "build" / "bench-streams"
VENV = ROOT / "build" / "bench-venv"
GOBIN = ROOT / "build" / "gobin"
POSTGRES_BIN = Path("/usr/lib/postgresql/15/bin")
REPORT = ROOT / "docs" / "benchmarks"
PARTITIONS = 4

DEVICES = {"dense": 100_000, "national": 3_000_000}


@dataclass
class Plan:
    """What one run measures. `quick` is to see that everything works: its figures mean nothing."""
    quick: bool = False
    densities: list = field(default_factory=lambda: ["dense", "national"])
    events: int = 6_000_000
    peer_events: int = 2_000_000
    rounds: int = 3
    devices: dict = field(default_factory=lambda: dict(DEVICES))
    peers: bool = True
    queries: bool = True
    seconds: float = 10.0  # of one query measurement
    memory_budget: str = "1GiB"
    work: Path = ROOT / "build" / "bench-work"

    def report(self):
        """A small run proves that everything works; it must not replace figures that mean something."""
        return REPORT if self.events >= 6_000_000 and not self.quick else self.work / "report"

    def shrink(self):
        self.quick = True
        self.events = min(self.events, 300_000)
        self.peer_events = min(self.peer_events, 100_000)
        self.devices = {"dense": 10_000, "national": 100_000}
        self.seconds = 2.0
        return self
