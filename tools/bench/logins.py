"""Wrong passwords: clients that log in under names of others all the time, beside a crowd that chats."""

from __future__ import annotations

import itertools
import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

from tools.bench.crew import Signals, Tally
from tools.shared.programs import HOST

GUESSERS, PAUSE_SECONDS = 100, 0.1


def guess(port: int, signals: Signals, tally: Tally) -> None:
    """Log in wrongly until told to stop; a name without an account is checked like one that has one.

    Each of them asks again every 100 ms while it is told that too many passwords are being checked, and connects anew
    when it is closed for its third wrong one, so that the queue is always full.
    """
    names = (b"guess%d" % number for number in itertools.count())
    with selectors.DefaultSelector() as selector:
        for _ in range(GUESSERS):
            ask(connected(port, selector), names)
        while signals.go_on():
            for key, _ in selector.select(PAUSE_SECONDS):
                sock: socket.socket = key.fileobj  # type: ignore[assignment]
                if sock.recv(65536):
                    continue
                selector.unregister(sock)
                sock.close()
                connected(port, selector)
            time.sleep(PAUSE_SECONDS)
            for key in list(selector.get_map().values()):
                ask(key.fileobj, names)  # type: ignore[arg-type]


def connected(port: int, selector: selectors.BaseSelector) -> socket.socket:
    """Open one more connection."""
    sock = socket.create_connection((HOST, port))
    selector.register(sock, selectors.EVENT_READ)
    return sock


def ask(sock: socket.socket, names: Iterator[bytes]) -> None:
    """Ask to be let in under the next name; if the connection has been closed meanwhile, we hear of it next."""
    with suppress(OSError):
        sock.send(b"JOIN %b not the password\r\n" % next(names))
