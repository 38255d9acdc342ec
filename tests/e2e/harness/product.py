"""The built binary as a child process, and its HTTP answers. Everything here uses only what CONTRACT 3 and 4 write."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import requests

from . import tokens
from .kafka_io import partition_of
from .ports import free_port
from .records import event, eui, interval, party, user_eui, Caller
from .waiting import end_with_parent, until

ROOT = Path(__file__).resolve().parents[3]


def binary():
    named = os.environ.get("SATINDEX_BIN") or os.environ.get("SATINDEX_BUILT_BIN")
    path = Path(named or ROOT / "build" / "release" / "satindex")
    if not path.is_file():
        raise RuntimeError(f"no binary at {path}: run ./dev build or set SATINDEX_BIN")
    return str(path)


def clean_environment(**more):
    """The caller's environment without SATINDEX_ settings that would leak into the product under test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SATINDEX_")}
    return kept | more


class Topics:
    """The four topics of one deployment, made with unique names."""

    def __init__(self, broker, name, partitions=3, ownership_config=None):
        self.broker, self.partitions = broker, partitions
        tag = eui().replace("-", "").lower()[6:]
        self.events, self.ownership = f"{name}-{tag}.sat.events", f"{name}-{tag}.dm.ownership"
        self.dead_letter, self.access = f"{name}-{tag}.sat.dead-letter", f"{name}-{tag}.sat.access"
        whole = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
        broker.create_topics([self.events], partitions, whole)
        broker.create_topics([self.ownership], partitions, whole | (ownership_config or {}))
        broker.create_topics([self.dead_letter, self.access], 1)


