"""When the ledger cannot be shown to be fresh, what belongs to others is withheld and nothing else changes (CONTRACT 2,
Freshness). On a broker of its own, which is stopped and started."""

import time

import pytest
from confluent_kafka import Producer, TopicPartition

from harness.broker import KafkaBroker
from harness.kafka_io import Wire, dump, partition_of
from harness.model import Model, assert_same
from harness.product import Satindex, Topics, device_path
from harness.records import DAY, caller, eui, event, interval, now_ns
from harness.waiting import until

STALENESS = 2


@pytest.fixture(scope="module")
def own_broker(workspace):
    kafka = KafkaBroker(workspace / "kafka-freshness").start()
    yield kafka
    kafka.stop()


class Scene:
    """A product with a small staleness on topics of its own; a device with a supplier who has own and others' rows."""

    def __init__(self, broker, issuer, folder, name, partitions):
        self.broker, self.wire = broker, Wire(broker)
        self.topics = Topics(broker, name, partitions)
        self.product = Satindex(
            folder / f"freshness-{name}",
            self.topics,
            issuer,
            {"ownership-max-staleness": f"{STALENESS}s"},
        )
        self.owner, self.sender, self.device = caller("IS"), caller("OU"), eui()
        self.events = [
            event(who.user_ids[0], who.role, device=self.device, at=now_ns() - DAY - n * 10**9)
            for n in range(10)
            for who in (self.owner, self.sender)
        ]
        self.ownership = [interval(self.device, self.owner.party)]
        self.wire.send(self.topics.events, self.events)
        self.wire.send(self.topics.ownership, self.ownership)
        self.model = Model().add(self.events, self.ownership)

    def start(self):
        self.product.start()
        return self

    def page(self):
        return self.product.answer(device_path(self.device), self.owner, limit=1000)

    def until_state(self, state, timeout):
        return until(
            lambda: (page := self.page())["crossUser"] == state and page,
            timeout,
            what=f"crossUser {state}",
        )

    def check_included(self):
        page = self.page()
        assert page["crossUser"] == "included"
        assert_same(page["entries"], self.model.device(self.device, self.owner), "included")

    def check_withheld(self):
        page = self.page()
        assert page["crossUser"] == "withheld"
        assert_same(page["entries"], self.model.own(self.owner), "own rows while withheld")
        portfolio = self.product.answer("/v1/audit-trail", self.owner, scope="owned")
        assert portfolio["crossUser"] == "withheld" and all(
            entry["own"] for entry in portfolio["entries"]
        )
        assert len(portfolio["entries"]) == 10
        # Not entitled and no such device: withheld too, so that it tells nothing.
        partition, other = partition_of(self.device, 2), eui()
        while partition_of(other, 2) != partition:
            other = eui()
        assert self.product.answer(device_path(other), self.owner)["crossUser"] == "withheld"
        assert self.product.answer(device_path(self.device), self.sender)["crossUser"] == "none"
        assert len(self.product.device(self.device, self.sender)) == 10
        assert self.product.ready(), "readiness does not change"


@pytest.fixture
def make(own_broker, issuer, workspace):
    scenes = []

    def build(name, partitions=2):
        scenes.append(Scene(own_broker, issuer, workspace, name, partitions))
        return scenes[-1]

    yield build
    for scene in scenes:
        scene.product.close()


def test_a_record_is_visible_within_two_seconds(make):
    scene = make("latency").start()
    scene.product.fence(scene.wire)
    for n in range(8):
        record = event(scene.sender.user_ids[0], "OU", device=scene.device, srv="6.2.4")
        scene.wire.send(scene.topics.events, [record])
        acknowledged = time.monotonic()
        for path, query in (
            (device_path(scene.device), {}),
            ("/v1/audit-trail", {"scope": "owned"}),
        ):
            until(
                lambda p=path, q=query: len(
                    scene.product.answer(p, scene.owner, srv="6.2.4", **q)["entries"]
                )
                == n + 1,
                5,
            )
            assert time.monotonic() - acknowledged < 2
        gained = eui()
        scene.wire.send(scene.topics.events, [event(scene.sender.user_ids[0], "OU", device=gained)])
        scene.wire.send(scene.topics.ownership, [interval(gained, scene.owner.party)])
        acknowledged = time.monotonic()
        until(
            lambda d=gained: scene.product.answer(device_path(d), scene.owner)["crossUser"]
            == "included",
            5,
        )
        assert time.monotonic() - acknowledged < 2


def test_the_broker_stops_and_comes_back(make):
    scene = make("outage").start()
    scene.product.fence(scene.wire)
    scene.check_included()
    scene.broker.stop()
    stopped = time.monotonic()
    page = scene.until_state("withheld", STALENESS + 2)
    assert time.monotonic() - stopped > 0.5, "withheld before the staleness is over"
    scene.check_withheld()
    old = page["asOf"]
    time.sleep(1.5)
    assert scene.page()["asOf"]["ownership"] == old["ownership"]
    late = scene.product.get(
        device_path(scene.device),
        scene.owner,
        minOwnership=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    )
    assert late.status_code == 503
    scene.broker.start()
    scene.until_state("included", 40)
    scene.check_included()
    scene.product.fence(scene.wire)
    assert scene.page()["asOf"]["ownership"] > old["ownership"]


