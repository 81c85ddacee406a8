"""A crowd that chats line by line, at a pace that is kept whatever the server does.

Three processes keep a plan. Line `n` is due at `start + n / rate`, and one process does nothing but send each in time.
The probes wait for them in a second one (latency.py). The rest of the crowd is emptied by the third, half-way between
two lines, every 50 ms or, if they are many, less often: waking up for each delivery would take from the server the CPU
whose lack we would then measure. The window begins and ends shortly before a line, when all lines have long arrived
and been counted.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from tools.bench.crew import Sample, Seat, Signals, Tally, Work, clients, sleep_until
from tools.bench.latency import delays_of, stamped
from tools.bench.load import READ, Client, serve
from tools.bench.logins import guess
from tools.bench.servers import Running

PROBES, TALKERS = 10, 10
SWEEP_SECONDS, SWEEP_SECONDS_EACH = 0.05, 20e-6  # between two sweeps of the crowd: for each of it, at least
FEWEST_LINES = 20  # in a window
LEAD_SECONDS = 0.3  # until the processes are there
EDGE = 0.9  # of the way from one line to the next


@dataclass(frozen=True)
class Plan:
    """When each line is sent and when the crowd is emptied, on the monotonic clock."""

    start: float
    rate: float  # lines a second
    sweep: float = SWEEP_SECONDS  # seconds from one sweep to the next, or one line if that is longer

    @property
    def lines_a_sweep(self) -> int:
        """How many lines are sent from one sweep to the next."""
        return max(1, round(self.rate * self.sweep))

    def line(self, number: float) -> float:
        """Return when a line is due."""
        return self.start + number / self.rate

    def sweeps(self) -> Iterator[float]:
        """Yield when the crowd is emptied, without end."""
        return (self.line(number + 0.5) for number in itertools.count(step=self.lines_a_sweep))

    def edge(self, moment: float) -> float:
        """Return the first time, not before `moment`, when every line that was sent has been counted."""
        step = self.lines_a_sweep
        number = math.ceil((moment - self.line(EDGE)) * self.rate / step) * step
        return self.line(number + EDGE)


@dataclass(frozen=True)
class Steady:
    """`people` clients, of which ten say `rate` lines a second together, one after the other."""

    people: int
    rate: float
    guessing: bool = False  # others log in with wrong passwords all the while

    def __call__(self, running: Running, seconds: float) -> Sample:
        """Return what was counted, and the delays of a window, which is longer if it would have too few lines."""
        seconds = max(seconds, FEWEST_LINES / self.rate)
        before = settled_bytes(running)
        every = max(2, self.people // PROBES)  # since a server may serve the first that came before the last
        talkers = [number for number in range(self.people) if number % every][:TALKERS]
        with clients(running, self.people, talkers) as seats:
            idle = running.process.memory() - before
            sample = self._listened(running, seats[::every], [s for n, s in enumerate(seats) if n % every], seconds)
        sample.bytes_at_most = running.process.memory_peak()
        sample.bytes_each = idle / self.people
        sample.dropped += self.people - len(seats)
        return sample

    def _listened(self, running: Running, probes: list[Seat], crowd: list[Seat], seconds: float) -> Sample:
        plan = Plan(time.monotonic() + LEAD_SECONDS, self.rate, max(SWEEP_SECONDS, SWEEP_SECONDS_EACH * self.people))
        works: list[Work] = [partial(talk, plan, [seat for seat in crowd if seat.talks]), partial(sweep, plan, crowd)]
        works += [partial(guess, running.port)] if self.guessing else []
        return delays_of(running, probes, works, seconds, plan.edge)


def settled_bytes(running: Running) -> int:
    """Return the resident bytes of a server that a visitor has had load all that it needs."""
    with clients(running, 1, kind=b"visitor"):
        return running.process.memory()


def talk(plan: Plan, talkers: list[Seat], signals: Signals, _: Tally) -> None:
    """Say every line when it is due; a talker who was dropped is counted when the crowd is emptied."""
    for number in itertools.count():
        sleep_until(plan.line(number))
        if not signals.go_on():
            return
        talker = talkers[number % len(talkers)]
        with suppress(OSError):
            talker.sock.send(stamped(talker.speech.say))


def sweep(plan: Plan, seats: list[Seat], signals: Signals, tally: Tally) -> None:
    """Empty the crowd now and then."""
    crowd = [Client(seat) for seat in seats]
    buffer = bytearray(1 << 16)
    for due in plan.sweeps():
        sleep_until(due)
        if not signals.go_on():
            return
        crowd = [client for client in crowd if serve(client, READ, buffer, tally)]
