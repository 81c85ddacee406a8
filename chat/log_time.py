"""Log time: the time by which the ages of a log's entries are judged, told from their own times alone.

It follows the entries' times as long as they go on steadily. Where the clock has jumped by more than a day, forwards
or back, it follows only after the log has gone on for a day from there: so a clock that was wrong for one run makes
nothing old, and a server that nobody spoke to for a month does, a day later. A clock that stays wrong for longer than
that is believed.
"""

from __future__ import annotations

DAY = 86_400.0  # seconds


class LogTime:
    """Hears the times of all entries, in the order of the log. `now`: seconds since the epoch; None at first."""

    def __init__(self, now: float | None = None, jumped_to: float | None = None, last: float = 0.0) -> None:
        """Go on from an earlier `state`."""
        self.now = now
        self._jumped_to = jumped_to  # and not believed yet
        self._last = last  # the newest time since then

    def state(self) -> tuple[float | None, float | None, float]:
        """Return what another one needs to go on from here."""
        return self.now, self._jumped_to, self._last

    def hear(self, at: float) -> None:
        """Record the time `at` of the next entry."""
        if self.now is None or abs(at - self.now) <= DAY:
            self.now = at if self.now is None else max(self.now, at)
            self._jumped_to = None
        elif self._jumped_to is None or at < self._jumped_to:
            self._jumped_to = self._last = at
        elif at < self._jumped_to + DAY:
            self._last = max(self._last, at)
        else:  # a day later the clock still goes on from there
            self.now, self._jumped_to = self._last, None
            self.hear(at)
