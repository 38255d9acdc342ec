"""Child processes and what they cost. None outlives this process."""
import ctypes
import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

_LIBC = ctypes.CDLL("libc.so.6", use_errno=True)
_TICKS = os.sysconf("SC_CLK_TCK")


def end_with_parent():
    _LIBC.prctl(1, signal.SIGKILL)


@dataclass
class Usage:
    cpu_seconds: float
    peak_rss_bytes: int


class Failed(RuntimeError):
    pass


def run(command, stdin=None, timeout=3600, env=None, cwd=None):
    """Runs to the end; returns its standard output and what it used (itself and the children it waited for)."""
    command = [str(part) for part in command]
    process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               preexec_fn=end_with_parent, env=env, cwd=cwd)
    # One thread reads both ends; wait4 gives what communicate() would lose.
    peak = [0]
    chunks = {process.stdout: [], process.stderr: []}
    os.set_blocking(process.stdout.fileno(), False)
    os.set_blocking(process.stderr.fileno(), False)
    end = time.monotonic() + timeout
    open_streams = set(chunks)
    while open_streams:
        if time.monotonic() > end:
            process.kill()
            process.wait()
            raise Failed(f"{command[0]}: not done within {timeout} s")
        for stream in list(open_streams):
            data = stream.read()
            if data:
                chunks[stream].append(data)
            elif data == b"":
                open_streams.discard(stream)
        peak[0] = max(peak[0], peak_rss(process.pid))
        time.sleep(0.02)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    out = b"".join(chunks[process.stdout]).decode()
    if process.returncode != 0:
        raise Failed(f"{' '.join(command[:3])}: {process.returncode}\n" + b"".join(chunks[process.stderr]).decode()[-2000:])
    return out, Usage(usage.ru_utime + usage.ru_stime, max(peak[0], usage.ru_maxrss * 1024))


def run_json(command, **options):
    out, usage = run(command, **options)
    return json.loads(out.strip().splitlines()[-1]), usage


def peak_rss(pid):
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except (OSError, ProcessLookupError):
        pass
    return 0


def cpu_seconds(pid):
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def tree(pid):
    """The process and all below it."""
    found = [pid]
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += tree(int(child))
    except OSError:
        pass
    return found


class Running:
    """A process that serves until it is stopped."""

    def __init__(self, command, log=None, stdin=None, stdout=None):
        self.command = [str(part) for part in command]
        self._log = open(log, "ab") if log else subprocess.DEVNULL
        self.started = time.monotonic()
        self.process = subprocess.Popen(self.command, stdin=stdin, stdout=stdout or self._log, stderr=self._log,
                                        preexec_fn=end_with_parent)

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process.poll() is None

    def usage(self):
        return Usage(cpu_seconds(self.pid), peak_rss(self.pid))

    def stop(self, sig=signal.SIGTERM, timeout=120):
        if self.process.poll() is None:
            self.process.send_signal(sig)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
        return self.process.returncode


def disk_bytes(folder):
    """Bytes of the files, not of the blocks they are rounded up to; a hard link counts once."""
    seen, total = set(), 0
    for directory, _, names in os.walk(folder):
        for name in names:
            try:
                stat = os.lstat(os.path.join(directory, name))
            except OSError:
                continue
            if stat.st_ino not in seen:
                seen.add(stat.st_ino)
                total += stat.st_size
    return total


def free_port():
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
