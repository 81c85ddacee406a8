"""chat/shared/memory_log.py: what a shared log answers (N1, N4, N6, N8). See tests/unit/storage/test_redis_log.py."""

from __future__ import annotations

import pytest

from chat.shared.log_store import Answer, Found, Position, Verdict
from chat.shared.memory_log import BATCH, MemoryLog

ANN, BOB = "a" * 16, "b" * 16


@pytest.fixture
def log() -> MemoryLog:
    """Return a log that ann has opened, with two turns of hers: five entries from place 0."""
    made = MemoryLog(now=1.0)
    made.open(ANN, b"rules", Position())
    made.append(ANN, 1, b"one")
    made.append(ANN, 2, b"two")
    return made


def place(log: MemoryLog, index: int) -> Position:
    entry = log.entries[index]
    return Position(entry.id, entry.mark)


def test_an_incarnation_is_opened_once_and_its_turns_get_in_once_and_in_order(log: MemoryLog) -> None:
    assert log.open(ANN, b"", Position()).verdict is Verdict.ALREADY
    assert [log.append(ANN, count, b"").verdict.value for count in (0, 1, 2, 4)] == [*["ALREADY"] * 3, "SKIPPED"]
    assert [log.append(ANN, count, b"").verdict.value for count in (3, 4)] == ["DONE"] * 2
    assert log.append(BOB, 1, b"").verdict is Verdict.GONE


def test_an_incarnation_that_is_closed_can_do_nothing_more(log: MemoryLog) -> None:
    assert log.beat(ANN) == Answer(Verdict.DONE, {ANN: 1})
    assert log.declare_gone(ANN, 0).verdict is Verdict.STILL_HERE
    assert log.close(ANN).verdict is Verdict.DONE
    for answer in (log.close(ANN), log.beat(ANN), log.confirm(ANN, Position()), log.declare_gone(ANN, 1)):
        assert answer.verdict is Verdict.GONE


def test_after_a_start_each_incarnation_confirms_what_it_has_read(log: MemoryLog) -> None:
    saved, lost = log.saved(), place(log, -1)
    log.append(ANN, 3, b"lost")
    log.restart("second", saved)
    assert log.beat(ANN).verdict is Verdict.RESTARTED
    assert log.append(ANN, 3, b"").verdict is Verdict.RESTARTED
    assert log.confirm(ANN, Position("1000-4", "")).verdict is Verdict.MISSING
    assert log.confirm(ANN, lost._replace(mark="another")).verdict is Verdict.MISSING
    assert log.confirm(ANN, lost).verdict is Verdict.DONE
    assert log.append(ANN, 3, b"").verdict is Verdict.DONE


def test_nothing_is_written_after_a_start_before_a_run_has_begun(log: MemoryLog) -> None:  # N6
    last = place(log, -1)
    log.restart("second")
    assert log.keep(last, b"last").verdict is Verdict.RESTARTED
    assert log.confirm(ANN, last).verdict is Verdict.DONE
    assert log.keep(last, b"last").verdict is Verdict.DONE


def test_a_snapshot_is_kept_and_the_entries_from_the_one_before_it_on(log: MemoryLog) -> None:
    first, last = place(log, 0), place(log, -1)
    assert log.rewind(first) == Found(Verdict.DONE, "first")
    assert log.keep(last, b"last").verdict is Verdict.DONE
    assert log.keep(first, b"first").verdict is Verdict.ALREADY
    assert len(log.entries) == 4
    log.append(ANN, 3, b"")
    assert log.keep(place(log, -1), b"newer").verdict is Verdict.DONE
    assert len(log.entries) == 2
    assert log.keep(first, b"").verdict is Verdict.TRIMMED
    assert log.check(Position()) == Found(Verdict.TRIMMED, "first")
    assert log.rewind(last) == Found(Verdict.DONE, "first", place(log, -1), b"newer")


def test_time_does_not_run_backwards_in_a_log_and_it_is_read_in_parts(log: MemoryLog) -> None:
    log.now = 0.5
    for count in range(3, BATCH + 10):
        log.append(ANN, count, b"")
    entries = log.follow(Position())
    assert len(entries) == BATCH
    assert {entry.at for entry in entries} == {1.0}
    assert len(log.follow(place(log, BATCH - 1))) == len(log.entries) - BATCH
