"""Rows: how the journal writes a turn's entries as one JSON text, and reads them again. Pure.

An entry is a list: a letter for its class of event, the author's and the reader's identity, then the event's fields
but `seq` and `at`, which the row has for all of its entries.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from chat.log import Entry
from chat.replies import Place
from protocol.events import Announced, Joined, Left, Renamed, RoomEvent, Said, Whispered

encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


class Row(NamedTuple):
    """How an event of one class is written, and read again."""

    letter: str
    fields: tuple[str, ...]  # in their order in the file
    make: Callable[..., RoomEvent]  # from `seq`, `at` and the fields
    cseq: Callable[
        [list[Any]], int | None
    ]  # which of its author's lines an entry with these fields shows to be settled


ROWS: dict[type, Row] = {
    Said: Row(
        "s",
        ("name", "text", "cseq"),
        lambda seq, at, name, text, cseq: Said(seq, name, text, at, cseq),
        itemgetter(2),
    ),
    Whispered: Row(
        "w",
        ("name", "to", "text", "cseq"),
        lambda seq, at, name, to, text, cseq: Whispered(seq, name, to, text, at, cseq),
        itemgetter(3),
    ),
    Announced: Row(
        "a",
        ("name", "text", "cseq"),
        lambda seq, at, name, text, cseq: Announced(seq, name, text, at, cseq),
        itemgetter(2),
    ),
    Joined: Row(
        "j",
        ("name", "count"),
        lambda seq, at, name, count: Joined(seq, name, count),
        lambda fields: fields[2] if len(fields) > 2 else 0,  # what was settled by then, if anything was
    ),
    Left: Row(
        "l",
        ("name", "count", "reason"),
        lambda seq, at, name, count, reason: Left(seq, name, count, reason),
        lambda fields: None,
    ),
    Renamed: Row(
        "r",
        ("old", "name", "cseq"),
        lambda seq, at, old, name, cseq: Renamed(seq, old, name, cseq),
        itemgetter(2),
    ),
}
_BY_LETTER = {row.letter: row for row in ROWS.values()}
_FIELDS = {kind: attrgetter(*row.fields) for kind, row in ROWS.items()}


def packed(at: float, entries: list[Entry]) -> tuple[int, float, str]:
    """Return the row of one turn; the numbers of its entries run up to the last one's."""
    return entries[-1].event.seq, at, encode([_fields(entry) for entry in entries])


def _fields(entry: Entry) -> tuple[object, ...]:
    event = entry.event
    kind = type(event)
    settled = (entry.settled,) if entry.settled else ()
    return (ROWS[kind].letter, entry.author, entry.reader, *_FIELDS[kind](event), *settled)


def unpacked(last: int, at: float, entries: str) -> list[Entry]:
    """Return the entries of one turn's row. Raises ValueError, TypeError or KeyError for what is none."""
    rows: list[list[Any]] = json.loads(entries)
    first = last - len(rows) + 1
    return [_entry(seq, at, *row) for seq, row in enumerate(rows, first)]


def _entry(seq: int, at: float, letter: str, author: str, reader: str, *fields: Any) -> Entry:
    row = _BY_LETTER[letter]
    length = len(row.fields)
    return Entry(row.make(seq, at, *fields[:length]), at, author, reader, *fields[length:])


def lines_in(last: int, entries: str) -> Iterator[Place]:
    """Yield which lines of clients the entries of one turn's row settle, and where (chat.replies)."""
    rows: list[list[Any]] = json.loads(entries)
    for seq, (letter, author, _, *fields) in enumerate(rows, last - len(rows) + 1):
        cseq = _BY_LETTER[letter].cseq(fields) if author and not author.startswith("seat") else None
        if cseq is not None:
            yield Place(author, cseq, seq)
