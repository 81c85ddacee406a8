"""The delay of a line from one client's `send` to another's `recv`.

A line carries the time at which it was sent, on the monotonic clock, which all processes share on Linux. Some of the
clients are probes, in a process that does nothing but wait for them.
"""

from __future__ import annotations

import ctypes
import re
import time
from functools import partial
from multiprocessing.sharedctypes import RawArray, RawValue

from tools.bench.crew import Edge, Sample, Seat, Signals, Tally, Work, measure
from tools.bench.load import TEXT, Client, work
from tools.bench.servers import Running

STAMP = re.compile(rb"sent=(\d+)\D")


def stamped(say: bytes) -> bytes:
    """Return a line with the time in it."""
    return b"%b%b sent=%d\r\n" % (say, TEXT[:15], time.monotonic_ns())  # 40 bytes of text, too


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

    def __init__(self, seat: Seat, signals: Signals, delays: Delays) -> None:
        super().__init__(seat)
        self.signals = signals
        self.delays = delays
        self.tail = b""  # a line whose end has not arrived

    def listen(self, buffer: bytearray) -> int:
        """Take what has arrived and note its age; how many lines ended in it."""
        size = self.sock.recv_into(buffer)
        now = time.monotonic_ns()
        if not size:
            raise ConnectionError
        lines, end, self.tail = (self.tail + buffer[:size]).rpartition(self.end)
        if self.signals.measuring:
            self.delays.extend([now - int(sent) for sent in STAMP.findall(lines + end)])
        return lines.count(self.end) + len(end)


def delays_of(running: Running, probes: list[Seat], works: list[Work], seconds: float, edge: Edge = float) -> Sample:
    """Measure the delays at the probes, which have a process of their own as each of `works` has."""
    delays = Delays(1 << 20)
    sample = measure(running, [partial(watch, probes, delays), *works], seconds, edge)
    sample.delays = delays.taken()
    return sample


def watch(seats: list[Seat], delays: Delays, signals: Signals, tally: Tally) -> None:
    """Wait for the probes until told to stop."""
    work([Probe(seat, signals, delays) for seat in seats], signals, tally)
