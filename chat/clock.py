"""LoopClock: loop time, in which the deadlines of the server count. Pure: readings of a monotonic clock are handed in.

While a process is stopped (SIGSTOP, a debugger, a laptop that is closed, a machine that swaps), its peers go on: they
take what the kernel holds for them, and their answers arrive. When it goes on, nobody has been offered anything and
nothing has been read, but the monotonic clock has passed all deadlines. So a jump between two readings, of over a
second more than the loop meant to sleep between them, is left out of loop time: all deadlines move by it at once.
"""

from __future__ import annotations

JUMP = 1.0  # seconds


class LoopClock:
    """Loop time in seconds, from the first reading on. Never runs backwards."""

    __slots__ = ("_jump", "_left_out", "_read_at")

    def __init__(self, jump: float = JUMP) -> None:
        """Leave out what is over `jump` seconds more than was meant to pass; `inf` leaves out nothing."""
        self._jump = jump
        self._left_out = 0.0
        self._read_at: float | None = None

    def now(self, reading: float, slept: float = 0.0) -> float:
        """Return the loop time at `reading`, the monotonic clock's; since the last one, `slept` were to be slept."""
        last = reading if self._read_at is None else self._read_at
        self._read_at = max(reading, last)
        if reading - last > slept + self._jump:
            self._left_out += reading - last
        return self._read_at - self._left_out
