"""A real Apache Kafka 4 broker in KRaft mode, one process, and its topics."""
import shutil

from . import places
from .process import Running, free_port, run

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
auto.create.topics.enable=true
log.retention.ms=-1
log.segment.bytes=1073741824
"""


class Broker:
    def __init__(self, folder):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.folder = folder
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        config = folder / "server.properties"
        config.write_text(_PROPERTIES.format(port=port, controller=free_port(), data=folder / "data"))
        java = ["java", "-Xms1g", "-Xmx1g", "-XX:+UseSerialGC", "-cp", f"{places.KAFKA_LIB}/*"]
        run(java + ["kafka.tools.StorageTool", "format", "-t", "c2F0aW5kZXgtYmVuY2gtYg", "-c", config])
        self.process = Running(java + ["kafka.Kafka", config], log=folder / "broker.log")
        try:
            self._topics("wait")
        except BaseException:
            self.stop()
            raise

    def _topics(self, *arguments):
        return run([places.TOOLS / "kafka_topics", self.address, *arguments])[0].strip()

    def create(self, topic, partitions=places.PARTITIONS):
        self._topics("create", topic, str(partitions))

    def records(self, topic):
        return int(self._topics("ends", topic))

    def stop(self):
        self.process.stop()
        shutil.rmtree(self.folder / "data", ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
