"""What the figures were taken on, without names of hosts or people."""
import os
import platform
import re
import subprocess
import time
from pathlib import Path

from . import places


def _first_line(*command):
    try:
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0] if lines else None


def _python_package(name):
    try:
        out = subprocess.run([places.VENV / "bin" / "python", "-c", f"import importlib.metadata as m; print(m.version('{name}'))"],
                             capture_output=True, text=True, timeout=60)
        return out.stdout.strip() or None
    except OSError:
        return None


def _package(name):
    return _first_line("dpkg-query", "-W", "-f=${Version}", name)


def _kafka(lib, stem):
    names = sorted(Path(lib).glob(f"{stem}-*.jar"))
    return re.search(r"-([\d.]+)\.jar$", names[0].name)[1] if names else None


def describe():
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1])
    system = Path("/etc/os-release").read_text()
    return {
        "taken": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "commit": _first_line("git", "-C", places.ROOT, "rev-parse", "--short=12", "HEAD"),
        "dirty": bool(_first_line("git", "-C", places.ROOT, "status", "--porcelain", "--untracked-files=no")),
        "cpu": cpu[1] if cpu else platform.machine(), "cores": os.cpu_count(), "memory_gib": round(memory / (1 << 20), 1),
        "kernel": platform.release(), "system": re.search(r'PRETTY_NAME="(.*)"', system)[1],
        "load_at_start": os.getloadavg()[0],
        "versions": {
            "satindex": _first_line(places.SATINDEX, "version"), "gcc": _package("g++-12"), "librdkafka": _package("librdkafka-dev"),
            "RocksDB": _package("librocksdb-dev"), "Boost": _package("libboost1.81-dev"), "simdjson": _package("libsimdjson-dev"),
            "Apache Kafka": _kafka(places.KAFKA_LIB, "kafka_2.13"), "Kafka Streams": _kafka(places.STREAMS / "lib", "kafka-streams"),
            "PostgreSQL": _package("postgresql-15"), "chdb": _python_package("chdb"), "psycopg": _python_package("psycopg"),
            "java": _first_line("java", "-version"), "wrk": _package("wrk"), "python": platform.python_version(),
            "vegeta": _vegeta()},
    }


def _vegeta():
    line = subprocess.run(["go", "version", "-m", places.GOBIN / "vegeta"], capture_output=True, text=True,
                          env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/local/go/bin"}).stdout \
        if (places.GOBIN / "vegeta").exists() else ""
    found = re.search(r"mod\s+github.com/tsenart/vegeta\S*\s+(\S+)", line)
    return found[1] if found else None
