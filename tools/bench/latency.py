"""The delay of a line from one client's `send` to another's `recv`, at a pace that no server finds hard.

A line carries the time at which it was sent, on the monotonic clock, which all processes share on Linux. Ten
of the clients are probes, in a process that does nothing but wait for them. The rest, the talkers among them,
are the crowd: a second process, which empties them now and then rather than at once, since waking up for each
of 90 deliveries would take from the server the CPU whose lack we would then measure.
"""

from __future__ import annotations

import ctypes
import itertools
import re
import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from multiprocessing.sharedctypes import RawArray, RawValue

from tools.bench.crew import Sample, Signals, Tally, Work, clients, measure
from tools.bench.load import READ, TEXT, Client, serve, work
from tools.bench.servers import Running
from tools.shared.programs import HOST

PEOPLE, TALKERS = 100, 10
PROBE_EVERY = 10  # every tenth seat, since a server may serve the first that came before the last
RATE = 200  # lines a second, by all talkers together
SWEEP_LINES = 10  # sent between two sweeps of the crowd: 50 ms
GUESSERS, PAUSE_SECONDS = 100, 0.1
STAMP = re.compile(rb"sent=(\d+)\r?\n")


class Delays:
    """A list of ns that one process writes and another reads."""

    def __init__(self, room: int) -> None:
        self.values = RawArray(ctypes.c_uint64, room)
        self.used = RawValue(ctypes.c_uint64, 0)

    def extend(self, delays: list[int]) -> None:
        """Add what there is room for."""
        for delay in delays[: len(self.values) - self.used.value]:
            self.values[self.used.value] = delay
            self.used.value += 1

    def taken(self) -> list[int]:
        """All of them so far."""
        return list(self.values[: self.used.value])


class Probe(Client):
    """A client that reads the time in what it hears, and notes how old it is while the window is open."""

    def __init__(self, sock: socket.socket, signals: Signals, delays: Delays) -> None:
        super().__init__(sock, b"")
        self.signals = signals
        self.delays = delays
        self.tail = b""  # a line whose end has not arrived

    def listen(self, buffer: bytearray) -> int:
        """Take what has arrived and note its age; how many lines ended in it."""
        size = self.sock.recv_into(buffer)
        now = time.monotonic_ns()
        if not size:
            raise ConnectionError
        lines, end, self.tail = (self.tail + buffer[:size]).rpartition(b"\n")
        if self.signals.measuring:
            self.delays.extend([now - int(sent) for sent in STAMP.findall(lines + end)])
        return (lines + end).count(b"\n")


def latency(running: Running, seconds: float, *others: Work) -> Sample:
    """Return the delays of a window with PEOPLE clients; `others` is work that other processes do meanwhile."""
    with clients(running, PEOPLE) as seats:
        crowd = [sock for number, sock in enumerate(seats) if number % PROBE_EVERY]
        works: list[Work] = [partial(mingle, crowd, running.speech.say), *others]
        sample = delays_of(running, seats[::PROBE_EVERY], works, seconds)
    sample.dropped += PEOPLE - len(seats)
    return sample


def latency_with_logins(running: Running, seconds: float) -> Sample:
    """Return the delays of `latency` while GUESSERS log in with wrong passwords at any time.

    Hashing must not hold up the chat. Each of them asks again every 100 ms while it is told that too many passwords are
    being checked, and connects anew when it is closed for its third wrong one, so that the queue is always full.
    """
    return latency(running, seconds, partial(guess, running.port))


def delays_of(running: Running, probes: list[socket.socket], works: list[Work], seconds: float) -> Sample:
    """Measure the delays at the probes, which have a process of their own as each of `works` has."""
    delays = Delays(1 << 20)
    sample = measure(running, [partial(watch, probes, delays), *works], seconds)
    sample.delays = delays.taken()
    return sample


def watch(socks: list[socket.socket], delays: Delays, signals: Signals, tally: Tally) -> None:
    """Wait for the probes until told to stop."""
    work([Probe(sock, signals, delays) for sock in socks], signals, tally)


def mingle(socks: list[socket.socket], say: bytes, signals: Signals, tally: Tally) -> None:
    """Be the crowd: talk at the pace, and listen now and then, half-way between two lines."""
    crowd = [Client(sock, b"") for sock in socks]
    buffer = bytearray(1 << 16)
    due = time.monotonic()
    for number in itertools.count():
        if not signals.go_on():
            return
        sleep_until(due - 0.5 / RATE)
        if number % SWEEP_LINES == 0:
            crowd = [client for client in crowd if serve(client, READ, buffer, tally)]
        sleep_until(due)
        speak(socks[number % TALKERS], say)
        due += 1 / RATE  # of the plan, not of the clock: a late line does not make the next ones late


def speak(sock: socket.socket, say: bytes) -> None:
    """Send a line with the time in it; a talker who was dropped is counted when the crowd listens."""
    with suppress(OSError):
        sock.send(b"%b%b sent=%d\r\n" % (say, TEXT[:15], time.monotonic_ns()))  # 40 bytes of text, too


def sleep_until(due: float) -> None:
    """Wait for a time on the monotonic clock."""
    time.sleep(max(0.0, due - time.monotonic()))


def guess(port: int, signals: Signals, tally: Tally) -> None:
    """Log in wrongly until told to stop; a name without an account is checked like one that has one."""
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
