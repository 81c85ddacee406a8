"""Whether the store and the other user can be reached, for the status bar. Pure.

A store may fail now and then without being gone, so one failure in a row says nothing. Who has left says so; who was
cut off can't, and shows by not reading what is said.
"""

from __future__ import annotations

from math import inf

FAILURES = 2  # of requests of one kind, one after the other
UNREAD = 10.0  # seconds without anything read of what waits


class StoreHealth:
    """What the newest requests and acknowledgements say. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._failures: dict[str, int] = {}  # in a row, by the kind of request
        self._first = 0  # the number of the text that has waited longest
        self._waits_since = inf

    def failed(self, kind: str) -> None:
        """Note that the store did not do what a request of this kind asked."""
        self._failures[kind] = self._failures.get(kind, 0) + 1

    def served(self, kind: str) -> None:
        """Note that the store did it."""
        self._failures[kind] = 0

    def waiting(self, first: int, count: int, now: float) -> None:
        """Note that `count` texts wait to be read, the first of them that with the number `first`."""
        if not count:
            self._waits_since = inf
        elif self._waits_since == inf or first != self._first:
            self._waits_since = now
        self._first = first

    @property
    def online(self) -> bool:
        """Whether the store serves us."""
        return max(self._failures.values(), default=0) < FAILURES

    def reads(self, now: float) -> bool:
        """Return whether the other reads what is said, as far as we can know."""
        return now - self._waits_since < UNREAD
