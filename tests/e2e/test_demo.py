"""`satindex demo`: one command, no broker, a URL, three ready-made requests that show what the change is about."""

import json
import re
import select
import signal
import subprocess
import time

import pytest
import requests

from harness.product import binary, clean_environment
from harness.waiting import end_with_parent


class Demo:
    def __init__(self, folder):
        folder.mkdir(parents=True)
        self.folder, self.lines = folder, []
        with open(folder / "stderr.log", "wb") as errors:
            self.process = subprocess.Popen(
                [binary(), "demo"],
                cwd=folder,
                stdout=subprocess.PIPE,
                stderr=errors,
                stdin=subprocess.DEVNULL,
                env=clean_environment(),
                preexec_fn=end_with_parent,
            )

    def read_until(self, check, timeout):
        end, buffer = time.monotonic() + timeout, b""
        while not check(self.lines):
            assert time.monotonic() < end, f"printed so far: {self.lines}"
            if select.select([self.process.stdout], [], [], 0.2)[0]:
                chunk = self.process.stdout.read1(65536)
                assert (
                    chunk
                ), f"it ended: {self.lines} {(self.folder / 'stderr.log').read_text()[-500:]}"
                buffer += chunk
                *whole, buffer = buffer.split(b"\n")
                self.lines += [line.decode() for line in whole]
        return self.lines


def curls(lines):
    return [line.strip() for line in lines if line.strip().startswith("curl -")]


@pytest.fixture(scope="module")
def demo(workspace):
    running = Demo(workspace / "demo")
    running.read_until(lambda lines: len(curls(lines)) >= 3, 60)
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.wait()


def test_it_prints_a_url_and_three_requests(demo):
    urls = re.findall(r"http://[\w.:\[\]-]+", "\n".join(demo.lines))
    assert urls and len(curls(demo.lines)) == 3
    page = requests.get(urls[0] + "/", timeout=10)
    assert page.status_code == 200 and "text/html" in page.headers["Content-Type"]


def test_each_request_runs_and_together_they_show_the_point(demo):
    answers = []
    for line in curls(demo.lines):
        ran = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=30)
        assert ran.returncode == 0, f"{line}: {ran.stderr}"
        answers.append(json.loads(ran.stdout[ran.stdout.index("{") : ran.stdout.rindex("}") + 1]))
    assert all("entries" in answer for answer in answers), answers
    others = [[entry for entry in answer["entries"] if not entry["own"]] for answer in answers]
    # One caller sees what others sent, with titles; one sees nothing of others.
    assert any(rows and any(row.get("title") for row in rows) for rows in others)
    assert any(not rows for rows in others)
    assert any(answer["crossUser"] == "included" for answer in answers)
    shown = {entry["eventType"] for rows in others for entry in rows}
    assert shown <= {"SERVICE_REQUEST", "SIGNED_PRE_COMMAND", "SERVICE_RESPONSE"}


def test_it_ends_with_ctrl_c(demo):
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(30) == 0
