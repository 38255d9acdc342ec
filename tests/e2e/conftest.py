"""Fixtures of the end-to-end tests: one broker for the pytest session, one deployment of the product where a test file
says so. A missing binary, broker or package is a failure, never a skip."""

import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from harness.broker import KafkaBroker  # noqa: E402
from harness.kafka_io import Wire  # noqa: E402
from harness.product import ROOT, Satindex, Topics, binary  # noqa: E402
from harness.tokens import Issuer  # noqa: E402


@pytest.fixture(scope="session")
def workspace(request):
    """A folder of its own under build/e2e (or SATINDEX_E2E_DIR) for one pytest run; removed when every test passed."""
    base = Path(os.environ.get("SATINDEX_E2E_DIR") or ROOT / "build" / "e2e")
    folder = base / f"run-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    yield folder
    if request.session.testsfailed == 0:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def broker(workspace):
    binary()
    kafka = KafkaBroker(workspace / "kafka").start()
    yield kafka
    kafka.stop()


@pytest.fixture(scope="session")
def issuer():
    return Issuer()


@pytest.fixture(scope="session")
def wire(broker):
    return Wire(broker)


@pytest.fixture(scope="module")
def deploy(broker, issuer, workspace, request):
    """Makes deployments that end with the test file: deploy(name, topics=None, start=True, **flags), flags with _ for -."""
    running = []

    def make(name, topics=None, start=True, partitions=3, **flags):
        topics = topics or Topics(broker, name, partitions)
        product = Satindex(
            workspace / f"{request.module.__name__}-{name}-{len(running)}",
            topics,
            issuer,
            {flag.replace("_", "-"): value for flag, value in flags.items()},
        )
        running.append(product)
        return product.start() if start else product

    yield make
    for product in running:
        product.close()
