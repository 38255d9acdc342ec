"""Free TCP ports on the loopback, below the kernel's ephemeral range so that no outgoing connection takes one meanwhile."""

import random
import socket

_TAKEN = set()


def free_port():
    for _ in range(500):
        port = random.SystemRandom().randrange(20000, 32000)
        if port in _TAKEN:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _TAKEN.add(port)
        return port
    raise RuntimeError("no free port")


def accepts(port):
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
