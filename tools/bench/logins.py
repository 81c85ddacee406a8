"""The delay of lines while passwords are checked without pause: hashing must not hold up the chat.

A third process keeps 100 connections that log in with wrong passwords, all the time: each asks again every 100 ms
while it is told that too many are being checked, and connects anew when it is closed for its third wrong one. So
the queue for the hash is always full.
"""

from __future__ import annotations

import itertools
import selectors
import socket
import time
from collections.abc import Iterator
from functools import partial

from tools.bench.crew import Sample, Signals, Tally, clients, measure
from tools.bench.latency import PEOPLE, PROBE_EVERY, Delays, mingle, watch
from tools.bench.servers import HOST, Running

GUESSERS = 100
PAUSE_SECONDS = 0.1


def latency_with_logins(running: Running, seconds: float) -> Sample:
    """The delays of the scenario `latency`, with `GUESSERS` logins at any time."""
    delays = Delays(1 << 20)
    with clients(running, PEOPLE) as seats:
        crowd = [sock for number, sock in enumerate(seats) if number % PROBE_EVERY]
        works = [
            partial(watch, seats[::PROBE_EVERY], delays),
            partial(mingle, crowd, running.server.speech.say),
            partial(guess, running.port),
        ]
        sample = measure(running, works, seconds)
    sample.delays = delays.taken()
    return sample


def guess(port: int, signals: Signals, tally: Tally) -> None:
    """Log in wrongly until told to stop. A name that nobody has is checked like one that somebody has."""
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
    try:
        sock.send(b"JOIN %b not the password\r\n" % next(names))
    except OSError:
        return
