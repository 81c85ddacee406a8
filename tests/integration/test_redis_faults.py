"""A real Redis that is killed, stopped or cut short, under the service that uses it (N5, N6)."""

from __future__ import annotations

import os
import random
import select
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from chat.shared.log_store import Position
from chat.shared.shared_log import (
    Append,
    Appended,
    Entries,
    Kind,
    LogEntry,
    LostThread,
    Open,
    Opened,
    Reachable,
    Result,
    Rewind,
    Snapshot,
    Unreachable,
)
from runtime.log_service import LogService
from storage.redis_address import redis_address
from storage.redis_log import RedisLog
from tests.support.patience import PATIENCE
from tests.support.programs import needs
from tools.shared.redis_server import DURABLE, RedisServer

pytestmark = [needs("redis-server"), pytest.mark.long]

ANN, BOB = "a" * 16, "b" * 16


class Reader:
    """A server's log service, and what came from it."""

    def __init__(self, server: RedisServer, incarnation: str) -> None:
        address = redis_address(server.address())
        self.incarnation = incarnation
        self.service = LogService(lambda: RedisLog(address), random.Random(1))
        self.results: list[Result] = []
        self.count = 0
        self.service.submit(Rewind(), Open(incarnation))
        self.comes(Opened(incarnation))

    def comes(self, result: Result) -> None:
        """Wait until `result` has come, and forget what came up to it."""
        while result not in self.results:
            self._read()
        del self.results[: self.results.index(result) + 1]

    def reads(self, is_last: Callable[[LogEntry], bool]) -> list[LogEntry]:
        """Return the entries up to the first one for which `is_last` holds."""
        while not any(map(is_last, entries := _entries(self.results))):
            self._read()
        return entries

    def appends(self, *payloads: bytes) -> None:
        """Append entries, one after the other, as a server does."""
        for payload in payloads:
            self.count += 1
            self.service.submit(Append(self.incarnation, self.count, payload))
            while Appended(self.count) not in self.results:
                self._read()

    def _read(self) -> None:
        assert select.select([self.service.fileno()], [], [], PATIENCE)[0], self.results
        self.results += self.service.results()

    def begins_again(self, incarnation: str) -> None:
        """Rewind, and open another incarnation."""
        self.incarnation, self.count = incarnation, 0
        self.service.submit(Rewind(), Open(incarnation))
        self.comes(Opened(incarnation))


def _entries(results: list[Result]) -> list[LogEntry]:
    return [entry for result in results if isinstance(result, Entries) for entry in result.entries]


def said(payload: bytes) -> Callable[[LogEntry], bool]:
    return lambda entry: entry.payload == payload


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    started = RedisServer(tmp_path, *DURABLE)
    yield started
    started.close()


@pytest.fixture
def ann(server: RedisServer) -> Iterator[Reader]:
    made = Reader(server, ANN)
    yield made
    made.service.close()


@pytest.fixture
def bob(server: RedisServer) -> Iterator[Reader]:
    made = Reader(server, BOB)
    yield made
    made.service.close()


def test_a_redis_that_is_killed_and_started_again_has_lost_nothing(
    server: RedisServer, ann: Reader, bob: Reader
) -> None:  # N5
    ann.appends(b"one", b"two")
    bob.reads(said(b"two"))
    server.kill()
    ann.service.submit(Append(ANN, 3, b"three"))
    ann.comes(Unreachable())
    bob.comes(Unreachable())
    server.start()
    read = bob.reads(said(b"three"))
    assert [(entry.kind, entry.payload) for entry in read] == [(Kind.RUN, b""), (Kind.TURN, b"three")]
    ann.comes(Appended(3))
    bob.appends(b"four")
    assert ann.reads(said(b"four"))


def test_a_redis_that_is_stopped_gets_what_it_did_not_answer_once(
    server: RedisServer, ann: Reader, bob: Reader
) -> None:  # N5
    server.freeze()
    ann.service.submit(Append(ANN, 1, b"one"))
    ann.comes(Unreachable())
    server.thaw()
    ann.comes(Reachable())
    ann.count = 1
    ann.appends(b"two")
    read = bob.reads(said(b"two"))
    assert [entry.payload for entry in read if entry.kind is Kind.TURN] == [b"one", b"two"]


def test_the_end_does_not_wait_for_a_redis_that_is_stopped(server: RedisServer, ann: Reader) -> None:
    server.freeze()
    ann.service.submit(Append(ANN, 1, b"one"))
    ann.service.close()


def test_a_redis_that_has_lost_its_end_is_noticed_by_all_who_have_read_it(
    server: RedisServer, ann: Reader, bob: Reader
) -> None:  # N6
    ann.appends(b"kept")
    ann.reads(said(b"kept"))
    size = server.append_only_file().stat().st_size
    ann.appends(b"lost")
    ann.reads(said(b"lost"))
    bob.reads(said(b"lost"))
    server.kill()
    os.truncate(server.append_only_file(), size + 10)  # within an entry: Redis drops it
    server.start()
    for reader in (ann, bob):
        reader.comes(LostThread())
        reader.service.submit(Rewind())
        reader.comes(Snapshot(None, end_lost=True))
    assert [entry.payload for entry in ann.reads(said(b"kept"))][-1] == b"kept"


def test_what_comes_back_of_a_call_that_the_end_of_the_file_cut_is_dropped(
    server: RedisServer, ann: Reader
) -> None:  # N6
    ann.appends(b"kept")
    size = server.append_only_file().stat().st_size
    ann.appends(b"lost")
    ann.reads(said(b"lost"))
    server.kill()
    written = server.append_only_file().read_bytes()
    os.truncate(server.append_only_file(), written.index(b"lost", size) + 10)  # behind the XADD, before its EXEC
    server.start()
    ann.comes(LostThread())
    ann.begins_again(BOB)
    ann.appends(b"next")
    server.kill()
    server.start()
    log = RedisLog(redis_address(server.address()), wait=0)
    log.connect()
    assert b"lost" in [entry.payload for entry in log.follow(Position())]  # that is Redis 7's doing
    ann.appends(b"last")
    entries = log.follow(Position())
    log.disconnect()
    assert [entry.payload for entry in entries if entry.kind is Kind.TURN] == [b"kept", b"next", b"last"]
    assert all(entry.prev == before.mark for before, entry in pairwise(entries))
