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
from collections.abc import Mapping, Sequence
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


def snapshot_of(room: Room, opened: Mapping[str, str]) -> bytes:
    """Return the snapshot of a room, of whose servers those are open that are `opened`."""
    log, replies = room.log, room.replies.parts()
    content = {
        "version": VERSION,
        "checksum": room.checksum(),
        "epoch": [room.epoch, room.epoch_since],
        "log": [log.seq, log.kept, log.runs(), [_entry_to_json(entry) for entry in log]],
        "members": [_MEMBER.write(member) for member in room],
        "looks": list(room.members.looks()),
        "registered": sorted(room.registered.keys),
        "records": dict(room.records),
        "operators": sorted(room.operators),
        "sanctions": [_SANCTION.write(sanction) for sanction in room.sanctions],
        "replies": _replies_to_json(replies),
        "opened": dict(opened),
    }
    return _encode(content).encode()


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


def _replies_to_json(replies: Parts) -> list[Any]:
    pages = [[page.identities, page.ends.tolist(), page.cseqs.tolist(), page.seqs.tolist()] for page in replies.pages]
    answers = [[who, cseq, mark, payload.decode()] for who, cseq, mark, payload in replies.answers]
    return [replies.kept, pages, answers, replies.highest]


def _replies_of(kept: int, pages: Sequence[Any], answers: Sequence[Any], highest: dict[str, int]) -> Replies:
    return Replies.of(
        Parts(
            kept,
            [Page(identities, *(array("q", column) for column in columns)) for identities, *columns in pages],
            [Reply(who, cseq, mark, text.encode()) for who, cseq, mark, text in answers],
            highest,
        )
    )
