"""storage/redis_log.py and the function in redis_log.lua, on a real Redis: the rules of the log in memory (N1, N6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.shared.log_store import Answer, Found, LogStore, LogUnreachableError, Position, Verdict
from chat.shared.memory_log import MemoryLog
from chat.shared.shared_log import Kind, LogEntry
from storage.redis_address import RedisAddress, redis_address
from storage.redis_log import LogRefusedError, RedisLog, redis_client
from tests.support.programs import needs
from tools.shared.redis_server import IN_MEMORY, RedisServer

pytestmark = needs("redis-server")

ANN, BOB, EVE = "a" * 16, "b" * 16, "e" * 16
KEYS = ("{room}:log", "{room}:head", "{room}:snapshot")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisAddress]:
    server = RedisServer(tmp_path_factory.mktemp("redis"), *IN_MEMORY)
    yield redis_address(server.address())
    server.close()


@pytest.fixture(scope="module")
def redis(address: RedisAddress) -> Iterator[RedisLog]:
    log = RedisLog(address, wait=0.0)
    log.connect()
    yield log
    log.disconnect()


@pytest.fixture(scope="module")
def admin(address: RedisAddress) -> Iterator[Any]:
    client = redis_client(address)
    yield client
    client.close()


class Place(NamedTuple):
    """A position, as an argument of a call: behind this entry of all that ever were, counted from 1; or behind none."""

    number: int
    mark: str | None = None  # instead of the entry's own


class Next(NamedTuple):
    """A count, as an argument of `append`: how much it is above the last one of the incarnation."""

    above: int


class Pair:
    """Both logs, given the same calls."""

    def __init__(self, redis: RedisLog, admin: Any) -> None:
        admin.flushall()
        self._memory, self._admin = MemoryLog("origin 0"), admin
        self._logs: tuple[LogStore, LogStore] = (self._memory, redis)
        self._seen: tuple[list[LogEntry], list[LogEntry]] = ([], [])
        self._ends = [Position(), Position()]
        self._counts = dict.fromkeys((ANN, BOB, EVE), 0)
        self._restarts = 0
        self._saved: tuple[Any, ...] = ()

    def call(self, name: str, *arguments: Any) -> Verdict:
        """Make the call of this name in both; return the verdict of both."""
        self._memory.now += 1.0
        arguments = tuple(
            self._counts[arguments[0]] + each.above if isinstance(each, Next) else each for each in arguments
        )
        ours, theirs = (
            self._answer(log, seen, name, arguments) for log, seen in zip(self._logs, self._seen, strict=True)
        )
        assert ours == theirs, name
        self._read()
        assert [anywhere(entry) for entry in self._seen[0]] == [anywhere(entry) for entry in self._seen[1]]
        if ours.verdict is Verdict.DONE and name in ("open", "append"):
            self._counts[arguments[0]] = 0 if name == "open" else arguments[1]
        return ours.verdict

    @property
    def seen(self) -> list[LogEntry]:
        """All entries that ever were."""
        return self._seen[0]

    def saves(self) -> None:
        """Keep a copy of both, for `restarts`."""
        self._saved = (self._memory.saved(), [self._admin.dump(key) for key in KEYS], list(self._ends))

    def restarts(self, loses_end: bool) -> None:
        """Start both again: with the copy, if there is one and the end is to be lost. (A replica that takes over.)"""
        self._restarts += 1
        self._passes_the_newest()
        saved, dumps, ends = self._saved if loses_end and self._saved else (None, [], self._ends)
        self._memory.restart(f"origin {self._restarts}", saved)
        self._ends = list(ends)
        for key, dump in zip(KEYS, dumps, strict=False):
            self._admin.delete(key)
            if dump is not None:
                self._admin.restore(key, 0, dump)
        self._admin.replicaof("127.0.0.1", 1)
        self._admin.replicaof("NO", "ONE")

    def _passes_the_newest(self) -> None:
        """Wait until Redis, too, is behind the time of what it may lose now: an id is given once in the memory's log.

        A real Redis takes longer to start than the millisecond that an id tells.
        """
        newest = max((int(entry.id.partition("-")[0]) for entry in self._seen[1]), default=0)
        passed = 0
        while passed <= newest:
            seconds, microseconds = self._admin.time()
            passed = seconds * 1000 + microseconds // 1000

    def is_the_same(self) -> None:
        ours, theirs = ([anywhere(entry) for entry in log.follow(Position())] for log in self._logs)
        assert ours == theirs

    def _answer(self, log: LogStore, seen: Sequence[LogEntry], name: str, arguments: tuple[Any, ...]) -> Answer | Found:
        positions = [Position(), *(Position(entry.id, entry.mark) for entry in seen)]

        def made(argument: Any) -> Any:
            if not isinstance(argument, Place):
                return argument
            position = positions[min(argument.number, len(seen))]
            return position if argument.mark is None else position._replace(mark=argument.mark)

        answer: Answer | Found = getattr(log, name)(*map(made, arguments))
        if isinstance(answer, Answer):
            return answer
        mark = answer.position.mark  # of the newest snapshot: ids differ from log to log
        place = positions.index(answer.position) if answer.position in positions else 0
        return answer._replace(origin="", position=Position(str(place), mark))

    def _read(self) -> None:
        for which, log in enumerate(self._logs):
            if entries := log.follow(self._ends[which]):
                self._seen[which].extend(entries)
                self._ends[which] = Position(entries[-1].id, entries[-1].mark)


def anywhere(entry: LogEntry) -> LogEntry:
    """Return `entry` without what differs from log to log."""
    return replace(entry, id="", at=0.0)


@pytest.fixture
def pair(redis: RedisLog, admin: Any) -> Pair:
    return Pair(redis, admin)


def test_an_entry_gets_in_once_in_its_order_from_those_who_may(pair: Pair) -> None:  # N1, N4
    assert pair.call("append", ANN, 1, b"early") is Verdict.GONE
    assert pair.call("beat", ANN) is Verdict.GONE
    assert pair.call("open", ANN, b"rules", Place(0)) is Verdict.DONE
    assert pair.call("open", ANN, b"rules", Place(0)) is Verdict.ALREADY
    assert pair.call("append", ANN, 2, b"two") is Verdict.SKIPPED
    assert pair.call("append", ANN, 1, b"one\0\r\n\xff") is Verdict.DONE
    assert pair.call("append", ANN, 1, b"one") is Verdict.ALREADY
    assert pair.call("append", ANN, 2, b"") is Verdict.DONE
    assert pair.call("open", BOB, b"", Place(4)) is Verdict.DONE
    assert pair.call("beat", BOB) is Verdict.DONE
    assert pair.call("declare_gone", BOB, 0) is Verdict.STILL_HERE
    assert pair.call("declare_gone", ANN, 0) is Verdict.DONE
    assert pair.call("declare_gone", ANN, 0) is Verdict.GONE
    assert pair.call("append", ANN, 3, b"three") is Verdict.GONE
    assert pair.call("close", BOB) is Verdict.DONE
    assert pair.call("close", BOB) is Verdict.GONE
    pair.is_the_same()
    kinds = [Kind.RUN, Kind.OPEN, Kind.TURN, Kind.TURN, Kind.OPEN, Kind.GONE, Kind.CLOSE]
    assert [(entry.kind, entry.count) for entry in pair.seen] == list(zip(kinds, (0, 0, 1, 2, 0, 3, 1), strict=True))


def test_what_was_read_and_is_lost_is_missed_before_anything_more_gets_in(pair: Pair) -> None:  # N6
    pair.call("open", ANN, b"", Place(0))
    pair.call("open", BOB, b"", Place(2))
    pair.saves()
    pair.call("append", ANN, 1, b"lost")
    pair.restarts(loses_end=True)
    assert pair.call("append", ANN, 2, b"") is Verdict.RESTARTED
    assert pair.call("beat", BOB) is Verdict.RESTARTED
    assert pair.call("confirm", EVE, Place(0)) is Verdict.GONE
    assert pair.call("keep", Place(3), b"at 3") is Verdict.RESTARTED
    assert pair.call("confirm", BOB, Place(3)) is Verdict.DONE  # has not read what was lost, and begins a run
    assert pair.call("append", BOB, 1, b"first") is Verdict.DONE
    assert pair.call("confirm", ANN, Place(4)) is Verdict.MISSING
    assert pair.call("check", Place(4)) is Verdict.MISSING
    assert pair.call("check", Place(3, mark="another")) is Verdict.MISSING
    assert pair.call("open", EVE, b"", Place(4)) is Verdict.MISSING
    assert pair.call("close", ANN) is Verdict.DONE
    pair.is_the_same()
    assert [entry.kind for entry in pair.seen[4:]] == [Kind.RUN, Kind.TURN, Kind.CLOSE]


def test_a_snapshot_is_kept_and_what_is_before_the_one_before_it_is_dropped(pair: Pair) -> None:  # N8
    pair.call("open", ANN, b"", Place(0))
    for count in range(1, 9):
        pair.call("append", ANN, count, b"")
    assert pair.call("rewind", Place(0)) is Verdict.DONE
    assert pair.call("keep", Place(4), b"at 4") is Verdict.DONE
    assert pair.call("keep", Place(4), b"again") is Verdict.ALREADY
    assert pair.call("check", Place(1)) is Verdict.DONE
    assert pair.call("keep", Place(6), b"at 6") is Verdict.DONE
    assert pair.call("keep", Place(5), b"at 5") is Verdict.ALREADY
    assert pair.call("check", Place(3)) is Verdict.TRIMMED
    assert pair.call("check", Place(4)) is Verdict.DONE
    assert pair.call("keep", Place(3), b"") is Verdict.TRIMMED
    assert pair.call("rewind", Place(0)) is Verdict.TRIMMED
    assert pair.call("open", BOB, b"", Place(1)) is Verdict.TRIMMED
    pair.is_the_same()


_INCARNATIONS = st.sampled_from((ANN, BOB, EVE))
_PLACES = st.builds(Place, st.integers(0, 40), st.sampled_from((None, None, None, "another")))
_COUNTS = st.builds(Next, st.sampled_from((0, 1, 1, 1, 1, 2)))
_CALLS = st.one_of(
    st.tuples(st.just("open"), _INCARNATIONS, st.just(b"rules"), _PLACES),
    st.tuples(st.just("confirm"), _INCARNATIONS, _PLACES),
    *[st.tuples(st.just("append"), _INCARNATIONS, _COUNTS, st.binary(max_size=4))] * 3,
    st.tuples(st.just("declare_gone"), _INCARNATIONS, st.integers(0, 2)),
    *(st.tuples(st.just(name), _INCARNATIONS) for name in ("beat", "close")),
    *(st.tuples(st.just(name), _PLACES) for name in ("check", "rewind")),
    st.tuples(st.just("keep"), _PLACES, st.binary(max_size=4)),
)
_FAULTS = st.tuples(st.sampled_from(("saves", "restarts", "loses its end")))


@pytest.mark.long
@settings(max_examples=25)
@given(st.lists(st.one_of(_CALLS, _CALLS, _CALLS, _FAULTS), min_size=40, max_size=80))
def test_redis_and_memory_have_the_same_rules(redis: RedisLog, admin: Any, ops: list[tuple[Any, ...]]) -> None:
    pair = Pair(redis, admin)
    for name, *arguments in ops:
        if name == "saves":
            pair.saves()
        elif not arguments:
            pair.restarts(loses_end=name == "loses its end")
        else:
            pair.call(name, *arguments)
    pair.is_the_same()


def test_the_function_is_loaded_again_when_redis_has_lost_it(redis: RedisLog, admin: Any) -> None:
    admin.flushall()
    admin.script_flush()
    assert redis.open(ANN, b"", Position()).verdict is Verdict.DONE
    assert redis.beat(ANN) == Answer(Verdict.DONE, {ANN: 1})


def test_an_entry_of_somebody_else_is_an_error(redis: RedisLog, admin: Any) -> None:
    admin.flushall()
    admin.xadd(KEYS[0], {"kind": "turn"})
    with pytest.raises(LogUnreachableError, match=r"^its entry \d+-0 is none of this chat's$"):
        redis.follow(Position())


def test_a_redis_that_is_not_there_or_wants_a_password_is_told_of_without_ours(
    address: RedisAddress, admin: Any
) -> None:
    admin.config_set("requirepass", "theirs")
    try:
        with pytest.raises(LogRefusedError, match="invalid username-password pair") as refused:
            RedisLog(replace(address, password="ours")).connect()
    finally:
        admin.config_set("requirepass", "")
    with pytest.raises(LogRefusedError, match=r"Are you sure your configuration is correct$"):
        RedisLog(replace(address, password="ours")).connect()
    with pytest.raises(LogUnreachableError, match="Connection refused") as absent:
        RedisLog(replace(address, port=1, password="ours")).connect()
    assert "ours" not in f"{refused.value}{absent.value}"
