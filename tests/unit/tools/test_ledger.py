"""tools/crash/ledger.py: what a log that has lost its end excuses, and what it does not."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from protocol.errors import ErrorCode
from protocol.events import Joined, Left, Past, RoomEvent, Said, Whispered, refusal
from protocol.requests import ResumePoint
from tools.crash.checker import violations
from tools.crash.history import Answered, History, Invoked, Listed, Lost, Missing, Record, Refusal, Told, Welcomed
from tools.crash.ledger import Ledger, Loss

AT = 1_700_000_000.0
KEPT = Said(3, "m1-1", "1.1 hello", AT, 1)
GONE, GONE_TOO = Said(4, "m1-1", "1.2 lost", AT, 2), Joined(5, "m3-1", 3)
NEW = Joined(100, "m1-1", 1)
AGAIN = Said(102, "m1-1", "1.2 lost", AT, 2)
HUSH = Whispered(103, "m1-1", "m1-1", "1.3 hush", AT, 3)
LOSS = Loss({4: GONE, 5: GONE_TOO}, {1: 2})
LOG: dict[int, RoomEvent] = {1: Joined(1, "m1-1", 1), 2: Joined(2, "m2-1", 2), 3: KEPT, 100: NEW}
LEDGER = Ledger("log2", LOG | {101: Joined(101, "m2-1", 2)}, [LOSS])
# Its end was lost twice in a row, with nothing said in between: what was lost last stands before what was lost first.
TWICE = Ledger("log2", LEDGER.events, [Loss({5: GONE_TOO}, {}), Loss({4: GONE}, {1: 2})])
TOO_LATE = refusal(ErrorCode.REPEATED_TOO_LATE, 2, text="1.2 lost")


def shown(*events: RoomEvent) -> list[Record]:
    return [Told(event, shown=True) for event in events]


def welcome(seq: int, asked: int, epoch: str = "log2") -> Welcomed:
    return Welcomed(epoch, seq, resumed=False, asked=ResumePoint("log1", asked, 2))


def ann(*more: Record, told: tuple[RoomEvent, ...] = (GONE, GONE_TOO)) -> History:
    """Return the history of client 1, who was told what is lost."""
    said = [Invoked(1, "say", "1.1 hello"), *shown(KEPT), Answered(1, KEPT), Invoked(2, "say", "1.2 lost")]
    lost = [*shown(*told), Answered(2, GONE)] if GONE in told else shown(*told)
    came = Welcomed("log1", 1, resumed=False, asked=None)
    return History(1, [came, *shown(Joined(2, "m2-1", 2)), *said, *lost, Lost(), *more])


def bob(*more: Record) -> History:
    """Return the history of client 2, who was not."""
    return History(2, [Welcomed("log1", 2, resumed=False, asked=None), *shown(KEPT), Lost(), *more])


COME = welcome(100, 5)
CAME: list[Record] = [Missing(0), COME, *shown(Joined(101, "m2-1", 2))]
CAME_TOO: list[Record] = [Missing(0), welcome(101, 3)]
RESUMED_AT_3: list[Record] = [Welcomed("log1", 4, resumed=True, asked=ResumePoint("log1", 3))]
RESUMED: list[Record] = [
    Welcomed("log1", 101, resumed=True, asked=ResumePoint("log1", 3)),
    *shown(NEW, Joined(101, "m2-1", 2)),
]


def test_a_loss_that_was_told_is_no_violation() -> None:  # N6
    assert violations([ann(*CAME), bob(*CAME_TOO)], ledger=LEDGER) == []


def test_who_does_not_know_what_is_lost_may_go_on_where_it_was() -> None:  # N6
    ledger = Ledger("log1", LEDGER.events, [LOSS])
    same: list[Record] = [Missing(0), welcome(100, 5, "log1"), *shown(Joined(101, "m2-1", 2))]
    assert violations([ann(*same), bob(*RESUMED)], ledger=ledger) == []


@pytest.mark.parametrize(
    ("histories", "found"),
    [
        ([ann(*CAME[1:]), bob(*CAME_TOO)], "client 1 was not told that entries up to 5 are lost"),
        ([ann(Missing(0), replace(COME, resumed=True, epoch="log1")), bob(*CAME_TOO)], "client 1 was resumed"),
        ([ann(*CAME, told=(GONE_TOO,)), bob(*CAME_TOO)], "client 1 was not told what is at number 4"),
        ([ann(*CAME, told=(replace(GONE_TOO, name="x"),)), bob(*CAME_TOO)], "and the log says Joined(seq=5, name='m3"),
        ([ann(*CAME, *shown(Left(102, "m2-1", 1, ""))), bob(*CAME_TOO)], "and the log says None"),
        ([ann(*CAME, Listed(Past(3, AT, "m1-1", "1.1 bye"))), bob(*CAME_TOO)], "client 1 was listed"),
        ([ann(*CAME, Listed(Past(9, AT, "m1-1", "1.1 hello"))), bob(*CAME_TOO)], "and the log says None"),
        ([ann(*CAME), bob(*RESUMED)], "client 2 takes the log for log1, and it is log2"),
        ([ann(*CAME), bob(Missing(0), welcome(101, 3, "log3"))], "there were 3 logs"),
    ],
)
def test_each_breach_is_found(histories: list[History], found: str) -> None:  # N6
    wrong = violations(histories, ledger=LEDGER)
    assert any(found in sentence for sentence in wrong), wrong


def test_an_end_that_was_lost_twice_in_a_row_was_whole_before() -> None:  # N6
    resumed = Welcomed("log1", 5, resumed=True, asked=ResumePoint("log1", 4))
    two = bob(*RESUMED_AT_3, *shown(GONE), Lost(), resumed, *shown(GONE_TOO), Missing(0), welcome(101, 5))
    assert violations([ann(*CAME), two], ledger=TWICE) == []


@pytest.mark.parametrize(
    ("told", "more", "found"),
    [
        ((GONE, GONE_TOO), CAME[1:], "client 1 was not told that entries up to 5 are lost"),
        ((GONE,), CAME[1:], "client 1 was not told that entries up to 4 are lost"),
        ((GONE_TOO,), CAME, "client 1 was not told what is at number 4"),
    ],
)
def test_what_was_lost_twice_in_a_row_excuses_nothing_before(
    told: tuple[RoomEvent, ...], more: list[Record], found: str
) -> None:  # N6
    wrong = violations([ann(*more, told=told), bob(*CAME_TOO)], ledger=TWICE)
    assert any(found in sentence for sentence in wrong), wrong


def test_what_a_later_loss_took_was_lost_for_those_who_knew_the_log_without_it() -> None:  # N6
    last, new = Left(101, "m1-1", 1, "bye"), Joined(201, "m2-1", 2)
    ledger = Ledger("log2", LOG | {201: new}, [Loss({4: GONE}, {}), Loss({100: NEW, 101: last}, {})])
    back = Welcomed("log1", 101, resumed=True, asked=ResumePoint("log1", 4))
    wrong = violations([bob(Missing(0), welcome(201, 3)), ann(back, *shown(last), told=(GONE,))], ledger=ledger)
    assert any("client 1 was resumed" in sentence for sentence in wrong), wrong


def test_the_log_is_told_as_it_was_before_each_loss() -> None:
    kept = {1, 2, 3, 100, 101}
    assert [set(log) for log in TWICE.logs()] == [kept, {1, 2, 3, 4, 5}, {1, 2, 3, 4}]
    assert [set(log) for log in LEDGER.logs()] == [kept, {1, 2, 3, 4, 5}]


def test_a_server_that_can_t_tell_may_begin_an_epoch() -> None:
    histories = [ann(*CAME), bob(Missing(0), welcome(101, 3, "log3"))]
    wrong = violations(histories, ledger=Ledger("log2", LEDGER.events, [LOSS], doubts=1))
    assert not [sentence for sentence in wrong if "logs" in sentence]


def test_a_line_that_was_lost_may_be_said_again_and_once() -> None:  # N3, N6
    again: list[Record] = [*CAME, *shown(AGAIN)]
    assert (
        violations(
            [ann(*again), bob(*CAME_TOO, *shown(AGAIN))], ledger=Ledger("log2", LEDGER.events | {102: AGAIN}, [LOSS])
        )
        == []
    )
    twice = LEDGER.events | {102: AGAIN, 103: replace(AGAIN, seq=103)}
    (wrong, *_) = violations([ann(*again), bob(*CAME_TOO)], ledger=Ledger("log2", twice, [LOSS]))
    assert wrong.startswith("line 1.2 stands at number 103 of log log2, after 1.2")


@pytest.mark.parametrize(
    ("forgotten", "claimed", "is_right"), [(2, 0, True), (1, 2, False), (inf, 2, True), (inf, 1, False)]
)
def test_only_a_line_whose_answer_was_lost_may_be_unknown(forgotten: float, claimed: int, is_right: bool) -> None:  # N3
    loss = Loss({4: GONE}, {1: forgotten})
    back = Welcomed("log2", 100, resumed=False, asked=ResumePoint("log1", 4, claimed))
    told: list[Record] = [*shown(GONE), Lost(), Missing(0), back, Refusal(2, TOO_LATE.text), Answered(2, TOO_LATE)]
    one = ann(*told, told=())
    wrong = violations([one, bob(Missing(0), welcome(100, 3))], ledger=Ledger("log2", LOG, [loss]))
    found = [sentence for sentence in wrong if "was not forgotten" in sentence or "its author told" in sentence]
    assert bool(found) is not is_right, wrong


@pytest.mark.parametrize(
    ("missing", "goes_on", "is_right"), [(2, False, True), (1, False, False), (3, False, False), (1, True, False)]
)
def test_a_gap_counts_what_is_in_the_log_by_then(missing: int, goes_on: bool, is_right: bool) -> None:  # N3, N6
    newest = Left(102, "m3-1", 2, "bye")
    back = Welcomed("log1", 102, resumed=True, asked=ResumePoint("log1", 3), goes_on=goes_on)
    ledger = Ledger("log1", LEDGER.events | {102: newest}, [LOSS])
    here: list[Record] = [Missing(0), welcome(100, 5, "log1"), *shown(Joined(101, "m2-1", 2), newest)]
    wrong = violations([ann(*here), bob(back, Missing(missing), *shown(newest))], ledger=ledger)
    assert bool(wrong) is not is_right, wrong


@pytest.mark.parametrize(("missing", "is_right"), [(1, True), (0, False)])
def test_a_gap_counts_what_was_lost_later_than_what_comes_after_it(missing: int, is_right: bool) -> None:  # N3, N6
    gap: list[Record] = [Missing(missing)] if missing else []
    two = bob(*RESUMED_AT_3, *gap, *shown(GONE_TOO), Missing(0), welcome(101, 5))
    wrong = violations([ann(*CAME), two], ledger=TWICE)
    assert bool(wrong) is not is_right, wrong


@pytest.mark.parametrize(("goes_on", "is_right"), [(True, True), (False, False)])
def test_a_server_that_goes_on_by_itself_has_passed_over_whispers_of_others(goes_on: bool, is_right: bool) -> None:
    events: dict[int, RoomEvent] = {101: Joined(101, "m2-1", 2), 102: AGAIN, 103: HUSH, 104: NEW_TOO, 105: LAST}
    typed: list[Record] = [Missing(0), welcome(100, 5, "log1"), Invoked(3, "whisper", "1.3 hush")]
    one = ann(*typed, *shown(*events.values()), Answered(3, HUSH))
    came = Welcomed("log1", 101, resumed=False, asked=None)
    back = Welcomed("log1", 106, resumed=True, asked=ResumePoint("log1", 102), goes_on=goes_on)
    ledger = Ledger("log1", LOG | events, [LOSS])
    two = History(2, [came, *shown(AGAIN), back, Missing(1), *shown(LAST)])
    wrong = violations([one, two], ledger=ledger)
    assert bool(wrong) is not is_right, wrong


NEW_TOO, LAST = Joined(104, "m4-1", 3), Left(105, "m4-1", 2, "bye")
