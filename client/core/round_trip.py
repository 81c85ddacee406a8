"""How long the server took for its newest answer, if that says something about the connection. Pure.

A line right behind others says nothing, since the server may make it wait for them, nor does one that was sent twice
because the connection was lost. The question that the client asks by itself when it comes in always counts.
"""

from __future__ import annotations

from math import inf

PAUSE = 1.0  # seconds after an answer; what comes sooner may have to wait its turn (docs/limits.md)


class RoundTrip:
    """Times are monotonic seconds."""

    def __init__(self) -> None:
        self.seconds: float | None = None
        self._welcomed_at = 0.0
        self._answered_at = -inf
        self._last_repeated = 0  # the newest line that was on its way when we came in

    def welcomed(self, now: float, last_cseq: int) -> None:
        """Note that we came in at `now`, and what we ask then; lines up to `last_cseq` go with it."""
        self._welcomed_at, self._last_repeated = now, last_cseq

    def listed_users(self, now: float) -> None:
        """Note the answer to what was asked with the welcome."""
        self.seconds = now - self._welcomed_at

    def is_paused(self, now: float) -> bool:
        """Return whether there was a pause before `now`, so that a line which nothing else waits with can be timed."""
        return now - self._answered_at >= PAUSE

    def answered(self, cseq: int, sent_at: float, now: float, *, alone: bool) -> None:
        """Note the answer to a line; `alone`: it followed a pause, and no other line waited."""
        self._answered_at = now
        if alone and cseq > self._last_repeated:
            self.seconds = now - sent_at
