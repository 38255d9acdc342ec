"""Starting, stopping and being watched: CONTRACT 4, the operations listener and the exit codes."""

import json
import re
import signal

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition

from harness.model import Model, assert_same
from harness.ports import free_port
from harness.product import Satindex, Topics, binary, device_path
from harness.records import DAY, caller, eui, event, interval, now_ns
from harness.waiting import until

EX_CONFIG = 78


@pytest.fixture(scope="module")
def product(deploy):
    return deploy("lifecycle")


def run_to_end(product, drop=(), add=(), timeout=60):
    """`satindex run` with some flags left out or added, which is expected to end by itself."""
    flags = {name: value for name, value in product.flags.items() if name not in drop}
    other = Satindex(
        product.folder / f"ends-{len(list(product.folder.iterdir()))}",
        product.topics,
        product.issuer,
    )
    other.flags = flags | {"data-dir": other.data}
    return product.run_command("run", *other.arguments(), *add, timeout=timeout)


def written(wire, product, count=50):
    owner, sender, device = caller("IS"), caller("OU"), eui()
    events = [
        event(sender.user_ids[0], "OU", device=device, at=now_ns() - DAY - n * 10**9)
        for n in range(count)
    ]
    ownership = [interval(device, owner.party)]
    wire.send(product.topics.events, events)
    wire.send(product.topics.ownership, ownership)
    return owner, device, Model().add(events, ownership)


@pytest.mark.parametrize("setting", ["access-option", "jwks", "kafka-brokers"])
def test_a_missing_required_setting_is_named(product, setting):
    ended = run_to_end(product, drop=[setting])
    assert ended.returncode == EX_CONFIG
    assert setting in ended.stderr + ended.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("--access-option", "C"),
        ("--access-history", "always"),
        ("--retention", "soon"),
        ("--http-listen", "nowhere"),
        ("--ownership-max-staleness", "-1s"),
        ("--unreadable-ownership", "perhaps"),
        ("--cross-user-types", "DEVICE_ALERT"),
        ("--cross-user-types", "DCC_ALERT"),
        ("--cross-user-types", "SERVICE_REQUEST,LATER_TYPE"),
        ("--others-hide", "userId"),
        ("--network-operator-roles", "IS"),
        ("--log-format", "xml"),
        ("--kafka-property", "no.such.property=1"),
    ],
)
def test_a_wrong_setting_ends_with_78(product, words):
    ended = run_to_end(product, drop=[words[0][2:]], add=words)
    assert ended.returncode == EX_CONFIG, ended.stderr[-500:]


def test_an_unknown_flag_suggests_the_nearest(product):
    ended = run_to_end(product, add=["--acces-option", "A"])
    assert ended.returncode == EX_CONFIG and "--access-option" in ended.stderr + ended.stdout


def test_an_unknown_key_of_the_config_file_suggests_the_nearest(product, workspace):
    config = workspace / "typo.conf"
    config.write_text('acces-option = "A"\n')
    ended = run_to_end(product, drop=["access-option"], add=["--config", str(config)])
    assert ended.returncode == EX_CONFIG and "access-option" in ended.stderr + ended.stdout


def test_an_unknown_variable_is_only_a_warning(product, deploy):
    other = deploy("variable", product.topics, start=False)
    other.start(SATINDEX_SERVICE_HOST="10.0.0.1")
    assert "SATINDEX_SERVICE_HOST" in other.log.read_text()
    assert other.stop() == 0


def test_flag_before_environment_before_file(product, deploy, workspace, wire):
    """What A and B answer to a network operator tells which one was taken."""
    config = workspace / "option.conf"
    config.write_text('access-option = "A"\n')
    operator = caller("ED")
    for flag, environment, expected in (
        (None, None, "A"),
        (None, "B", "B"),
        ("A", "B", "A"),
        ("B", None, "B"),
    ):
        other = deploy("precedence", product.topics, start=False, config=config, access_option=flag)
        other.start(**({"SATINDEX_ACCESS_OPTION": environment} if environment else {}))
        status = other.get("/v1/audit-trail", operator, scope="owned").status_code
        assert status == (200 if expected == "B" else 403), (flag, environment)
        assert other.stop() == 0


def test_the_operations_listener(product, wire):
    product.fence(wire)
    assert product.ops("/livez").status_code == 200 and product.ops("/readyz").status_code == 200
    assert len(product.ops("/readyz?verbose").text) > len(product.ops("/readyz").text)
    metrics = product.ops("/metrics")
    assert metrics.status_code == 200
    assert re.match(
        r"(text/plain;.*version=0\.0\.4|application/openmetrics-text)",
        metrics.headers["Content-Type"],
    )
    samples = [line for line in metrics.text.splitlines() if line and not line.startswith("#")]
    assert len(samples) > 10 and all(
        re.match(r"[a-zA-Z_:][\w:]*(\{.*\})? \S+", line) for line in samples
    )
    assert not re.search(
        r"([0-9A-Fa-f]{2}-){7}[0-9A-Fa-f]{2}|FENCE-", metrics.text
    ), "an id in a label"
    assert product.get("/livez").status_code == 404, "operations are not on the query listener"


