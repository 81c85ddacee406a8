"""The watch over other servers: which of them have stopped, so that they have to be declared gone.

Every server has the log count its beats, and is answered with everybody's count. One whose count stands still while
some of ours are answered has stopped, or can't reach the log. No clock is compared, and no time runs out: while the log
itself is away nothing is answered, so nobody is declared gone.
"""

from __future__ import annotations

from collections.abc import Mapping

from chat.shared.shared_log import DeclareGone

INTERVAL = 2.0  # seconds between two beats
STILL = 3  # answers in which a count has to stand still: with the first one 8 s at most


class ServerWatch:
    """The counts of the others, as they were last answered."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, int]] = {}  # by incarnation: its count, and how often it was found unchanged

    def hear(self, counters: Mapping[str, int], own: str) -> list[DeclareGone]:
        """Take the answer to a beat of the incarnation `own`; return what closes those that have stopped."""
        seen = self._seen
        self._seen = {
            incarnation: (count, still + 1 if count == before else 0)
            for incarnation, count in counters.items()
            for before, still in [seen.get(incarnation, (-1, 0))]
            if incarnation != own
        }
        stopped = sorted(one for one, (_, still) in self._seen.items() if still >= STILL)
        return [DeclareGone(incarnation, counters[incarnation]) for incarnation in stopped]
