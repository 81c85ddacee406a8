"""Rhythm: how often things fail, and for how long. `Strikes` has one thing fail again and again, in that rhythm."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from math import inf
from typing import NamedTuple

Span = tuple[float, float]  # seconds, of which any is chosen


class Fault(NamedTuple):
    """A way in which a thing fails, for so many `seconds`. `end` makes it whole again."""

    name: str
    begin: Callable[[], None]
    end: Callable[[], None]
    seconds: Span


class Strikes:
    """The `faults` of one thing, of which any strikes after each pause, `between` two. `counts` counts them."""

    def __init__(self, faults: Sequence[Fault], between: Span, chance: random.Random, counts: Counter[str]) -> None:
        self._faults = faults
        self._between = between
        self._chance = chance
        self._counts = counts
        self._present: Fault | None = None
        self._due_at = inf  # its end, or the next beginning; after `spare`, never

    def tick(self, now: float) -> None:
        """Begin or end what is due."""
        if self._due_at == inf:
            self._wait(now)
        elif now >= self._due_at:
            if self._present is None:
                self._begin(now)
            else:
                self.spare()
                self._wait(now)

    def spare(self) -> None:
        """Make it whole, and let nothing fail until the next `tick`."""
        present, self._present = self._present, None
        self._due_at = inf
        if present is not None:
            present.end()

    def _wait(self, now: float) -> None:
        self._due_at = now + self._chance.uniform(*self._between)

    def _begin(self, now: float) -> None:
        fault = self._present = self._chance.choice(self._faults)
        self._due_at = now + self._chance.uniform(*fault.seconds)
        self._counts[fault.name] += 1
        fault.begin()
