"""Joins and leaves of users who said nothing are shown together in one line. Pure.

The line grows as long as nothing else is shown, up to a number of events: each change draws it again. Then it
is finished, and the next one to come begins another. A user who has spoken gets a line of their own when they leave,
and so does one that an operator has removed.
"""

from __future__ import annotations

from client.core.render import Kind, Shown, Span, compose, name_span, render_event
from protocol import acts
from protocol.events import Event, Joined, Left, Renamed, Said, Whispered

EVENTS_LIMIT = 1000  # in one line
SPEAKERS_LIMIT = 10_000  # known by name; a hostile server may make up as many as it likes
_NAMES = 10  # in one list of the line; the rest are counted


class JoinsLine:
    """The comings and goings since something else was shown, and who has spoken."""

    def __init__(self) -> None:
        self._folded: list[Joined | Left] = []
        self._speakers: set[str] = set()

    @property
    def full(self) -> bool:
        """Whether the line must be finished before it takes anything more."""
        return len(self._folded) >= EVENTS_LIMIT

    def takes(self, event: Event | None) -> bool:
        """Note what happened; return whether it goes into the line, and so needs no other place."""
        if isinstance(event, Said | Whispered) or (isinstance(event, Renamed) and event.old in self._speakers):
            self._note_speaker(event.name)
        if not isinstance(event, Joined | Left) or self._has_spoken(event):
            return False
        self._folded.append(event)
        return True

    def _note_speaker(self, name: str) -> None:
        if len(self._speakers) < SPEAKERS_LIMIT:
            self._speakers.add(name)

    def _has_spoken(self, event: Joined | Left) -> bool:
        was_heard = event.name in self._speakers
        self._speakers.discard(event.name)  # who joins under this name later is another user
        return isinstance(event, Left) and (was_heard or event.reason.startswith(acts.REMOVED))

    def line(self, me: str) -> Shown | None:
        """Return the line as it stands; None if there is none."""
        if len(self._folded) < 2:
            return render_event(self._folded[0], me) if self._folded else None
        return _summary(self._folded)

    def unfold(self, me: str) -> Shown | None:
        """Return the line, finished."""
        line = self.line(me)
        self._folded.clear()
        return line


def _summary(folded: list[Joined | Left]) -> Shown:
    came = dict.fromkeys(event.name for event in folded if isinstance(event, Joined))
    went = dict.fromkeys(event.name for event in folded if isinstance(event, Left))
    lists = {
        "connected": [name for name in came if name not in went],
        "left": [name for name in went if name not in came],
        "connected and left": [name for name in came if name in went],
    }
    told = [part for what, names in lists.items() if names for part in ("; ", f"{what}: ", *_listed(names))]
    return compose(Kind.NOTICE, "* ", *told[1:], f". Users here: {folded[-1].count}")


def _listed(names: list[str]) -> list[str | Span]:
    parts: list[str | Span] = [part for name in names[:_NAMES] for part in (", ", name_span(name))][1:]
    more = len(names) - _NAMES
    return [*parts, f" and {more} more"] if more > 0 else parts
