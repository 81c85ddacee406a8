"""Backoff: how long to wait before the next attempt, longer each time that it is in vain. Pure."""

from __future__ import annotations

from collections.abc import Callable

Chance = Callable[[], float]  # a random number from 0 up to 1, such as random.random


class Backoff:
    """Doubles from `first` to `most` seconds. The half of each wait is left to chance, so that two do not keep step."""

    def __init__(self, first: float, most: float, chance: Chance) -> None:
        self._first = first
        self._most = most
        self._chance = chance
        self._next = first

    def wait(self) -> float:
        """Return the seconds to wait this time."""
        seconds = self._next * (0.5 + self._chance() / 2)
        self._next = min(self._next * 2, self._most)
        return seconds

    def reset(self) -> None:
        """Begin again: something came of it."""
        self._next = self._first
