"""Snapshots: a room <-> bytes, so that a server that starts reads the newest part of the shared log, not all of it.

A snapshot holds everything that `Room.apply` decides by and `Room.checksum` covers. A room that was restored from one
goes on like the room that it was taken of: the same applied to both gives the same. Beside the room it holds which
incarnations are open, since they may have opened earlier than what is left of the log.

It is one JSON object, the version of its form first. `restored` compares the room's checksum with the one in it, so
that a snapshot that was spoilt, or read otherwise than it was written, is noticed before anybody is served. Its size is
bounded as the room is: by the entries, places, answers, members, accounts and sanctions that that keeps.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain, islice
from typing import Any, NamedTuple

from chat.log import Entry, Log
from chat.members import Member
from chat.places import Page
from chat.replies import Parts, Replies, Reply
from chat.room import Room
from chat.sanctions import Sanction
from chat.shared.checksums import place
from chat.shared.records import shape_of
from protocol.events import Announced, Joined, Left, Renamed, Said, Whispered
from protocol.json_text import encoder

VERSION = 1
PART = 32 * 1024  # bytes: a part, which takes about a millisecond
_ITEMS = 100  # of a list or a table, encoded at a time
_STEP = 1024  # bytes: what some items count at least, however short they are
_LONG_AGO = float("-inf")
_EVENTS: dict[str, type] = {
    "s": Said,
    "w": Whispered,
    "a": Announced,
    "j": Joined,
    "l": Left,
    "r": Renamed,
}
_LETTERS = {kind: letter for letter, kind in _EVENTS.items()}
_WRITERS = {kind: shape_of(kind).write for kind in _LETTERS}
_READERS = {letter: shape_of(kind).read for letter, kind in _EVENTS.items()}
_MEMBER, _SANCTION = shape_of(Member), shape_of(Sanction)
_encode = encoder()


class SnapshotError(ValueError):
    """These bytes are no snapshot that this server can go on from."""


class Restored(NamedTuple):
    """What is in a snapshot. `opened`: the ids of the entries with which the open incarnations began."""

    room: Room
    opened: dict[str, str]


class SnapshotWriter:
    """Writes the snapshot of a room as it is now, in parts, since all of it takes longer than a turn of the loop may.

    What changes is copied at once: some 2 ms with 5,000 members. All else only grows, or is replaced.
    """

    def __init__(self, room: Room, opened: Mapping[str, str]) -> None:
        """Take the room as it is now, of whose servers those are open that are `opened`."""
        self._pieces = _pieces(room, opened)
        self._written = [next(self._pieces)]

    def write_part(self) -> bytes | None:
        """Write the next part, of some `PART` bytes; return the whole snapshot when that was the last one."""
        left = PART
        for piece in self._pieces:
            self._written.append(piece)
            left -= len(piece) + _STEP
            if left < 0:
                return None
        return b"".join(self._written)


def snapshot_of(room: Room, opened: Mapping[str, str]) -> bytes:
    """Return the snapshot of a room, of whose servers those are open that are `opened`."""
    return b"".join(_pieces(room, opened))


def _pieces(room: Room, opened: Mapping[str, str]) -> Iterator[bytes]:
    """Yield the parts of a room's snapshot. When the first one comes, all that changes has been copied."""
    log, replies, entries = room.log, room.replies.parts(), list(room.log)
    members, looks = list(map(_MEMBER.values, room)), list(room.members.looks())
    registered, records, operators = set(room.registered.keys), dict(room.records), sorted(room.operators)
    sanctions = list(room.sanctions)
    head = {
        "version": VERSION,
        "checksum": room.checksum(),
        "epoch": [room.epoch, room.epoch_since],
        "opened": dict(opened),
        "log": [log.seq, log.kept, log.runs()],
    }
    yield _encode(head)[:-2].encode()
    yield from _items(map(_entry_to_json, entries), b",[", b"]]")
    yield from _items(map(_MEMBER.record, members), b',"members":[', b"]")
    yield from _items(looks, b',"looks":[', b"]")
    yield from _items(sorted(registered), b',"registered":[', b"]")
    yield from _fields(records, b',"records":')
    yield from _items(operators, b',"operators":[', b"]")
    yield from _items(map(_SANCTION.write, sanctions), b',"sanctions":[', b"]")
    yield b',"replies":[%d' % replies.kept
    yield from _pages(replies)
    yield from _items(map(_reply_to_json, replies.answers), b",[", b"]")
    yield from _fields(replies.highest, b",")
    yield b"]}"


