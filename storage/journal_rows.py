"""Rows: how the journal writes a turn as one JSON text, and reads it again. Pure.

An entry is a row: a letter for its class of event, the author's and the reader's identity, then the event's fields
but `seq` and `at`, which the line has for all of its entries. One text a turn: 1 us an entry in turns of 900.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from chat.log import Entry
from chat.places import Places
from chat.replies import Reply
from protocol.events import Announced, Joined, Left, Renamed, RoomEvent, Said, Whispered
from protocol.json_text import encoder

_encode = encoder()
Fields = list[Any]  # a row


class Turn(NamedTuple):
    """What a line holds of one turn, as it was read."""

    at: float
    rows: list[Fields]
    answers: Sequence[Fields] = ()


class Row(NamedTuple):
    """How an event of one class is written, and read again."""

    letter: str
    fields: tuple[str, ...]  # in their order in the file
    make: Callable[..., RoomEvent]  # from `seq`, `at` and the fields
    cseq: Callable[[list[Any]], int | None]  # which line of its author an entry with these fields settles


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


def body_of(turn: Turn) -> str:
    """Return the JSON of a turn."""
    return _encode(turn if turn.answers else turn[:2])


def turn_of(body: bytes) -> Turn | None:
    """Return the turn in the JSON of a line, None if that is about the journal itself.

    Raises ValueError or TypeError for what is none.
    """
    return None if body.startswith(b"{") else Turn(*json.loads(body.decode()))


def fields_of(answers: Sequence[Reply]) -> list[Fields]:
    """Return the rows of answers that are no entries."""
    return [[who, cseq, mark, payload.decode()] for who, cseq, mark, payload in answers]


def row_of(entry: Entry) -> Fields:
    """Return the row of an entry."""
    event = entry.event
    kind = type(event)
    settled = (entry.settled,) if entry.settled else ()
    return [ROWS[kind].letter, entry.author, entry.reader, *_FIELDS[kind](event), *settled]


def entries_of(number: int, turn: Turn) -> list[Entry]:
    """Return the entries of a turn, of which the last has this `number`. Raises ValueError, TypeError or KeyError."""
    return [_entry(seq, turn.at, *row) for seq, row in enumerate(turn.rows, number - len(turn.rows) + 1)]


def _entry(seq: int, at: float, letter: str, author: str, reader: str, *fields: Any) -> Entry:
    row = _BY_LETTER[letter]
    length = len(row.fields)
    return Entry(row.make(seq, at, *fields[:length]), at, author, reader, *fields[length:])


def replies_of(turn: Turn) -> list[Reply]:
    """Return the answers of a turn that are no entries."""
    return [Reply(who, cseq, mark, text.encode()) for who, cseq, mark, text in turn.answers]


def note_places(places: Places, number: int, rows: list[Fields]) -> None:
    """Note which lines of clients the entries of a turn settle, and where (chat.replies)."""
    for seq, (letter, author, _, *fields) in enumerate(rows, number - len(rows) + 1):
        cseq = _BY_LETTER[letter].cseq(fields) if author and not author.startswith("seat") else None
        if cseq is not None:
            places.note(author, cseq, seq)
