"""Runs in the environment that has psycopg: asks a PostgreSQL, open loop, on one connection; latencies from the intended start.

  postgres_worker.py SOCKET_DIRECTORY PORT RATE SECONDS < one SQL statement a line
"""
import json
import sys
import time

import psycopg


def main(host, port, rate, seconds):
    statements = [line.strip() for line in sys.stdin if line.strip()]
    with psycopg.connect(host=host, port=port, user="postgres", dbname="postgres", autocommit=True) as db:
        for statement in statements[:20]:
            db.execute(statement).fetchall()
        begun, milliseconds, late = time.monotonic(), [], 0
        for i in range(int(rate * seconds)):
            due = begun + i / rate
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            db.execute(statements[i % len(statements)]).fetchall()
            milliseconds.append((time.monotonic() - due) * 1000)
            if time.monotonic() - begun > 3 * seconds:
                late = 1
                break
    print(json.dumps({"ms": milliseconds, "overrun": late}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]))
