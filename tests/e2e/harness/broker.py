"""A real Apache Kafka 4 broker in KRaft mode, one process, from the jars in SATINDEX_KAFKA_LIB (default build/kafka/lib)."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from .ports import accepts, free_port
from .waiting import end_with_parent

ROOT = Path(__file__).resolve().parents[3]
MESSAGE_BYTES_MAX = 8 * 1024 * 1024

_PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
log.dirs={data}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
auto.create.topics.enable=false
log.retention.ms=-1
message.max.bytes={bytes_max}
replica.fetch.max.bytes={bytes_max}
"""


def kafka_lib():
    lib = Path(os.environ.get("SATINDEX_KAFKA_LIB") or ROOT / "build" / "kafka" / "lib")
    if not list(lib.glob("kafka_2.13-*.jar")):
        raise RuntimeError(f"no Kafka jars in {lib}: run ./dev setup or set SATINDEX_KAFKA_LIB")
    return lib


class KafkaBroker:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.port = free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"
        self.process = None
        self._config = self.folder / "server.properties"
        self._data = self.folder / "kafka-data"
        self._java = [
            "java",
            "-Xmx512m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            f"{kafka_lib()}/*",
        ]
        shutil.rmtree(self._data, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._config.write_text(
            _PROPERTIES.format(
                port=self.port, controller=free_port(), data=self._data, bytes_max=MESSAGE_BYTES_MAX
            )
        )
        with open(self.folder / "format.log", "wb") as log:
            subprocess.run(
                self._java
                + [
                    "kafka.tools.StorageTool",
                    "format",
                    "-t",
                    "c2F0aW5kZXgtZTJlLXRlcw",
                    "-c",
                    str(self._config),
                ],
                stdout=log,
                stderr=log,
                check=True,
            )

    def start(self, timeout=60):
        with open(self.folder / "broker.log", "ab") as log:
            self.process = subprocess.Popen(
                self._java + ["kafka.Kafka", str(self._config)],
                stdout=log,
                stderr=log,
                preexec_fn=end_with_parent,
            )
        end = time.monotonic() + timeout
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(
                    f"the broker ended with {self.process.returncode}; see {self.folder}/broker.log"
                )
            if accepts(self.port) and self._answers():
                return self
            if time.monotonic() > end:
                raise RuntimeError(f"no broker within {timeout} s")
            time.sleep(0.1)

    def stop(self, sig=signal.SIGKILL):
        if self.process is None:
            return
        self.process.send_signal(sig)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self.process = None

    def admin(self):
        return AdminClient(
            {"bootstrap.servers": self.bootstrap, "log_level": 2, "socket.timeout.ms": 10000}
        )

    def create_topics(self, names, partitions, config=None):
        topics = [
            NewTopic(
                name,
                partitions,
                1,
                config={"max.message.bytes": str(MESSAGE_BYTES_MAX), **(config or {})},
            )
            for name in names
        ]
        admin = self.admin()
        for name, future in admin.create_topics(topics, operation_timeout=20).items():
            try:
                future.result(30)
            except KafkaException as error:
                raise RuntimeError(f"topic {name}: {error}") from error

    def _answers(self):
        try:
            return bool(self.admin().list_topics(timeout=2).brokers)
        except KafkaException:
            return False
