#!/usr/bin/env python3
"""Enforces the layers of the design over the #include lines, and the hard limits on files.

A room may include only the rooms below it; a third-party library may be named only in its own room; no source file has
more than 500 lines; each folder has a README. Prints every offence as file:line and exits 1 when there is any.
"""
import pathlib
import re
import subprocess
import sys

ROOMS = ["schemas", "indexer/store", "indexer/ingest", "query/trail", "query/http", "app"]

# Room -> the rooms it may include, itself aside. Strictly downward; ingest and trail never see each other.
MAY_INCLUDE = {
    "schemas": [],
    "indexer/store": ["schemas"],
    "indexer/ingest": ["indexer/store", "schemas"],
    "query/trail": ["indexer/store", "schemas"],
    "query/http": ["query/trail", "indexer/store", "schemas"],
    "app": ["query/http", "query/trail", "indexer/ingest", "indexer/store", "schemas"],
}

# Headers that nobody under query/ may name: reading must not be able to write.
WRITER_SIDE = re.compile(r"^indexer/store/(writer|batch|packing|packer)[_a-z]*\.h$")

# One room per dependency: include pattern -> may it be in this file?
DEPENDENCIES = [
    (re.compile(r"^rocksdb/"), lambda p: room_of(p) == "indexer/store", "RocksDB"),
    (re.compile(r"^librdkafka/|^rdkafka"), lambda p: room_of(p) == "indexer/ingest", "librdkafka"),
    (re.compile(r"^boost/(beast|asio|json|url)"), lambda p: room_of(p) == "query/http", "Beast, Asio, Boost.JSON, URL"),
    (re.compile(r"^openssl/"), lambda p: room_of(p) == "query/http", "OpenSSL"),
    (re.compile(r"^simdjson"), lambda p: room_of(p) == "schemas", "simdjson"),
    (re.compile(r"^CLI/"), lambda p: room_of(p) == "app", "CLI11"),
    (re.compile(r"^prometheus/"), lambda p: re.search(r"_metrics\.(h|cc)$", p) or re.search(r"/ops[_a-z]*\.(h|cc)$", p),
     "prometheus-cpp (only *_metrics files and the ops endpoint)"),
]

LINES_MAX = 500
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')


def room_of(path):
    for room in ROOMS:
        if path.startswith(room + "/"):
            return room
    return None


def include_offence(path, included):
    """Why this file may not include that header, or None."""
    here, there = room_of(path), room_of(included)
    if here and there and there != here and there not in MAY_INCLUDE[here]:
        return f"{here} may not include {there}: {included}"
    if here and included.startswith(("tests/", "bench/")):
        return f"{here} may not include {included}"
    if here and here.startswith("query/") and WRITER_SIDE.match(included):
        return f"query/ may not name the writer's side: {included}"
    if here:
        for pattern, allowed, name in DEPENDENCIES:
            if pattern.match(included) and not allowed(path):
                return f"{name} does not belong here: {included}"
    return None


def check_file(root, path):
    offences = []
    lines = (root / path).read_text(encoding="utf-8").splitlines()
    if len(lines) > LINES_MAX:
        offences.append(f"{path}:{len(lines)}: {len(lines)} lines, the hard stop is {LINES_MAX}")
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        offence = match and include_offence(path, match.group(1))
        if offence:
            offences.append(f"{path}:{number}: {offence}")
    return offences


def self_test():
    """The rules themselves, by example: what must be refused and what must pass."""
    refused = [
        ("schemas/ids.cc", "indexer/store/shard.h"),
        ("indexer/store/shard.cc", "query/trail/policy.h"),
        ("indexer/ingest/worker.cc", "query/trail/policy.h"),
        ("query/trail/service.cc", "indexer/ingest/ingest.h"),
        ("query/trail/service.cc", "indexer/store/writer.h"),
        ("query/http/server.cc", "app/log.h"),
        ("query/trail/service.cc", "rocksdb/db.h"),
        ("app/run.cc", "librdkafka/rdkafka.h"),
        ("app/token.cc", "openssl/evp.h"),
        ("schemas/status.h", "prometheus/counter.h"),
        ("query/http/server.cc", "CLI/CLI.hpp"),
        ("indexer/store/shard.cc", "tests/support/x.h"),
    ]
    allowed = [
        ("app/run.cc", "query/http/server.h"),
        ("app/run.cc", "indexer/ingest/ingest.h"),
        ("indexer/ingest/worker.cc", "indexer/store/writer.h"),
        ("query/http/endpoint.cc", "query/trail/service.h"),
        ("indexer/store/store_metrics.cc", "prometheus/counter.h"),
        ("schemas/status.h", "boost/system/result.hpp"),
        ("tests/store/shard_test.cc", "rocksdb/db.h"),
    ]
    for path, included in refused:
        assert include_offence(path, included), f"should refuse {path} -> {included}"
    for path, included in allowed:
        assert not include_offence(path, included), f"should allow {path} -> {included}"


def main():
    self_test()
    root = pathlib.Path(__file__).resolve().parents[2]
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True)
    if listed.returncode == 0:
        tracked = [f for f in listed.stdout.split("\0") if f and (root / f).is_file()]
    else:  # a source archive without git
        tracked = [str(p.relative_to(root)) for p in root.rglob("*")
                   if p.is_file() and p.relative_to(root).parts[0] not in ("build", ".git", ".cache")]
    sources = [f for f in tracked if f.endswith((".h", ".cc", ".js", ".py", ".css"))]
    offences = [o for f in sorted(sources) for o in check_file(root, f)]
    folders = {str(pathlib.Path(f).parent) for f in sources if room_of(f)}
    offences += [f"{r}: has no README.md" for r in ROOMS
                 if any(d == r or d.startswith(r + "/") for d in folders) and not (root / r / "README.md").is_file()]
    for offence in offences:
        print(offence)
    print(f"{len(sources)} files, {len(offences)} offences", file=sys.stderr)
    return 1 if offences else 0


if __name__ == "__main__":
    sys.exit(main())
