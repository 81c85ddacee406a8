"""The log: what happened in the room, in the order of its numbers; the newest part of it, kept in memory.

Every event of the room is an entry, whispers among them, and every entry has the next number: a reader who has seen
number 7 has missed what comes after 7, and nothing else. `since` tells that to one who comes back, `messages` to one
who asks. Who may read an entry again stands in it: everybody, or the two that a whisper was between.

Older entries are the business of stores/journal.py, which is handed each turn's new ones (`take_fresh`) before anybody
is told of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import takewhile

from protocol.messages import Past, RoomEvent, Said, Whispered
from protocol.text import key_of, words_of
from protocol.values import value

_MESSAGES = frozenset({Said, Whispered})
KEPT = 10_000  # entries in memory: some megabytes, and hours of most rooms
REPLAY_BYTES = 256 * 1024  # of text, told again at once: a quarter of what a reader may be behind
_ENTRY_BYTES = 120  # what an entry takes on the wire besides its text, roughly


@value
class Entry:
    """`event` happened at `at`, seconds since the epoch. `author` and `reader` are identities (chat.session).

    A whisper has a `reader`; of what has none, everybody may read.
    """

    event: RoomEvent
    at: float
    author: str = ""
    reader: str = ""

    def is_for(self, identity: str) -> bool:
        """Say whether `identity` may read this."""
        return not self.reader or identity in (self.reader, self.author)

    def told_to(self, identity: str) -> RoomEvent:
        """Return the event as it is told again: it acknowledges a line only to the one who sent that."""
        event = self.event
        if identity == self.author or getattr(event, "cseq", None) is None:
            return event
        # Somebody else's line may have the number of one of the reader's own.
        return replace(event, cseq=None)  # type: ignore[arg-type]


class Log:
    """The newest entries; numbers run on from those of an earlier run."""

    def __init__(self, entries: Iterable[Entry] = (), seq: int = 0, kept: int = KEPT) -> None:
        """Go on after `entries`, the newest of a log that has reached `seq`; keep `kept`."""
        self.seq = seq
        self._entries: deque[Entry] = deque(entries, kept)
        # Apart, so that nobody who asks for messages pays for the comings and goings between them.
        self._messages = deque(filter(is_message, self._entries), kept)
        self._fresh: list[Entry] = []

    def number(self) -> int:
        """Return the next number, from 1. The event that gets it is to be appended before another is asked for."""
        self.seq += 1
        return self.seq

    def append(self, entry: Entry) -> None:
        """Add the entry whose event has the newest number."""
        self._entries.append(entry)
        if type(entry.event) in _MESSAGES:
            self._messages.append(entry)
        self._fresh.append(entry)

    def take_fresh(self) -> list[Entry]:
        """Return what has been appended since this was last asked."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def since(self, seq: int, identity: str) -> tuple[int, list[Entry]]:
        """Return what came after `seq` as far as it can be told again: how many are missing, and the rest.

        Entries that `identity` may not read are in neither.
        """
        newer = takewhile(lambda entry: entry.event.seq > seq, reversed(self._entries))
        entries = _newest(newer, len(self._entries))
        first = entries[0].event.seq if entries else self.seq + 1
        return first - seq - 1, [entry for entry in entries if entry.is_for(identity)]

    def messages(self, count: int, identity: str) -> list[Past]:
        """Return the newest `count` messages that `identity` may read, the oldest first; fewer if they are long."""
        readable = (entry for entry in reversed(self._messages) if entry.is_for(identity))
        return [past(entry) for entry in _newest(readable, count)]

    def search(self, words: str, count: int, identity: str) -> list[Past]:
        """Return the newest `count` messages with all of `words` in them that `identity` may read, likewise."""
        wanted = set(words_of(words))
        found = (
            entry
            for entry in reversed(self._messages)
            if entry.is_for(identity) and wanted <= _words_in(text_of(entry.event))
        )
        return [past(entry) for entry in _newest(found, count)]

    def last_seen(self, name: str) -> float | None:
        """Return when whoever is called `name` was last heard of by everybody; None if never."""
        key = key_of(name)
        times = (e.at for e in reversed(self._entries) if not e.reader and key in map(key_of, names_in(e.event)))
        return next(times, None)


@lru_cache(2 * KEPT)  # else each search would have to take apart again whatever is in memory
def _words_in(text: str) -> frozenset[str]:
    return frozenset(words_of(text))


def is_message(entry: Entry) -> bool:
    """Say whether somebody said this."""
    return type(entry.event) in _MESSAGES


def text_of(event: RoomEvent) -> str:
    """Return what was said in `event`, if anything was."""
    return getattr(event, "text", "")


def names_in(event: RoomEvent) -> tuple[str, ...]:
    """Return whose event it is; of a renaming, under both names."""
    old = getattr(event, "old", None)
    return (event.name,) if old is None else (event.name, old)


def past(entry: Entry) -> Past:
    """Return the message in `entry` as it is told again."""
    event = entry.event
    return Past(event.seq, entry.at, event.name, text_of(event), getattr(event, "to", None))


def _newest(entries: Iterator[Entry], count: int) -> list[Entry]:
    """Return the first `count` of `entries`, which go backwards, in their order; fewer if their texts are long."""
    taken: deque[Entry] = deque()
    room = REPLAY_BYTES
    for entry in entries:
        room -= _ENTRY_BYTES + len(text_of(entry.event).encode())
        if len(taken) == count or room < 0:
            break
        taken.appendleft(entry)
    return list(taken)
