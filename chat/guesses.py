"""Guesses: how often somebody may get a password wrong.

Counted for each account and address together: whoever guesses at an account from one address locks himself out of it,
and nobody else. 3 in a minute and 10 in ten minutes leave room for a person's slips, and a guesser with a guess a
minute at a name.
"""

from __future__ import annotations

from collections import deque

LIMITS = ((3, 60.0), (10, 600.0))  # so many within so many seconds
_LONGEST = max(seconds for _, seconds in LIMITS)
_SWEEP_SIZE = 1000  # keys; from here on the old ones are looked for


class Guesses:
    """When passwords were tried, by key (account, address). Times are monotonic seconds."""

    def __init__(self) -> None:
        self._tries: dict[tuple[str, str], deque[float]] = {}

    def wait(self, key: tuple[str, str], now: float) -> float:
        """Return for how many seconds there may be no further try; 0.0 when there may be one now."""
        tries = self._tries.get(key, ())
        waits = (tries[-count] + seconds - now for count, seconds in LIMITS if len(tries) >= count)
        return max([0.0, *waits])

    def count(self, key: tuple[str, str], now: float) -> None:
        """Count a try. It counts before its outcome is known, so that tries at once gain nothing."""
        if len(self._tries) >= _SWEEP_SIZE:
            self._sweep(now)
        self._tries.setdefault(key, deque(maxlen=max(count for count, _ in LIMITS))).append(now)

    def forgive(self, key: tuple[str, str]) -> None:
        """Take back the newest try: it was no wrong guess."""
        tries = self._tries.get(key)
        if tries:
            tries.pop()

    def _sweep(self, now: float) -> None:
        self._tries = {key: tries for key, tries in self._tries.items() if tries and tries[-1] + _LONGEST > now}