class Satindex:
    """One `satindex run`. `flags` are long option names to values (a list repeats the option, True gives a bare flag,
    None leaves out one of the defaults below)."""

    def __init__(self, folder, topics, issuer, flags=None):
        self.folder, self.topics, self.issuer = Path(folder), topics, issuer
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.folder / "satindex.log"
        self.data = self.folder / "data"
        self.port, self.ops_port = free_port(), free_port()
        jwks = self.folder / "jwks.json"
        jwks.write_text(json.dumps(issuer.jwks()))
        self.flags = {
            "kafka-brokers": topics.broker.bootstrap,
            "events-topic": topics.events,
            "ownership-topic": topics.ownership,
            "dead-letter-topic": topics.dead_letter,
            "access-topic": topics.access,
            "data-dir": self.data,
            "http-listen": f"127.0.0.1:{self.port}",
            "ops-listen": f"127.0.0.1:{self.ops_port}",
            "jwks": jwks,
            "jwt-issuer": tokens.ISSUER,
            "jwt-audience": tokens.AUDIENCE,
            "access-option": "B",
            "memory-budget": "512MiB",
            "log-format": "json",
        }
        self.flags.update(flags or {})
        self.process = None
        self.session = requests.Session()
        self.session.trust_env = False

    # --- the process
    def arguments(self):
        words = []
        for name, value in self.flags.items():
            if value is None:
                continue
            if value is True:
                words.append(f"--{name}")
            else:
                for one in value if isinstance(value, list) else [value]:
                    words += [f"--{name}", str(one)]
        return words

    def start(self, wait=True, **environment):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [binary(), "run", *self.arguments()],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=clean_environment(**environment),
                preexec_fn=end_with_parent,
            )
        if wait:
            self.wait_ready()
        return self

    def stop(self, sig=signal.SIGTERM, timeout=30):
        """Ends the process and returns its exit code."""
        if self.process is None:
            return None
        self.process.send_signal(sig)
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
            raise AssertionError(
                f"still running {timeout} s after signal {sig}; see {self.log}"
            ) from None
        self.process = None
        self.session.close()
        return code

    def kill(self):
        return self.stop(signal.SIGKILL)

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.kill()
        self.process = None

    def run_command(self, *words, timeout=60):
        """Another command of the binary; stdout and stderr as text."""
        return subprocess.run(
            [binary(), *map(str, words)],
            capture_output=True,
            text=True,
            timeout=timeout,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
        )

    # --- HTTP
    def ops(self, path, **kwargs):
        return requests.get(f"http://127.0.0.1:{self.ops_port}{path}", timeout=10, **kwargs)

    def ready(self):
        if self.process.poll() is not None:
            tail = self.log.read_text(errors="replace")[-2000:]
            raise AssertionError(f"satindex ended with {self.process.returncode}:\n{tail}")
        try:
            return self.ops("/readyz").status_code == 200
        except requests.ConnectionError:
            return False

    def wait_ready(self, timeout=60):
        until(self.ready, timeout, what="readiness")

    def get(self, path, token=None, headers=None, **params):
        """GET on the query listener; `token` may be a JWT or a Caller (a screen token is minted)."""
        if isinstance(token, Caller):
            token = self.issuer.mint(token)
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        params = {
            "from" if name == "from_" else name: value
            for name, value in params.items()
            if value is not None
        }
        return self.session.get(
            f"http://127.0.0.1:{self.port}{path}", headers=headers, params=params, timeout=30
        )

    def answer(self, path, token, **params):
        response = self.get(path, token, **params)
        assert (
            response.status_code == 200
        ), f"{path} {params}: {response.status_code} {response.text[:500]}"
        return response.json()

    def pages(self, path, token, limit=1000, **params):
        """Every page of a trail; `limit` may be a callable that gives one per page."""
        cursor, pages = None, []
        while True:
            size = limit() if callable(limit) else limit
            page = self.answer(path, token, limit=size, cursor=cursor, **params)
            assert len(page["entries"]) <= min(size, 1000)
            pages.append(page)
            cursor = page.get("nextCursor")
            if cursor is None:
                return pages
            assert len(pages) < 20000, "paging does not end"

    def trail(self, path, token, **params):
        return [entry for page in self.pages(path, token, **params) for entry in page["entries"]]

    def device(self, device, token, **params):
        return self.trail(device_path(device), token, **params)

    def owned(self, token, **params):
        return self.trail("/v1/audit-trail", token, scope="owned", **params)

    def own(self, token, **params):
        return self.trail("/v1/audit-trail", token, scope="own", **params)

    def metrics(self):
        return self.ops("/metrics").text

    # --- having caught up
    def fence(self, wire, timeout=30):
        """Returns once every record written before the call is in the answers (each partition applies in order). Writes
        one event and one interval a partition, about devices, a User and parties of its own."""
        user, tag, owner = user_eui(), party("fence"), Caller(party("FENCE"), "IS")
        devices = _one_device_a_partition(self.topics.partitions, wire.partitioner)
        wire.send(self.topics.events, [event(user, "OU", device=d, srv=tag) for d in devices])
        wire.send(self.topics.ownership, [interval(d, owner.party) for d in devices])
        reader = self.issuer.mint(Caller(owner.party, owner.role, (user,)))
        expected = "none" if self.flags["access-option"] == "none" else "included"
        for device in devices:

            def arrived(path=device_path(device)):
                page = self.answer(path, reader, srv=tag)
                return page["entries"] and page["crossUser"] == expected

            until(arrived, timeout, what=f"fence {tag} on {device}")
        if expected == "none":
            self.wait_as_of("ownership", time.time())

    def wait_as_of(self, topic, moment, timeout=20):
        reader = self.issuer.mint(Caller("AS-OF", "OU"))

        def reached():
            text = self.answer(device_path(eui()), reader)["asOf"][topic]
            return text >= time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(moment) + 1))

        until(reached, timeout, what=f"asOf.{topic}")


def device_path(device):
    return f"/v1/devices/{device}/audit-trail"


def _one_device_a_partition(partitions, partitioner):
    found = {}
    while len(found) < partitions:
        device = eui()
        found.setdefault(partition_of(device, partitions, partitioner), device)
    return list(found.values())
