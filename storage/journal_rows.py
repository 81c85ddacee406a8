"""Rows: how the journal writes a turn's entries as one JSON text, and reads them again. Pure.

An entry is a list: a letter for its class of event, the author's and the reader's identity, then the event's fields
but `seq` and `at`, which the row has for all of its entries.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any

from chat.log import Entry
from chat.replies import Place
from protocol.events import Joined, Left, Renamed, Said, Whispered

encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode

# A letter for each class of event, and its fields but `seq` and `at`, which a turn's row has for all.
_FIELDS: dict[type, tuple[str, Callable[[Any], tuple[object, ...]]]] = {
    Said: ("s", lambda e: (e.name, e.text, e.cseq)),
    Whispered: ("w", lambda e: (e.name, e.to, e.text, e.cseq)),
    Joined: ("j", lambda e: (e.name, e.count)),  # and what was settled by then, if anything was
    Left: ("l", lambda e: (e.name, e.count, e.reason)),
    Renamed: ("r", lambda e: (e.old, e.name, e.cseq)),
}
_EVENTS: dict[str, Callable[..., Any]] = {
    "s": lambda seq, at, name, text, cseq: Said(seq, name, text, at, cseq),
    "w": lambda seq, at, name, to, text, cseq: Whispered(seq, name, to, text, at, cseq),
    "j": lambda seq, at, name, count: Joined(seq, name, count),
    "l": lambda seq, at, name, count, reason: Left(seq, name, count, reason),
    "r": lambda seq, at, old, name, cseq: Renamed(seq, old, name, cseq),
}

# How many fields an event has; and which of its author's lines an entry shows to be settled.
_LENGTHS = {"s": 3, "w": 4, "j": 2, "l": 3, "r": 3}
_CSEQ: dict[str, Callable[[list[Any]], int | None]] = {
    "s": itemgetter(2),
    "w": itemgetter(3),
    "j": lambda fields: fields[2] if len(fields) > 2 else 0,
    "l": lambda fields: None,
    "r": itemgetter(2),
}


def packed(at: float, entries: list[Entry]) -> tuple[int, float, str]:
    """Return the row of one turn; the numbers of its entries run up to the last one's."""
    return entries[-1].event.seq, at, encode([_fields(entry) for entry in entries])


def _fields(entry: Entry) -> tuple[object, ...]:
    letter, fields = _FIELDS[type(entry.event)]
    settled = (entry.settled,) if entry.settled else ()
    return (letter, entry.author, entry.reader, *fields(entry.event), *settled)


def unpacked(last: int, at: float, entries: str) -> list[Entry]:
    """Return the entries of one turn's row. Raises ValueError, TypeError or KeyError for what is none."""
    rows: list[list[Any]] = json.loads(entries)
    first = last - len(rows) + 1
    return [
        Entry(_EVENTS[letter](seq, at, *fields[: _LENGTHS[letter]]), at, author, reader, *fields[_LENGTHS[letter] :])
        for seq, (letter, author, reader, *fields) in enumerate(rows, first)
    ]


def lines_in(last: int, entries: str) -> Iterator[Place]:
    """Yield which lines of clients the entries of one turn's row settle, and where (chat.replies)."""
    rows: list[list[Any]] = json.loads(entries)
    for seq, (letter, author, _, *fields) in enumerate(rows, last - len(rows) + 1):
        cseq = _CSEQ[letter](fields) if author and not author.startswith("seat") else None
        if cseq is not None:
            yield Place(author, cseq, seq)
