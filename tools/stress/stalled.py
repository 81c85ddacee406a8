"""Readers that read nothing: how long the others wait for a message, and how much memory it takes.

Each round measures the same room twice, each time with a fresh server: once with all reading, once with 50 of the 900
reading nothing. The lines are long, so that within the window those 50 fill the kernel's buffers, lag, and are dropped:
the delays cover all of it. Probes and delays are those of tools/bench/latency.py.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Iterator
from functools import partial

from tools.bench.crew import Seat, Signals, Tally, clients, sleep_until
from tools.bench.figures import milliseconds
from tools.bench.latency import delays_of
from tools.bench.load import READ, Client, serve
from tools.bench.servers import TEXT, Running
from tools.shared.findings import MIB, Finding, mib
from tools.shared.programs import serving
from tools.shared.sockets import PEOPLE, SMALL_BUFFER, Ear, ended, hang_up, join, listen_until, saying, welcomed

TALKERS, RATE = 100, 50  # messages a second, by all talkers together: well within what each may
PROBE_EVERY, STALL_EVERY = 45, 18  # 20 probes, and 50 that stall
SECONDS = 20.0  # of a window: the kernel's buffers are full after about five, ten later those who stall are dropped
SWEEP_LINES = 5  # sent between two sweeps of the crowd: 100 ms
FILLING = b"x" * 1000
RATIO_LIMIT = 2.0

MEMORY_LIMIT = 200 * MIB
MEMORY_SECONDS = 15.0
ENTER_AT_ONCE = 100
ASKING_AT_ONCE = 10  # for each message: 500 a second, who ask for the list of 900 names four times each


def stalled(rounds: int) -> Iterator[Finding]:
    """Measure both."""
    yield delay(rounds)
    yield memory("100 talk", False)
    yield memory("100 talk, the others ask for 18 KiB again and again", True, "--no-rate-limit")


# --- the others' delay -------------------------------------------------------------------------------------------


def delay(rounds: int) -> Finding:
    """The 99th percentile with some stalled, to that with none: of each, the median of the rounds."""
    pairs = [(p99(stalls=False), p99(stalls=True)) for _ in range(rounds)]
    none, some = (statistics.median(column) for column in zip(*pairs, strict=True))
    each = ", ".join(f"{before:.1f} and {after:.1f}" for before, after in pairs)
    figures = (
        f"p99 {none:.1f} ms with none, {some:.1f} ms with {PEOPLE // STALL_EVERY} of {PEOPLE} stalled "
        f"(rounds: {each}), ratio {some / none:.2f}"
    )
    return Finding(some / none <= RATIO_LIMIT, "the others' delay", figures)


def p99(stalls: bool) -> float:
    """Return the delay of one window in ms. Raises RuntimeError unless just those that stalled were dropped."""
    with serving() as server, clients(running := Running(TEXT, server), PEOPLE) as seats:
        stalling = set(seats[STALL_EVERY // 2 :: STALL_EVERY] if stalls else [])
        reading = [seat for seat in seats if seat not in stalling]
        crowd = [seat for number, seat in enumerate(reading) if number % PROBE_EVERY]
        sample = delays_of(running, reading[::PROBE_EVERY], [partial(mingle, crowd)], SECONDS)
        kept = listen_until(ended, [Ear(seat.sock) for seat in stalling], 3.0)
        if len(seats) < PEOPLE or sample.dropped or kept:
            raise RuntimeError(f"{len(seats)} came, {sample.dropped} who read were dropped, {len(kept)} stalled stayed")
    return milliseconds(sorted(sample.delays), 0.99) or 0.0


def mingle(seats: list[Seat], signals: Signals, tally: Tally) -> None:
    """Be the crowd: talk at the pace, and listen now and then, half-way between two lines."""
    crowd = [Client(seat) for seat in seats]
    buffer = bytearray(1 << 18)
    began = time.monotonic()
    for number in itertools.count():
        if not signals.go_on():
            return
        sleep_until(began + (number - 0.5) / RATE)
        if number % SWEEP_LINES == 0:
            crowd = [client for client in crowd if serve(client, READ, buffer, tally)]
        sleep_until(began + number / RATE)
        seats[number % TALKERS].sock.send(b"%b sent=%d\r\n" % (FILLING, time.monotonic_ns()))


# --- memory ------------------------------------------------------------------------------------------------------


def memory(what: str, asks: bool, *options: str) -> Finding:
    """The most that the server ever has resident while 900 read nothing, of whom 100 talk and, it may be, 800 ask."""
    with serving(*options) as server:
        ears: list[Ear] = []
        while len(ears) < PEOPLE:
            names = [f"s{len(ears) + more:x<19}" for more in range(ENTER_AT_ONCE)]
            ears += [join(server.port, name, framed=True, buffer=SMALL_BUFFER) for name in names]
            listen_until(welcomed, ears)
        before = server.memory()
        talk_unheard(ears, asks)
        peak, bugs, running = server.memory_peak(), server.bugs(), server.running
        hang_up(ears)
    figures = f"{mib(peak)} at most, {mib(before)} before; bugs: {bugs}"
    return Finding(peak < MEMORY_LIMIT and running and not bugs, f"all {PEOPLE} stalled, {what}", figures)


def talk_unheard(ears: list[Ear], asks: bool) -> None:
    """Talk, ask who is there, over and over, and read nothing."""
    asking = itertools.cycle(ears[TALKERS:])
    began = time.monotonic()
    for number in range(round(RATE * MEMORY_SECONDS)):
        sleep_until(began + number / RATE)
        ears[number % TALKERS].say("x" * 1000)
        for ear in itertools.islice(asking, ASKING_AT_ONCE if asks else 0):
            ear.send(saying("/users", framed=True) * 4)