def transaction(scene, topic, record):
    """A transaction with one record sent and flushed; the caller ends it or leaves it hanging."""
    producer = Producer(
        {
            "bootstrap.servers": scene.broker.bootstrap,
            "transactional.id": f"tx-{eui()}",
            "log_level": 2,
            "transaction.timeout.ms": 300000,
            "partitioner": "murmur2_random",
        }
    )
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(topic, dump(record), key=record["deviceId"])
    assert producer.flush(20) == 0
    return producer


@pytest.mark.parametrize("end", ["commit", "abort"])
def test_a_hanging_transaction_on_the_ownership_topic(make, end):
    scene = make(f"hanging-{end}").start()
    scene.product.fence(scene.wire)
    closed = interval(
        scene.device,
        scene.owner.party,
        start=scene.ownership[0]["validFrom"],
        end=now_ns() - DAY,
        version=9,
    )
    producer = transaction(scene, scene.topics.ownership, closed)
    scene.until_state("withheld", STALENESS + 4)
    scene.check_withheld()
    if end == "commit":
        # It is found at the start as well, and does not keep the product from being ready.
        assert scene.product.stop() == 0
        scene.product.start()
        scene.until_state("withheld", STALENESS + 4)
        scene.check_withheld()
        producer.commit_transaction(20)
        scene.until_state("none", 10)
    else:
        producer.abort_transaction(20)
        scene.until_state("included", 10)
        scene.check_included()


def test_transactions_on_the_events_topic(make):
    """Committed records appear, aborted ones never do, an open one holds back neither answers nor freshness."""
    scene = make("events-tx").start()
    scene.product.fence(scene.wire)
    for end, expected in (("abort", 0), ("commit", 1)):
        producer = transaction(
            scene,
            scene.topics.events,
            event(scene.sender.user_ids[0], "OU", device=scene.device, srv="7.1"),
        )
        assert scene.page()["crossUser"] == "included"
        producer.abort_transaction(20) if end == "abort" else producer.commit_transaction(20)
        scene.product.fence(scene.wire)
        assert len(scene.product.device(scene.device, scene.owner, srv="7.1")) == expected
    time.sleep(STALENESS)
    scene.until_state("included", 1)
    as_of = scene.page()["asOf"]["events"]
    assert as_of >= time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 4))


def test_many_partitions_stay_fresh(make):
    """Every partition's last record is looked for again within the staleness, however many there are."""
    scene = make("many", partitions=32)
    devices = [eui() for _ in range(200)]
    scene.wire.send(scene.topics.ownership, [interval(one, scene.owner.party) for one in devices])
    scene.wire.send(
        scene.topics.events,
        [event(scene.sender.user_ids[0], "OU", device=one, srv="7.1") for one in devices],
    )
    scene.start()
    scene.product.fence(scene.wire)
    scene.until_state("included", 5)
    end = time.monotonic() + 3 * STALENESS
    while time.monotonic() < end:
        page = scene.product.answer("/v1/audit-trail", scene.owner, scope="owned", limit=1000)
        assert page["crossUser"] == "included"
        time.sleep(0.05)


def test_a_recreated_ownership_topic_is_noticed(make):
    scene = make("recreated").start()
    scene.product.fence(scene.wire)
    scene.check_included()
    admin = scene.broker.admin()
    for future in admin.delete_topics([scene.topics.ownership], operation_timeout=20).values():
        future.result(30)
    until(
        lambda: scene.topics.ownership not in admin.list_topics(timeout=5).topics, what="topic gone"
    )
    until(lambda: _created(scene), 15, 0.5, "topic made again")
    # More and other records than before, so that every old offset exists again with another content.
    filler = [interval(eui(), "FILLER") for _ in range(200)]
    scene.wire.send(scene.topics.ownership, filler)
    scene.until_state("withheld", 2 * STALENESS + 6)
    time.sleep(STALENESS + 1)
    scene.check_withheld()
    assert scene.product.stop() == 0
    scene.product.start()
    scene.until_state("withheld", STALENESS + 4)
    scene.check_withheld()


def _created(scene):
    try:
        scene.broker.create_topics([scene.topics.ownership], 2, {"retention.ms": "-1"})
        return True
    except RuntimeError:
        return False


def test_ownership_records_that_were_never_read(make):
    """Records deleted below the low watermark while the product was down: a gap, until the shard is built anew."""
    scene = make("gap").start()
    scene.product.fence(scene.wire)
    assert scene.product.stop() == 0
    places = scene.wire.send(
        scene.topics.ownership, [interval(scene.device, f"P-{n}") for n in range(20)]
    )
    partition = partition_of(scene.device, 2)
    assert {place[0] for place in places} == {partition}
    admin = scene.broker.admin()
    for future in admin.delete_records(
        [TopicPartition(scene.topics.ownership, partition, places[10][1])]
    ).values():
        future.result(20)
    scene.product.start()
    scene.until_state("withheld", STALENESS + 4)
    time.sleep(STALENESS + 1)
    scene.check_withheld()
