"""Runs scenario files against the built system on a real broker, and writes a report for the test sign-off.

    tests/sit/run [--report-dir DIR] [SCENARIO.yaml ...]      default: smets1.yaml and smets2.yaml, build/sit

Exit code 0 when every check passed, 1 when one failed, 2 when a scenario cannot be read."""

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

from harness.broker import KafkaBroker  # noqa: E402
from harness.kafka_io import Wire  # noqa: E402
from harness.product import ROOT, Satindex, Topics, binary  # noqa: E402
from harness.records import now_ns  # noqa: E402
from harness.tokens import Issuer  # noqa: E402
from kit import report  # noqa: E402
from kit.player import Player  # noqa: E402
from kit.scenario import ScenarioError, read  # noqa: E402


def deployments(options, topics, folder, issuer):
    """One running system for each option that the scenarios name, all on the same topics."""
    products = {}
    for option in options:
        name, _, history = option.partition(" ")
        products[option] = Satindex(
            folder / option.replace(" ", "-"),
            topics,
            issuer,
            {"access-option": name, "access-history": history or "current"},
        )
        products[option].start(wait=False)
    for product in products.values():
        product.wait_ready()
    return products


def play(scenarios, folder):
    folder.mkdir(parents=True, exist_ok=True)
    broker, products, runs = KafkaBroker(folder / "kafka").start(), {}, []
    try:
        options = sorted({option for scenario in scenarios for option in scenario.options()})
        products = deployments(options, Topics(broker, "sit"), folder, Issuer())
        wire = Wire(broker)
        for scenario in scenarios:
            checks = []
            for case in scenario.cases:
                checks += Player(scenario, case, products, wire, now_ns()).play()
            runs.append((scenario, checks))
    finally:
        for product in products.values():
            product.close()
        broker.stop()
    return runs


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "scenarios", nargs="*", type=Path, default=[HERE / "smets1.yaml", HERE / "smets2.yaml"]
    )
    parser.add_argument("--report-dir", type=Path, default=ROOT / "build" / "sit")
    arguments = parser.parse_args()
    try:
        scenarios = [read(path) for path in arguments.scenarios]
    except ScenarioError as error:
        print(error, file=sys.stderr)
        return 2
    started = time.monotonic()
    work = arguments.report_dir / "work"
    shutil.rmtree(work, ignore_errors=True)
    runs = play(scenarios, work)
    seconds = time.monotonic() - started
    version = (
        subprocess.run([binary(), "version"], capture_output=True, text=True, timeout=20)
        .stdout.strip()
        .splitlines()
    )
    text = report.markdown(
        runs, version[0] if version else "satindex", "Apache Kafka 4, KRaft, one broker", seconds
    )
    (arguments.report_dir / "report.md").write_text(text, encoding="utf-8")
    (arguments.report_dir / "junit.xml").write_text(report.junit(runs, seconds), encoding="utf-8")
    failed = [check for _, checks in runs for check in checks if not check.passed]
    for check in failed:
        print(
            f"FAILED {check.case} option {check.option}: {check.who} looks at {check.looks_at}: expected {check.expected}; "
            f"seen {check.seen}; {'; '.join(check.notes)}"
        )
    total = sum(len(checks) for _, checks in runs)
    print(f"report: {arguments.report_dir / 'report.md'}, {arguments.report_dir / 'junit.xml'}")
    print(f"{total - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
