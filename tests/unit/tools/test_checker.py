"""tools/crash/checker.py and tools/crash/reading.py: histories written by hand, and what is found wrong with them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from protocol.events import Joined, Left, Past, Ponged, Refused, Renamed, RoomEvent, Said, Whispered
from protocol.requests import ResumePoint
from tools.crash.checker import A_RUN, violations
from tools.crash.history import (
    Answered,
    Begun,
    Broken,
    History,
    Invoked,
    Listed,
    Lost,
    Missing,
    Record,
    Refusal,
    Told,
    Welcomed,
    mark_of,
    owner_of,
)

AT = 1_700_000_000.0
LINE = Invoked(1, "say", "1.1 hello")
SAID = Said(3, "m1-1", "1.1 hello", AT, 1)
WHISPER = Whispered(4, "m1-1", "m2-1", "1.2 psst", AT, 2)
BACK = Welcomed("log1", 9, resumed=True, asked=ResumePoint("log1", 3))
ANEW = Welcomed("log2", 1, resumed=False, asked=ResumePoint("log1", 3))


def shown(*events: RoomEvent) -> list[Record]:
    return [Told(event, shown=True) for event in events]


def ann(*more: Record) -> History:
    """Return the history of client 1, who came in as number 1 of the log and said number 3."""
    came = Welcomed("log1", 1, resumed=False, asked=None)
    return History(1, [came, *shown(Joined(2, "m2-1", 2)), LINE, *shown(SAID), Answered(1, SAID), *more])


def bob(*more: Record) -> History:
    """Return the history of client 2, who came in as number 2, and heard number 3."""
    return History(2, [Welcomed("log1", 2, resumed=False, asked=None), *shown(SAID), *more])


def carl(*more: Record) -> History:
    """Return the history of client 3, who goes on from number 3."""
    return History(3, [Begun("log1", 3), *more])


WHISPERED = [Invoked(2, "whisper", "1.2 psst"), *shown(WHISPER), Answered(2, WHISPER)]
LEFT, CAME = Left(4, "m2-1", 1, "connection lost"), Joined(5, "m2-1", 2)
MISSED: list[RoomEvent] = [LEFT, CAME]
LATE = Joined(6, "m3-1", 3)
FAR = Joined(A_RUN * 2, "m3-1", 3)  # in the server's next run
RENAMED = Renamed(4, "m1-1", "m1-2", 2)


@pytest.mark.parametrize(
    "histories",
    [
        [ann(), bob()],
        [ann(*WHISPERED), bob(*shown(WHISPER)), carl()],
        [ann(*WHISPERED, *shown(Joined(5, "m4-1", 4))), bob(*shown(WHISPER, Joined(5, "m4-1", 4)))],
        [ann(*shown(*MISSED)), bob(Lost(), replace(BACK, seq=5), *shown(*MISSED))],
        [ann(*shown(*MISSED)), bob(Lost(), replace(BACK, seq=5), Missing(1), *shown(CAME))],
        [ann(*shown(*MISSED)), bob(Lost(), replace(BACK, seq=5), Missing(1), Lost(), BACK, *shown(*MISSED))],
        [ann(*shown(*MISSED, FAR)), bob(Lost(), replace(BACK, seq=FAR.seq), Missing(2), *shown(FAR))],
        [ann(*shown(*MISSED, FAR)), bob(Lost(), replace(BACK, seq=FAR.seq), Missing(9), *shown(FAR))],
        [ann(*shown(FAR)), bob(*shown(FAR))],
        [ann(Invoked(2, "nick", ""), *shown(RENAMED), Answered(2, RENAMED)), bob(*shown(RENAMED))],
        [ann(Invoked(2, "command", ""), Answered(2, Ponged(2))), bob()],
        [ann(Invoked(2, "whisper", "1.2 psst"), Refusal(2, "m9 is gone"), Answered(2, Refused(401, "", "", 2))), bob()],
        [ann(Lost(), BACK, Told(SAID, shown=False), *shown(*MISSED)), bob(*shown(*MISSED))],  # an answer, once more
        [ann(Listed(Past(4, AT, "m1-1", "1.2 psst", "m2-1"))), bob(Listed(Past(1, AT, "x", "1.1 hello")))],
        [replace(ann(Invoked(2, "say", "1.2 and gone")), stayed=False), bob()],
    ],
)
def test_what_keeps_the_promise_is_no_violation(histories: list[History]) -> None:
    assert violations(histories) == []


@pytest.mark.parametrize(
    ("histories", "found"),
    [
        ([ann(), bob(*shown(SAID))], "client 2 was told again, or too late"),
        ([ann(*shown(*MISSED)), bob(*shown(CAME))], "client 2 was not told what is at number 4"),
        ([ann(*shown(*MISSED)), bob(*shown(*reversed(MISSED)))], "client 2 was told again, or too late, Left(seq=4"),
        ([ann(*shown(*MISSED)), bob()], "client 2 was not told what is at number 4"),
        ([ann(*shown(CAME)), bob(*shown(CAME))], "nobody was told what is at number 4"),
        ([ann(), bob(*shown(replace(LEFT, reason="x"))), carl(*shown(*MISSED))], "somebody else that it is"),
        ([ann(Lost(), BACK, *shown(replace(SAID, text="1.1 bye"))), bob()], "client 1 was told Said"),
        ([ann(*shown(Said(4, "m3-1", "3.1 hi", AT))), bob(*shown(Said(4, "m3-1", "3.1 hi", AT)))], "nobody has typed"),
        ([ann(*shown(Said(4, "m3-1", "hi", AT))), bob(*shown(Said(4, "m3-1", "hi", AT)))], "nobody has typed"),
        ([ann(*shown(replace(SAID, seq=4))), bob(*shown(replace(SAID, seq=4)))], "line 1.1 stands at number 4"),
        ([ann(*WHISPERED), bob()], "client 2 was not told what is at number 4"),
        ([ann(*WHISPERED), bob(*shown(WHISPER)), carl(*shown(WHISPER))], "client 3 was told a whisper of others"),
        (
            [ann(*WHISPERED), bob(), carl(Listed(Past(4, AT, "m1-1", "1.2 psst", "m2-1")))],
            "whisper of others in a list",
        ),
        ([ann(Invoked(2, "say", "1.2 and?")), bob()], "line 2 of client 1 was never answered"),
        ([ann(Answered(1, SAID)), bob()], "client 1 took two answers to its line 1"),
        ([ann(Answered(2, SAID)), bob()], "line 2 of client 1 was answered and never typed"),
        ([ann(Invoked(2, "say", "1.2 and?"), Answered(2, Ponged(2))), bob()], "a say, was answered with Ponged"),
        ([ann(Invoked(2, "say", "1.2 and?"), Answered(2, SAID)), bob()], "was '1.2 and?' and is answered with Said"),
        ([ann(Refusal(1, "you are not here")), bob()], "line 1 of client 1 was said, and its author told"),
        ([ann(Lost(), BACK, *shown(SAID)), bob()], "client 1 was shown 2 times"),
        ([ann(), History(2, [*bob().records[:1], Told(SAID, shown=False)])], "client 2 was shown 0 times"),
        ([ann(Lost(), replace(BACK, seq=3)), bob()], "client 1 knew number 3 of a log that has got back"),
        ([ann(Lost(), replace(BACK, resumed=False)), bob()], "client 1 was not resumed"),
        ([ann(Lost(), replace(ANEW, resumed=True)), bob()], "client 1 was resumed"),
        ([ann(Lost(), Missing(0), ANEW, *shown(Joined(2, "x", 1))), bob()], "there were 2 logs"),
        ([ann(Lost(), ANEW, *shown(Joined(2, "x", 1))), bob()], "client 1 was not told that it has missed the end"),
        (
            [ann(*shown(*MISSED)), bob(Lost(), replace(BACK, seq=5), Missing(2), *shown(CAME))],
            "told that 2 are missing",
        ),
        (
            [ann(*shown(*MISSED, LATE)), bob(Lost(), replace(BACK, seq=6), Missing(1), *shown(LATE))],
            "told that 1 are missing before what is at number 6 of log log1: 2 are",
        ),
        ([ann(Broken("it has no type")), bob()], "client 1 was sent what is no message"),
    ],
)
def test_each_breach_is_found(histories: list[History], found: str) -> None:
    assert any(found in sentence for sentence in violations(histories)), violations(histories)


def test_who_is_told_of_the_end_of_a_lost_log_has_missed_nothing_untold() -> None:
    newcomer = Joined(2, "m3-1", 2)
    histories = [ann(Lost(), Missing(0), ANEW, *shown(newcomer)), replace(bob(), stayed=False)]
    assert violations(histories, journals_lost=1) == []


def test_a_line_may_be_answered_with_its_entry_in_the_log_before() -> None:
    line = Invoked(2, "say", "1.2 and gone")
    anew, said = replace(ANEW, seq=9), Said(8, "m1-1", "1.2 and gone", AT, 2)
    told: list[Record] = [Told(said, shown=True), Answered(2, said)]
    histories = [ann(line, Lost(), Missing(0), anew, *told), replace(bob(), stayed=False)]
    assert violations(histories, journals_lost=1) == []
    again = [ann(line, Lost(), Missing(0), anew, *told, *shown(replace(said, text="2.7 x"))), bob()]
    assert any("was told again" in sentence for sentence in violations(again, journals_lost=1))


def test_a_whisper_that_was_lost_with_its_log_leaves_a_number_that_nobody_knows() -> None:
    histories = [ann(*shown(CAME), Missing(0), ANEW), bob(*shown(CAME), Missing(0), ANEW)]
    assert violations(histories, journals_lost=1) == []


def test_a_whisper_to_a_name_that_may_be_anybodys_is_told_to_two() -> None:
    whisper = replace(WHISPER, to="spare1")
    typed = [Invoked(2, "reply", "1.2 psst"), *shown(whisper), Answered(2, whisper)]
    assert violations([ann(*typed), bob(*shown(whisper))]) == []
    (found,) = violations([ann(*typed), bob(*shown(whisper)), carl(*shown(whisper))])
    assert found.startswith("3 clients were told the whisper at number 4")


def test_texts_and_names_tell_whose_they_are() -> None:
    assert mark_of("7.12 hello") == (7, 12)
    assert mark_of("7.12") == (7, 12)
    assert mark_of("hello") is None
    assert mark_of("7.12hello") is None
    assert owner_of("m7-1") == 7
    assert owner_of("spare1") is None
