"""Who is here, as far as the server said, and who of them spoke last. Pure.

Each name has a rank: speaking gives the highest so far, coming in silence the lowest. So each event costs
the same, however many are here, and the names are sorted only when they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter

from protocol.events import Announced, Event, Joined, Left, Renamed, Said, Whispered

NAMES_LIMIT = 10_000  # more than any room has: a hostile server may send as many as it likes


class Roster:
    """The names in the room; iterating begins with the latest speaker."""

    def __init__(self) -> None:
        self.count = 0  # how many are here, by the server's word; we may not know them all
        self._ranks: dict[str, int] = {}
        self._newest = 0  # the highest rank given so far, and the lowest, negated

    def __iter__(self) -> Iterator[str]:
        ranked = list(self._ranks.items())  # a copy, made at once: another thread may change it meanwhile
        return (name for name, _ in sorted(ranked, key=lambda item: item[1], reverse=True))

    def spoke(self, name: str) -> None:
        """Note that `name` has just said something, and so is here."""
        self._newest += 1
        self._rank(name, self._newest)

    def came(self, name: str, count: int) -> None:
        """Note that `name` has joined, which makes `count`."""
        self._add_silent(name)
        self.count = count

    def left(self, name: str, count: int) -> None:
        """Note that `name` is gone, which leaves `count`."""
        self._ranks.pop(name, None)
        self.count = count

    def renamed(self, old: str, name: str) -> None:
        """Note that `old` is `name` from now on, and spoke when `old` did."""
        rank = self._ranks.pop(old, None)
        if rank is None:
            self._add_silent(name)
        else:
            self._rank(name, rank)

    def listed(self, names: Iterable[str], count: int) -> None:
        """Take the server's list of all who are here; who spoke when is known already."""
        known, self._ranks = self._ranks, {}
        for name in names:
            if name in known:
                self._rank(name, known[name])
            else:
                self._add_silent(name)
        self.count = count

    def _add_silent(self, name: str) -> None:
        if name not in self._ranks:
            self._newest += 1
            self._rank(name, -self._newest)

    def _rank(self, name: str, rank: int) -> None:
        if name in self._ranks or len(self._ranks) < NAMES_LIMIT:
            self._ranks[name] = rank


# Who made each event of the room. One that were missing would be taken for an answer to our own line of its `cseq`.
AUTHORS: dict[type, Callable[[Event], str]] = {
    Said: attrgetter("name"),
    Whispered: attrgetter("name"),
    Announced: attrgetter("name"),
    Joined: attrgetter("name"),
    Left: attrgetter("name"),
    Renamed: attrgetter("old"),
}


def author(event: Event) -> str | None:
    """Return the name of the user who made `event`, as it was then; None for an answer, which only its asker gets."""
    name_in = AUTHORS.get(type(event))
    return None if name_in is None else name_in(event)


def is_about(event: Event, name: str) -> bool:
    """Return whether `event` says that `name` came or left."""
    return isinstance(event, Joined | Left) and event.name == name
