"""Checkpoint, restore and verify of a running index; what is not whole, or another's, is refused (CONTRACT 4)."""

import json
import shutil

import pytest

from harness.product import Topics
from harness.records import caller, eui, event, interval


@pytest.fixture(scope="module")
def copied(broker, deploy, wire, tmp_path_factory):
    """An index of three partitions and a back-fill, and a checkpoint of it."""
    folder = tmp_path_factory.mktemp("copies")
    product = deploy("copies", Topics(broker, "copies", 3), start=False)
    owner, sender = caller("IS"), caller("OU")
    devices = [eui() for _ in range(12)]
    old = [event(sender.user_ids[0], "OU", device=device) for device in devices]
    (folder / "old.ndjson").write_text("".join(json.dumps(record) + "\n" for record in old))
    filled = product.run_command("backfill", "--data-dir", product.data, folder / "old.ndjson")
    assert filled.returncode == 0, filled.stderr[-500:]
    product.start()
    wire.send(product.topics.ownership, [interval(device, owner.party) for device in devices])
    wire.send(product.topics.events, [event(sender.user_ids[0], "OU", device=d) for d in devices])
    product.fence(wire)
    made = product.run_command("checkpoint", folder / "whole", "--data-dir", product.data)
    assert made.returncode == 0, made.stderr[-500:]
    again = product.run_command("checkpoint", folder / "whole", "--data-dir", product.data)
    assert again.returncode != 0 and "already" in again.stderr
    return product, folder, owner


def verified(product, directory):
    return product.run_command("verify", "--data-dir", directory)


def test_a_whole_checkpoint_verifies_and_runs_elsewhere(copied, deploy):
    product, folder, owner = copied
    assert verified(product, folder / "whole").returncode == 0
    other = deploy("copies-restored", product.topics, start=False)
    shutil.rmtree(other.data, ignore_errors=True)
    restored = product.run_command("restore", folder / "whole", "--data-dir", other.data)
    assert restored.returncode == 0, restored.stderr[-500:]
    other.start()
    assert other.owned(owner) == product.owned(owner)
    assert other.stop() == 0
    assert verified(product, other.data).returncode == 0


@pytest.mark.parametrize("what", ["partition gone", "backfill gone", "one too many", "swapped", "unfinished"])
def test_what_is_not_whole_is_refused(copied, what, tmp_path):
    product, folder, _ = copied
    spoilt = tmp_path / "spoilt"
    shutil.copytree(folder / "whole", spoilt)
    if what == "partition gone":
        shutil.rmtree(spoilt / "partition-2")
    if what == "backfill gone":
        shutil.rmtree(spoilt / "backfill-0")
    if what == "one too many":
        shutil.copytree(spoilt / "partition-1", spoilt / "partition-3")
    if what == "swapped":
        (spoilt / "partition-1").rename(spoilt / "x")
        (spoilt / "partition-2").rename(spoilt / "partition-1")
        (spoilt / "x").rename(spoilt / "partition-2")
    if what == "unfinished":
        (spoilt / "contents").unlink()
    else:
        assert verified(product, spoilt).returncode != 0
    if what != "swapped":  # a restore copies; whose shard it is comes out when it is opened
        restored = product.run_command("restore", spoilt, "--data-dir", tmp_path / "data")
        assert restored.returncode == 78, restored.stdout
        assert not (tmp_path / "data").exists()


def test_an_index_of_other_topics_is_refused(copied, deploy, broker):
    product, folder, _ = copied
    other = deploy("copies-elsewhere", Topics(broker, "elsewhere", 3), start=False)
    shutil.rmtree(other.data, ignore_errors=True)
    assert product.run_command("restore", folder / "whole", "--data-dir", other.data).returncode == 0
    other.start(wait=False)
    assert other.process.wait(30) == 78
    said = other.log.read_text()
    assert product.topics.events in said and other.topics.events in said
    other.process = None


def test_a_restore_cut_short_does_not_start(copied, deploy):
    product, folder, _ = copied
    other = deploy("copies-cut-short", product.topics, start=False)
    shutil.rmtree(other.data, ignore_errors=True)
    assert product.run_command("restore", folder / "whole", "--data-dir", other.data).returncode == 0
    (other.data / "restoring").write_text("")
    assert verified(product, other.data).returncode != 0
    other.start(wait=False)
    assert other.process.wait(30) == 78
    other.process = None
