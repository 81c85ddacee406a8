"""Guesses: how often somebody may get a password wrong, or choose a new one.

Counted for each account and network together (chat.networks): a guesser at one address is locked out of the account,
and nobody else is. 3 in a minute and 10 in ten minutes leave room for a person's slips, and a guesser
with a guess a minute at a name. Those behind a proxy on this machine come from one address, and are counted by the
account that they ask for; what is not about an account is counted for all of them together, by LIMITS_OF_MANY.
"""

from __future__ import annotations

from chat.recent import Recent

LIMITS = ((3, 60.0), (10, 600.0))  # so many within so many seconds
LIMITS_OF_MANY = ((30, 60.0), (100, 600.0))


class LoginAttempts:
    """When passwords were tried, by key: (account, network). Times are monotonic seconds."""

    def __init__(self, limits: tuple[tuple[int, float], ...] = LIMITS) -> None:
        self._limits = limits
        self._most = max(count for count, _ in limits)
        self._tries: Recent[tuple[str, str]] = Recent(max(seconds for _, seconds in limits))

    def wait(self, key: tuple[str, str], now: float) -> float:
        """Return for how many seconds there may be no further try; 0.0 when there may be one now."""
        return max(self._tries.wait(key, count, seconds, now) for count, seconds in self._limits)

    def count(self, key: tuple[str, str], now: float) -> None:
        """Count a try. It counts before its outcome is known, so that tries at once gain nothing."""
        self._tries.add(key, now, self._most)

    def forgive(self, key: tuple[str, str]) -> None:
        """Take back the newest try: it was no wrong guess."""
        self._tries.take_back(key)


class Attempts:
    """The tries at logging in, and those at registering, of all who come from this machine, where a proxy may stand."""

    def __init__(self) -> None:
        self.logins = LoginAttempts()
        self.registrations = LoginAttempts(LIMITS_OF_MANY)
