"""chat/shared/snapshot.py: a room that was restored goes on like the one that it was taken of."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.log import Log
from chat.proposals import DropAccount, Enter, Operators, SetAccount
from chat.replies import Replies, Reply
from chat.room import Room
from chat.shared import snapshot as snapshots
from chat.shared.snapshot import VERSION, SnapshotError, SnapshotWriter, restored, snapshot_of
from protocol.errors import ErrorCode
from protocol.events import refusal
from protocol.objects import dump
from tests.support.proposals import AT, EPOCH, drawn, told

OPENED = {"a" * 16: "1700000000000-0", "b" * 16: "1700000000000-12"}


def small_room() -> Room:
    """Return a room that forgets soon."""
    return Room(EPOCH, Log(seq=3, kept=12, runs=[(1, 2)]), Replies(kept=16))


def play(rng: random.Random, room: Room, step: int, *others: Room) -> list[tuple[object, ...]]:
    """Apply one proposal to all rooms; return what came of it in each."""
    seat, proposal = drawn(rng, room, step)
    applied = [told(each.apply(seat, proposal, AT + step)) for each in (room, *others)]
    if not step % 7:
        for each in (room, *others):
            each.replies.remember(Reply("ann's", step, step, dump(refusal(ErrorCode.NOTHING_TO_SAY, step))))
    if not step % 20:
        for each in (room, *others):
            each.log.begin_run(AT + step)
    return applied


@pytest.mark.long
@given(st.integers(0, 1 << 32), st.integers(0, 70), st.integers(1, 40))
def test_a_restored_room_goes_on_like_the_one_it_was_taken_of(seed: int, before: int, after: int) -> None:  # N8
    compare(seed, before, after)


@pytest.mark.parametrize("before", [0, 1, 20, 60])
def test_so_does_one_that_was_restored_at(before: int) -> None:
    compare(before, before, 30)


def compare(seed: int, before: int, after: int) -> None:
    rng, room = random.Random(seed), small_room()
    for step in range(before):
        play(rng, room, step)
    snapshot = snapshot_of(room, OPENED)
    again, opened = restored(snapshot)
    assert opened == OPENED
    assert snapshot_of(again, OPENED) == snapshot
    for step in range(before, before + after):
        one, other = play(rng, room, step, again)
        assert one == other
        assert again.checksum() == room.checksum()
    assert state_of(again) == state_of(room)


def state_of(room: Room) -> object:
    log, clients = room.log, ("ann's", "bob's")
    missed = [log.since(first, "ann's") for first, _ in log.runs()]
    places = [list(room.replies.places(client, cseq)) for client in clients for cseq in range(110)]
    highest = [room.replies.highest(client) for client in clients]
    return (
        missed,
        log.messages(50, "ann's"),
        log.runs(),
        places,
        highest,
        list(room.members.looks()),
        room.replies.parts()._replace(growing=sorted(room.replies.parts().growing)),
    )


def test_one_that_is_written_in_parts_is_of_the_room_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:  # N7, N8
    monkeypatch.setattr(snapshots, "PART", 1)
    monkeypatch.setattr(snapshots, "_ITEMS", 2)
    rng, room = random.Random(3), small_room()
    for step in range(60):
        play(rng, room, step)
    before, writer = snapshot_of(room, OPENED), SnapshotWriter(room, OPENED)
    parts = 1
    while (written := writer.write_part()) is None:
        play(rng, room, 60 + parts)
        parts += 1
    assert written == before != snapshot_of(room, OPENED)
    assert parts > 20


def test_accounts_and_roles_are_in_it() -> None:  # N1, N8
    room = small_room()
    room.apply(0, Enter("ann", "ann"), AT)
    seat = next(iter(room)).seat
    room.apply(seat, SetAccount("ann", "scrypt:..."), AT)
    room.apply(0, Operators(frozenset({"ann"}), frozenset()), AT)
    again = restored(snapshot_of(room, {})).room
    ann = frozenset({"ann"})
    assert (dict(again.records), again.registered.keys, again.operators) == ({"ann": "scrypt:..."}, {"ann"}, ann)
    assert again.apply(seat, DropAccount("ann"), AT) == room.apply(seat, DropAccount("ann"), AT)
    assert again.checksum() == room.checksum()


def changed(**content: Any) -> bytes:
    room = small_room()
    for step in range(30):
        play(random.Random(step), room, step)
    return json.dumps(json.loads(snapshot_of(room, {})) | content).encode()


def test_a_snapshot_of_another_version_is_not_read() -> None:
    with pytest.raises(SnapshotError, match=rf"^its version is 99, and {VERSION} is known here$"):
        restored(changed(version=99))


def test_one_that_was_spoilt_is_noticed_by_its_checksum() -> None:
    restored(changed())
    with pytest.raises(SnapshotError, match="another one than its checksum says"):
        restored(changed(operators=["mallory"]))


@pytest.mark.parametrize(
    "snapshot",
    [
        b"",
        b"\xff",
        b"7",
        b"[]",
        b"{}",
        changed(members=[[7]]),
        changed(log=[7]),
        changed(replies=[7, [], [], {}]),
        changed(epoch="e"),
        changed(opened=7),
        changed(opened={"a": "first"}),
        b"[" * 9_000,
    ],
)
def test_what_is_no_snapshot_is_told(snapshot: bytes) -> None:
    with pytest.raises(SnapshotError, match=r"^it can't be read"):
        restored(snapshot)
