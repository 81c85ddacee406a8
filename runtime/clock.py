"""The clock of the loop: loop time, in which the deadlines of the server count.

While a process is stopped (SIGSTOP, a debugger, a laptop that is closed, a machine that swaps), its peers go on: they
take what the kernel holds for them, and their answers arrive. When it goes on, nothing has been written or
read, but the monotonic clock has passed all deadlines. So a jump between two readings, of over a
second more than the loop meant to sleep between them, is left out of loop time: all deadlines move by it at once.
"""

from __future__ import annotations

import time
from typing import Protocol

JUMP = 1.0  # seconds


class Clock(Protocol):
    """Where the time comes from: the module `time`, or a test's own."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""

    def time(self) -> float:
        """Return the seconds since 1970, UTC."""


class LoopClock:
    """Loop time in seconds, from the first reading of `source` on. Never runs backwards."""

    __slots__ = ("_jump", "_left_out", "_read_at", "_source", "time")

    def __init__(self, source: Clock = time, jump: float = JUMP) -> None:
        """Leave out jumps of over `jump` seconds; `inf` leaves out nothing."""
        self._source = source
        self._jump = jump
        self._left_out = 0.0
        self._read_at = source.monotonic()
        self.time = source.time  # for people: seconds since 1970, UTC

    def now(self, slept: float = 0.0) -> float:
        """Return the loop time. Since the last call the loop meant to sleep for `slept` seconds."""
        reading = self._source.monotonic()
        passed = reading - self._read_at
        if passed > 0.0:
            self._read_at = reading
            if passed > slept + self._jump:
                self._left_out += passed
        return self._read_at - self._left_out