def test_503_before_ready(product, deploy, broker):
    """Brokers that do not answer: alive, not ready, and every answer is a 503 with Retry-After."""
    other = deploy(
        "nobroker", product.topics, start=False, kafka_brokers=f"127.0.0.1:{free_port()}"
    )
    other.start(wait=False)

    def alive():
        try:
            return other.ops("/livez").status_code == 200
        except OSError:
            return False

    until(alive, what="/livez")
    assert other.ops("/readyz").status_code == 503
    for path, query in ((device_path(eui()), {}), ("/v1/audit-trail", {"scope": "own"})):
        response = other.get(path, caller("IS"), **query)
        assert response.status_code == 503 and int(response.headers["Retry-After"]) >= 0
        assert response.headers["Content-Type"].startswith("application/problem+json")
    assert other.process.poll() is None
    assert other.stop() == 0


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_clean_and_a_restart_resumes(product, wire, sig):
    owner, device, model = written(wire, product)
    product.fence(wire)
    assert (product.data / "satindex.sock").exists()
    assert product.stop(sig) == 0
    assert not (product.data / "satindex.sock").exists()
    fresh = [event(owner.user_ids[0], "IS", device=device) for _ in range(20)]
    wire.send(product.topics.events, fresh)
    model.add(fresh)
    product.start()
    product.fence(wire)
    assert_same(product.device(device, owner), model.device(device, owner), "after the restart")


def test_offsets_are_committed_to_kafka(product, wire, broker):
    written(wire, product)
    product.fence(wire)
    admin, partitions = broker.admin(), product.topics.partitions

    def committed():
        for group in admin.list_consumer_groups().result(10).valid:
            asked = ConsumerGroupTopicPartitions(
                group.group_id,
                [
                    TopicPartition(topic, p)
                    for topic in (product.topics.events, product.topics.ownership)
                    for p in range(partitions)
                ],
            )
            try:
                got = (
                    admin.list_consumer_group_offsets([asked])[group.group_id]
                    .result(10)
                    .topic_partitions
                )
            except KafkaException:
                continue
            if got and all(one.offset > 0 for one in got):
                return got
        return None

    assert len(until(committed, 20, 0.5, "committed offsets")) == 2 * partitions


def test_a_compacted_ownership_topic_is_refused(product, deploy, broker):
    topics = Topics(broker, "compacted", ownership_config={"cleanup.policy": "compact"})
    other = deploy("compacted", topics, start=False)
    for command in ("run", "validate"):
        ended = other.run_command(command, *other.arguments(), timeout=60)
        assert ended.returncode == EX_CONFIG, (command, ended.stderr[-500:])
        assert "compact" in ended.stderr + ended.stdout


def test_validate(product):
    flags = [word for word in product.arguments()]
    assert product.run_command("validate", *flags).returncode == 0
    wrong = [
        word if word != product.topics.broker.bootstrap else f"127.0.0.1:{free_port()}"
        for word in flags
    ]
    assert product.run_command("validate", *wrong).returncode != 0


@pytest.mark.parametrize("owned_by", ["file", "topic", "both"])
def test_backfill_is_served_beside_the_topics(product, deploy, wire, workspace, owned_by):
    """Old events from a file, newer ones from the topic; ownership from either."""
    owner, sender, device = caller("IS"), caller("OU"), eui()
    old = [
        event(sender.user_ids[0], "OU", kind, device, now_ns() - DAY - n * 10**9)
        for n in range(300)
        for kind in ("SERVICE_REQUEST", "SERVICE_RESPONSE")
    ]
    live = [event(sender.user_ids[0], "OU", device=device) for _ in range(5)]
    ownership = [interval(device, owner.party)]
    for name, records in (("events.ndjson", old), ("ownership.ndjson", ownership)):
        (workspace / name).write_text("".join(json.dumps(record) + "\n" for record in records))
    wire.send(product.topics.events, live)
    if owned_by != "file":
        wire.send(product.topics.ownership, ownership)
    other = deploy("backfill", product.topics, start=False)
    words = ["--ownership", workspace / "ownership.ndjson"] if owned_by != "topic" else []
    filled = other.run_command(
        "backfill", workspace / "events.ndjson", *words, "--data-dir", other.data
    )
    assert filled.returncode == 0, filled.stderr[-500:]
    other.start()
    other.fence(wire)
    model = Model().add(old + live, ownership)
    assert_same(other.device(device, owner), model.device(device, owner), "device")
    assert_same(other.own(sender), model.own(sender), "own")
    assert_same(other.owned(owner), model.owned(owner), "portfolio")


def test_version_and_help():
    import subprocess

    version = subprocess.run([binary(), "version"], capture_output=True, text=True, timeout=20)
    assert version.returncode == 0 and re.search(r"\d+\.\d+", version.stdout)
    shown = subprocess.run([binary(), "--help"], capture_output=True, text=True, timeout=20)
    assert shown.returncode == 0
    for command in (
        "run",
        "demo",
        "backfill",
        "verify",
        "checkpoint",
        "restore",
        "token",
        "gen",
        "plan",
        "dead-letters",
        "validate",
        "version",
    ):
        assert command in shown.stdout
