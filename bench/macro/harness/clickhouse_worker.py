"""Runs in the environment that has chdb, apart from the orchestrator: loads rows into a ClickHouse on disk, or asks it.

  clickhouse_worker.py load DIRECTORY EVENT_ROWS OWNERSHIP_ROWS
  clickhouse_worker.py ask DIRECTORY RATE SECONDS < one SQL statement a line
"""
import json
import sys
import time

from chdb import session

COLUMNS = ("time_us Int64, event_type LowCardinality(String), user_id Int64, user_role LowCardinality(String), device Int64, "
           "counter UInt64, srv LowCardinality(String), device_type LowCardinality(String), smets LowCardinality(String), "
           "response_code LowCardinality(String), variant Int16, fingerprint Int16")


def load(directory, rows, ownership_rows):
    db = session.Session(directory)
    db.query("CREATE DATABASE IF NOT EXISTS bench ENGINE = Atomic")
    db.query(f"CREATE TABLE bench.events ({COLUMNS}) ENGINE = MergeTree ORDER BY (device, time_us)")
    db.query("CREATE TABLE bench.ownership (device Int64, relation Int8, party LowCardinality(String)) "
             "ENGINE = MergeTree ORDER BY (party, relation, device)")
    db.query(f"INSERT INTO bench.ownership SELECT * FROM file('{ownership_rows}', TSV, "
             "'device Int64, relation Int8, party String')")
    begun = time.monotonic()
    db.query(f"INSERT INTO bench.events SELECT * FROM file('{rows}', TSV, '{COLUMNS}')")
    seconds = time.monotonic() - begun
    db.query("OPTIMIZE TABLE bench.events FINAL")
    size = str(db.query("SELECT sum(bytes_on_disk) FROM system.parts WHERE database = 'bench' AND table = 'events' AND active",
                        "TSV")).strip()
    count = str(db.query("SELECT count() FROM bench.events", "TSV")).strip()
    db.close()
    print(json.dumps({"records": int(count), "seconds": seconds, "bytes": int(size)}))


def ask(directory, rate, seconds):
    db = session.Session(directory)
    statements = [line.strip() for line in sys.stdin if line.strip()]
    for statement in statements[:3]:
        db.query(statement, "JSONEachRow")
    begun, milliseconds, late = time.monotonic(), [], 0
    for i in range(int(rate * seconds)):
        due = begun + i / rate
        wait = due - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        db.query(statements[i % len(statements)], "JSONEachRow")
        milliseconds.append((time.monotonic() - due) * 1000)
        if time.monotonic() - begun > 3 * seconds:
            late = 1
            break
    db.close()
    print(json.dumps({"ms": milliseconds, "overrun": late}))


if __name__ == "__main__":
    if sys.argv[1] == "load":
        load(*sys.argv[2:5])
    else:
        ask(sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))
