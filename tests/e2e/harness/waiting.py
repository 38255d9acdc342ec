"""Polling with a deadline (no bare sleep stands for an event), and children that do not outlive their test."""

import ctypes
import signal
import time


def end_with_parent():
    """For Popen's preexec_fn: the kernel ends the child when the test process dies, however it dies."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def until(check, timeout=20.0, interval=0.02, what="condition"):
    """Calls `check` until it gives something true and returns that; AssertionError with the last value after `timeout`."""
    end = time.monotonic() + timeout
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what} (last: {value!r})")
        time.sleep(interval)
