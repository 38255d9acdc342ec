"""PostgreSQL 15 in a cluster of its own: COPY with two indexes, and the questions. Its server runs as user postgres."""
import os
import pwd
import shutil
import time

from . import places
from .contenders import Result
from .process import Failed, cpu_seconds, disk_bytes, free_port, peak_rss, run, tree

_TABLE = """
CREATE TABLE events (time_us bigint NOT NULL, event_type text NOT NULL, user_id bigint NOT NULL, user_role text NOT NULL,
  device bigint NOT NULL, counter numeric NOT NULL, srv text, device_type text, smets text, response_code text,
  variant smallint, fingerprint smallint);
CREATE INDEX by_device ON events (device, time_us DESC);
CREATE INDEX by_user ON events (user_id, time_us DESC);
CREATE TABLE ownership (device bigint NOT NULL, relation smallint NOT NULL, party text NOT NULL);
CREATE INDEX by_holding ON ownership (device, relation);
"""
_CONFIG = """
listen_addresses = ''
shared_buffers = 1GB
max_wal_size = 8GB
checkpoint_timeout = 30min
maintenance_work_mem = 256MB
"""


class Postgres:
    def __init__(self, folder):
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if os.geteuid() == 0:
            # The server refuses to be root, and a user's folders may be closed to it.
            user = pwd.getpwnam("postgres")
            os.chown(folder, user.pw_uid, user.pw_gid)
            for parent in folder.parents:
                if not parent.stat().st_mode & 0o001:
                    raise Failed(f"{parent} cannot be entered by user postgres: set --work to another folder")
        self.data = folder / "data"
        self.port = free_port()
        self._as_postgres("initdb", "-D", self.data, "-A", "trust", "-U", "postgres", "--no-sync")
        run(self._prefix() + ["sh", "-c", f"cat >> {self.data}/postgresql.conf <<'END'\n{_CONFIG}END"])
        self._as_postgres("pg_ctl", "-D", self.data, "-w", "-l", folder / "server.log", "-o",
                          f"-p {self.port} -k {folder}", "start")
        self.pid = int((self.data / "postmaster.pid").read_text().split()[0])

    @staticmethod
    def _prefix():
        return ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []

    def _as_postgres(self, program, *arguments):
        # pg_ctl leaves a server behind that holds the pipes: its output goes to a file.
        command = " ".join(f"'{a}'" for a in [places.POSTGRES_BIN / program, *arguments])
        run(self._prefix() + ["sh", "-c", f"{command} >{self.folder}/command.log 2>&1 || {{ cat {self.folder}/command.log >&2; exit 1; }}"])

    def sql(self, text, stdin=None):
        return run(["psql", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-p", str(self.port), "-U", "postgres", "-c", text],
                   stdin=stdin)

    def load(self, rows, ownership_rows, events):
        self.sql(_TABLE)
        with open(ownership_rows, "rb") as source:
            self.sql("COPY ownership FROM STDIN", source)
        before = cpu_seconds(self.pid)
        begun = time.monotonic()
        with open(rows, "rb") as source:
            _, client = self.sql("COPY events FROM STDIN", source)
        seconds = time.monotonic() - begun
        # A backend's time joins the postmaster's children when it ends: psql has ended, so this is all of it.
        cpu = client.cpu_seconds + sum(self._children_cpu()) + cpu_seconds(self.pid) - before
        peak = max(peak_rss(p) for p in tree(self.pid))
        self.sql("VACUUM (FREEZE, ANALYZE) events")
        self.sql("CHECKPOINT")
        size = int(self.sql("SELECT pg_total_relation_size('events')")[0].strip())
        return Result("PostgreSQL COPY", events, seconds, cpu, peak, size,
                      {"directory_bytes": disk_bytes(self.data), "note": "rows decoded beforehand; bytes: table and two indexes"})

    def _children_cpu(self):
        fields = open(f"/proc/{self.pid}/stat").read().rsplit(")", 1)[1].split()
        ticks = os.sysconf("SC_CLK_TCK")
        yield (int(fields[13]) + int(fields[14])) / ticks

    def add_time_index(self):
        """For the portfolio questions only; not part of the load."""
        self.sql("CREATE INDEX by_time ON events (time_us DESC)")
        self.sql("CREATE INDEX by_party ON ownership (party, relation)")
        self.sql("ANALYZE")

    def stop(self):
        try:
            self._as_postgres("pg_ctl", "-D", self.data, "-m", "fast", "-w", "stop")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
