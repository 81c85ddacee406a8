"""TLS handshakes in crowds, while another client pings.

A hundred handshakes are begun and never finished, a thousand are junk, and as many as one process can do succeed, with
keys of each kind. Also how many succeed in a second.
"""

from __future__ import annotations

import itertools
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from tools.shared.findings import Finding
from tools.shared.programs import HOST, Server, serving
from tools.shared.sockets import TIMEOUT
from tools.shared.tls import KEYS, client_context, in_tls
from tools.stress.asking import SECONDS, finding, pinging

STALLED = 100
AT_ONCE = 100  # connections of those that are junk


def handshakes(junk: int) -> Iterator[Finding]:
    """Stall, send `junk` handshakes that are none, as fast as they go, and connect."""
    yield pinged(f"{STALLED} stalled handshakes", "P-256", stall)
    yield pinged(f"{junk:,} junk handshakes", "P-256", partial(send_junk, junk))
    for key in KEYS:
        yield pinged(f"handshakes with {key}", key, connect_all_the_time)


def pinged(what: str, key: str, act: Callable[[Server, float], str]) -> Finding:
    """Return what pings took while something was done to the server."""
    with in_tls(key=key), serving("--no-rate-limit") as server:
        victim = pinging(server.port)
        figures = act(server, time.monotonic() + SECONDS)
        return finding(what, victim, figures, server.bugs())


def stall(server: Server, until: float) -> str:
    """Begin handshakes, send a part of a hello for each, a byte now and then, and nothing more."""
    socks = [plain(server.port) for _ in range(STALLED)]
    hello = client_hello()
    for number, sock in enumerate(socks):
        sock.send(hello[: 1 + number])
    for byte in itertools.cycle(hello[STALLED:]):
        time.sleep(0.05)
        if time.monotonic() > until:
            break
        for sock in socks:
            with suppress(OSError):
                sock.send(bytes([byte]))
    for sock in socks:
        sock.close()
    return f"{len(socks)} of them a byte at a time"


def send_junk(count: int, server: Server, _: float) -> str:
    """Send what begins like TLS and is none, or is a hello with a byte changed, `count` times."""
    hello, began = client_hello(), time.monotonic()
    for first in range(0, count, AT_ONCE):
        socks = [plain(server.port) for _ in range(first, min(first + AT_ONCE, count))]
        for number, sock in enumerate(socks):
            place = 5 + number % (len(hello) - 5)
            junk = hello[:place] + bytes([hello[place] ^ 0xFF]) + hello[place + 1 :]
            sock.send(junk if number % 2 else b"\x16\x03\x01" + os.urandom(500))
        for sock in socks:
            sock.close()
    return f"in {time.monotonic() - began:.1f} s"


def connect_all_the_time(server: Server, until: float) -> str:
    """Connect, one after the other, and leave at once."""
    context, done, cpu = client_context(), 0, server.cpu()
    began = time.monotonic()
    while time.monotonic() < until:
        with context.wrap_socket(socket.create_connection((HOST, server.port), TIMEOUT)) as sock:
            sock.settimeout(TIMEOUT)
            done += 1
    seconds = time.monotonic() - began
    return f"{done / seconds:.0f} a second from one process, {(server.cpu() - cpu) / done * 1e6:.0f} us of CPU each"


def plain(port: int) -> socket.socket:
    """Return a connection that has said nothing."""
    return socket.create_connection((HOST, port), TIMEOUT)


def client_hello() -> bytes:
    """Return what a client begins with."""
    outgoing = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        client_context().wrap_bio(ssl.MemoryBIO(), outgoing).do_handshake()
    return outgoing.read()
