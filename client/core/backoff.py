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


class Retries:
    """When to try for another connection, and when to give up. Times are monotonic seconds."""

    def __init__(self, backoff: Backoff, persistence: float, lasting: float) -> None:
        """Try for `persistence` seconds after a loss. A connection of `lasting` seconds makes the next waits short."""
        self._backoff = backoff
        self._persistence = persistence
        self._lasting = lasting
        self._connected_at = 0.0
        self._give_up_at = 0.0
        self.is_hurried = False  # the next try is due at once, by the user's wish

    @property
    def persists(self) -> bool:
        """Whether a lost connection is replaced at all."""
        return self._persistence > 0 or self.is_hurried

    def hurry(self) -> None:
        """Make the next try due at once, and the waits behind it short."""
        self.is_hurried = True
        self._backoff.reset()

    def connected(self, now: float) -> None:
        """Note that there is a connection since `now`."""
        self._connected_at = now
        self.is_hurried = False

    def holds(self, now: float) -> None:
        """Note that the connection still stands, and that we are in the room."""
        if self._connected_at + self._lasting < now:
            self._backoff.reset()

    def lost(self, now: float) -> None:
        """Note that a connection by which we were in the room was lost at `now`."""
        self._give_up_at = now + self._persistence

    def wait(self, now: float) -> float | None:
        """Return how many seconds to wait until the next round of tries; None if it would come too late."""
        if self.is_hurried:
            self.is_hurried = False
            return 0.0
        seconds = self._backoff.wait()
        return None if now + seconds > self._give_up_at else seconds
