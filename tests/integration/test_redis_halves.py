"""A Redis whose file ends within a call: what is left of that comes back at the start after the next one (N6)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from chat.proposals import Enter
from chat.shared.log_store import Position, Verdict
from chat.shared.proposal_codec import item_text, payload_of, proposal_text
from chat.shared.replica import Replica
from chat.shared.shared_log import Kind, Snapshot
from chat.shared.snapshot import snapshot_of
from storage.redis_address import redis_address
from storage.redis_log import RedisLog
from tests.support.programs import needs
from tools.shared.redis_server import DURABLE, RedisServer

pytestmark = [needs("redis-server"), pytest.mark.long]

ANN, BOB, EVE, FAY, GUS = (letter * 16 for letter in "abefd")


class Room:
    """The room in a Redis, as a server reads it that comes new to it. Raises AssertionError where that can't go on."""

    def __init__(self, log: RedisLog) -> None:
        self.log, self.replica = log, Replica()
        found = log.rewind(Position())
        self.replica.restore(Snapshot(found.snapshot, *found.position))
        self.read()

    @property
    def end(self) -> Position:
        return Position(self.replica.id, self.replica.mark)

    def read(self) -> None:
        while entries := self.log.follow(self.end):
            for entry in entries:
                assert entry.prev == self.replica.mark, f"nobody gets past {entry}"
                for _ in self.replica.read(entry):
                    pass

    def has_no_ghosts(self) -> None:
        """Check that the log knows of all who are in the room that they are there, and what they said last."""
        assert self.log.open(GUS, b"", self.end).verdict is Verdict.DONE
        self.read()
        assert {member.server for member in self.replica.room} <= self.replica.opened.keys()
        assert self.replica.opened.keys() <= self.log.beat(GUS).counters.keys()
        counts = {  # of those whose entries were not trimmed
            entry.incarnation: entry.count for entry in self.log.follow(Position()) if entry.kind is not Kind.RUN
        }
        for who in self.replica.opened & counts.keys():
            assert self.log.confirm(who, self.end).verdict is Verdict.DONE
            assert self.log.append(who, counts[who] + 1, entering("late", who)).verdict is Verdict.DONE
            self.read()


def entering(name: str, server: str) -> bytes:
    return payload_of([item_text(0, proposal_text(Enter(name, name, server=server)))])


@contextmanager
def room_in(redis: RedisServer, name: str = "room") -> Iterator[Room]:
    log = RedisLog(redis_address(redis.address(name)), wait=0)
    log.connect()
    try:
        yield Room(log)
    finally:
        log.disconnect()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a Redis in which every kind of call was carried out."""
    folder = tmp_path_factory.mktemp("redis")
    with closing(RedisServer(folder, *DURABLE)) as redis:
        with room_in(redis) as room:
            for who in (ANN, BOB, EVE):
                room.log.open(who, b"", room.end)
                room.log.append(who, 1, entering(who, who))
                room.read()
            keeps(room)
        redis.kill()
        redis.start()
        with room_in(redis) as room:
            for who in (ANN, BOB):
                room.log.confirm(who, room.end)
            room.log.beat(ANN)
            room.log.append(ANN, 2, entering("too", ANN))
            room.read()
            keeps(room)
            room.log.declare_gone(EVE, 0)
            room.log.close(ANN)
        redis.kill()
    return folder


def keeps(room: Room) -> None:
    blob = snapshot_of(room.replica.room, room.replica.opened)
    assert room.log.keep(room.end, blob).verdict is Verdict.DONE


def commands_ends(written: bytes) -> Iterator[int]:
    """Yield where each command in a file ends that stands in a transaction, but for the last one, which ends that."""
    place, is_within = 0, False
    while place < len(written):
        words, place = command_at(written, place)
        is_within = words[0] == b"MULTI" or (is_within and words[0] != b"EXEC")
        if is_within:
            yield place


def command_at(written: bytes, place: int) -> tuple[list[bytes], int]:
    """Return the words of the command at `place`, and where it ends."""
    head, place = line_at(written, place)
    words = []
    for _ in range(int(head[1:])):
        length, place = line_at(written, place)
        words.append(written[place : place + int(length[1:])])
        place += int(length[1:]) + 2
    return words, place


def line_at(written: bytes, place: int) -> tuple[bytes, int]:
    end = written.index(b"\r\n", place)
    return written[place:end], end + 2


def goes_on(redis: RedisServer) -> None:
    """Let a server come to the room before Redis is killed again."""
    with room_in(redis) as room:
        assert room.log.open(FAY, b"", room.end).verdict is Verdict.DONE


def is_not_used(redis: RedisServer) -> None:
    """Let a server come to another room."""
    with room_in(redis, "other") as room:
        assert room.log.open(FAY, b"", room.end).verdict is Verdict.DONE


def is_cut_again(redis: RedisServer) -> None:
    """Let a server come to the room, and have half of that come back, too."""
    goes_on(redis)
    redis.kill()
    file = redis.append_only_file()
    os.truncate(file, file.stat().st_size - 3)  # within the EXEC
    redis.start()
    goes_on(redis)


@pytest.mark.parametrize("happens", [goes_on, is_not_used, is_cut_again])
def test_half_a_call_that_comes_back_leaves_no_ghosts_and_loses_nothing(
    files: Path, tmp_path: Path, happens: Callable[[RedisServer], None]
) -> None:  # N6
    redis = RedisServer(tmp_path, *DURABLE)
    file = redis.append_only_file()
    redis.kill()
    (original,) = files.glob("appendonlydir/*.incr.aof")
    written = original.read_bytes()
    ends = list(commands_ends(written))
    assert len(ends) > 20
    wrong = []
    with closing(redis):
        for end in ends:
            file.write_bytes(written[: end + 3])  # within a command: Redis drops that, and keeps those before it
            redis.start()
            happens(redis)
            redis.kill()
            redis.start()
            try:
                with room_in(redis) as room:
                    room.has_no_ghosts()
            except AssertionError as error:
                wrong.append((written[:end].split(b"MULTI")[-1], str(error).splitlines()[0]))
            redis.kill()
    assert not wrong