def _items(items: Iterable[object], begin: bytes, end: bytes) -> Iterator[bytes]:
    """Yield the parts of a JSON array, between `begin` and `end`."""
    before, rest = begin, iter(items)
    while chunk := list(islice(rest, _ITEMS)):
        yield before + _encode(chunk)[1:-1].encode()
        before = b","
    yield end if before == b"," else begin + end


def _fields(content: Mapping[str, object], begin: bytes) -> Iterator[bytes]:
    """Yield the parts of a JSON object, after `begin`."""
    before, rest = begin + b"{", iter(content.items())
    while chunk := dict(islice(rest, _ITEMS)):
        yield before + _encode(chunk)[1:-1].encode()
        before = b","
    yield b"}" if before == b"," else begin + b"{}"


def _pages(replies: Parts) -> Iterator[bytes]:
    before = b",[["
    for page in replies.pages:
        yield from _page(before, *page)
        before = b",["
    rows = sorted(replies.growing)
    cseqs = chain.from_iterable(cseqs[:count] for _, cseqs, _, count in rows)
    seqs = chain.from_iterable(seqs[:count] for _, _, seqs, count in rows)
    yield from _page(before, (row[0] for row in rows), accumulate(row[3] for row in rows), cseqs, seqs)
    yield b"]"


def _page(before: bytes, identities: Iterable[str], *columns: Iterable[int]) -> Iterator[bytes]:
    yield from _items(identities, before + b"[", b"]")
    for column in columns:
        yield from _items(column, b",[", b"]")
    yield b"]"


def _reply_to_json(reply: Reply) -> list[Any]:
    return [reply.identity, reply.cseq, reply.mark, reply.payload.decode()]


def restored(snapshot: bytes) -> Restored:
    """Return what a snapshot was taken of. Raises SnapshotError."""
    try:
        content = json.loads(snapshot)
        if content["version"] != VERSION:
            raise SnapshotError(f"its version is {content['version']!r:.40}, and {VERSION} is known here")
        room, opened = _room_of(content), _opened_of(content["opened"])
        checksum = content["checksum"]
    except SnapshotError:
        raise
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise SnapshotError(f"it can't be read: {error!r:.200}") from error
    if room.checksum() != checksum:
        raise SnapshotError("the room in it is another one than its checksum says")
    return Restored(room, opened)


def _room_of(content: Mapping[str, Any]) -> Room:
    room = Room("", _log_of(*content["log"]), _replies_of(*content["replies"]))
    room.epoch, room.epoch_since = content["epoch"]
    room.members.restore(map(_MEMBER.read, content["members"]), ((name, look) for name, look in content["looks"]))
    room.registered.change(frozenset(content["registered"]), frozenset())
    for key, record in content["records"].items():
        room.records.set(key, record)
    room.operators = frozenset(content["operators"])
    for sanction in map(_SANCTION.read, content["sanctions"]):
        room.sanctions.impose(sanction, _LONG_AGO)  # also one that has ended: the next one that is imposed removes it
    return room


def _opened_of(content: Mapping[str, str]) -> dict[str, str]:
    for entry in content.values():
        place(entry)  # raises if that is none
    return dict(content)


# --- the log ---------------------------------------------------------------------------------------------------------


def _entry_to_json(entry: Entry) -> list[Any]:
    event = entry.event
    kind = type(event)
    return [_LETTERS[kind], _WRITERS[kind](event), entry.at, entry.author, entry.reader, entry.settled]


def _entry_of(letter: str, event: object, *fields: Any) -> Entry:
    return Entry(_READERS[letter](event), *fields)


def _log_of(seq: int, kept: int, runs: Sequence[tuple[int, int]], entries: Sequence[Sequence[Any]]) -> Log:
    *earlier, (first, _) = ((first, last) for first, last in runs)
    return Log((_entry_of(*entry) for entry in entries), seq, kept, earlier, first=first)


# --- what was answered -----------------------------------------------------------------------------------------------


def _replies_of(kept: int, pages: Sequence[Any], answers: Sequence[Any], highest: dict[str, int]) -> Replies:
    return Replies.of(
        kept,
        [Page(identities, *(array("q", column) for column in columns)) for identities, *columns in pages],
        [Reply(who, cseq, mark, text.encode()) for who, cseq, mark, text in answers],
        highest,
    )
