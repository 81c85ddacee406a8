"""How long to wait before the next attempt: longer after each failure. Pure."""

from __future__ import annotations

from collections.abc import Callable

Rng = Callable[[], float]  # a random number from 0 up to 1, such as random.random


class Backoff:
    """Waits that double from `first` to `longest` seconds; each is shortened by a random part, at most half of it.

    So clients that lost their connection at the same time do not all come back at the same time.
    """

    def __init__(self, first: float, longest: float, rng: Rng) -> None:
        self._first = first
        self._longest = longest
        self._rng = rng
        self._next = first

    def wait(self) -> float:
        """Return the time to wait before the next attempt, in seconds."""
        seconds = self._next * (0.5 + self._rng() / 2)
        self._next = min(self._next * 2, self._longest)
        return seconds

    def reset(self) -> None:
        """Begin again with the first wait, after a success."""
        self._next = self._first
