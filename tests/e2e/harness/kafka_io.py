"""Writing and reading topics with confluent-kafka; keys, partitioners and fences as producers outside would use them."""

import json
import time
import zlib

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from .broker import MESSAGE_BYTES_MAX


def murmur2(data):
    """Java's default partitioner hash (Utils.murmur2)."""
    m, mask = 0x5BD1E995, 0xFFFFFFFF
    h = 0x9747B28C ^ len(data)
    whole = len(data) & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = (h * m & mask) ^ k
    if len(data) & 3:
        h = (h ^ int.from_bytes(data[whole:], "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


def partition_of(key, partitions, partitioner="murmur2_random"):
    data = key.encode()
    hashed = murmur2(data) & 0x7FFFFFFF if partitioner == "murmur2_random" else zlib.crc32(data)
    return hashed % partitions


def dump(record):
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


class Wire:
    """One producer to a broker. Every send is flushed and its acknowledgement checked before the call returns."""

    def __init__(self, broker, partitioner="murmur2_random"):
        self.bootstrap = broker.bootstrap
        self.partitioner = partitioner
        self._producer = Producer(
            {
                "bootstrap.servers": broker.bootstrap,
                "partitioner": partitioner,
                "linger.ms": 5,
                "log_level": 2,
                "message.max.bytes": MESSAGE_BYTES_MAX,
                "queue.buffering.max.messages": 1_000_000,
                "queue.buffering.max.kbytes": 1_000_000,
                "compression.type": "lz4",
                "message.timeout.ms": 30000,
            }
        )

    def send(self, topic, records, partition=None):
        """`records`: dicts (keyed by their deviceId) or (key, value) pairs of str/bytes/None. Returns [(partition, offset)]."""
        places, errors = [None] * len(records), []

        def delivered(index):
            def report(error, message):
                if error:
                    errors.append(error)
                else:
                    places[index] = (message.partition(), message.offset())

            return report

        extra = {} if partition is None else {"partition": partition}
        for index, record in enumerate(records):
            key, value = (
                record
                if isinstance(record, tuple)
                else (record["deviceId"].upper() if record.get("deviceId") else None, dump(record))
            )
            while True:
                try:
                    self._producer.produce(
                        topic, value, key=key, on_delivery=delivered(index), **extra
                    )
                    break
                except BufferError:
                    self._producer.poll(0.1)
            if index % 1000 == 0:
                self._producer.poll(0)
        left = self._producer.flush(60)
        assert not errors and not left, f"produce to {topic}: {errors[:3]} {left} left"
        return places


def read_all(broker, topic, isolation="read_uncommitted"):
    """Every message of a topic up to its present end."""
    consumer = Consumer(
        {
            "bootstrap.servers": broker.bootstrap,
            "group.id": "e2e-reader",
            "enable.auto.commit": False,
            "log_level": 2,
            "isolation.level": isolation,
            "enable.partition.eof": True,
        }
    )
    try:
        known = consumer.list_topics(topic, timeout=10).topics[topic]
        assert known.error is None, known.error
        waiting = set()
        for partition in known.partitions:
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
            if high > low:
                waiting.add(partition)
        consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in waiting])
        messages = []
        end = time.monotonic() + 30
        while waiting:
            assert time.monotonic() < end, f"no end of {topic} within 30 s"
            for message in consumer.consume(
                1000, timeout=0.05
            ):  # waits for all thousand, so not for long
                if message.error() is None:
                    messages.append(message)
                else:
                    waiting.discard(message.partition())
        return messages
    finally:
        consumer.close()
