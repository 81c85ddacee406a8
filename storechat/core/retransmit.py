"""When to write a letter, and when to write it again. Pure; times are monotonic seconds."""

from __future__ import annotations

from math import inf

from client.core.backoff import Backoff, Rng

_FIRST_WAIT, _LONGEST_WAIT = 0.4, 8.0  # seconds until a letter that seems unread is written again
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0  # seconds until another attempt when the store has not taken one


class RetransmitTimer:
    """A letter is written when one is `due`, and again after ever longer waits, while it seems unread."""

    def __init__(self, rng: Rng) -> None:
        """Begin with a letter that is due."""
        self.due = True
        self._writing = False
        self._failed = False
        self._again_at = 0.0
        self._silence = Backoff(_FIRST_WAIT, _LONGEST_WAIT, rng)
        self._trouble = Backoff(_FIRST_PAUSE, _LONGEST_PAUSE, rng)

    @property
    def done(self) -> bool:
        """Whether the store has taken all that was due, as far as it said."""
        return not self.due and not self._writing

    def write_at(self, unread: bool) -> float:
        """Return when to write: 0 for at once, infinity for not yet. `unread`: whether the last one was, it seems."""
        if self.due and not self._failed:
            return 0.0
        return self._again_at if self.due or unread else inf

    def progress(self) -> None:
        """Begin again with short waits: the other side is there, or there is something new for it."""
        self._silence.reset()

    def begin(self, now: float) -> None:
        """Note that a letter is being written."""
        self.due = False
        self._writing = True
        self._again_at = now + self._silence.wait()

    def written(self) -> None:
        """Note that the store has taken it. It may lose it all the same."""
        self._writing = self._failed = False
        self._trouble.reset()

    def not_written(self, now: float) -> None:
        """Note that the store has not taken it, or has not said so: another one is due, after a while."""
        self._writing = False
        self.due = self._failed = True
        self._again_at = now + self._trouble.wait()
