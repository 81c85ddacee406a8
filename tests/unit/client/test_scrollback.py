"""client.view: what stands above the prompt for good, and what lives over it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from client.core import render
from client.core.render import Kind, Role, Shown, compose
from client.core.session import ClientSession
from client.core.settings import Settings
from client.view.joins import EVENTS_LIMIT
from client.view.scrollback import View, tail
from protocol.events import Event, Joined, Left, Noticed, Refused, Said, Welcomed
from protocol.text import LATEST

NOON = datetime(2026, 3, 4, 12, 0)
NOW = NOON.timestamp()


class Viewer:
    """Ann, and what stands above her prompt."""

    def __init__(self, **settings: str) -> None:
        self.session = ClientSession("secret")
        self.session.receive(Welcomed("ann", "epoch", 1, 1), 0.0)
        self.session.settings = replace(Settings(), **settings)  # type: ignore[arg-type]
        self.view = View(self.session)

    def is_shown(self, event: Event, now: float = NOW) -> list[str]:
        shown = render.render_event(event, "ann")
        assert shown is not None
        return [line.text for line in self.view.above(shown, now)]

    def live(self, most: int = 5) -> list[str]:
        return [line.text for line in self.view.live(most)]


def said(text: str = "hi", at: float = NOW, name: str = "bob") -> Said:
    return Said(2, name, text, at)


# --- times -------------------------------------------------------------------------------------------------------


def test_what_is_said_has_the_time_at_which_it_was_said() -> None:
    ann = Viewer()
    assert ann.is_shown(said(at=NOW - 120)) == ["11:58 bob: hi"]
    assert ann.is_shown(Noticed("soon")) == ["12:00 * soon"]
    assert ann.is_shown(Refused(1, "code", "No.")) == ["! No."]


def test_times_can_be_switched_off_and_leave_a_narrow_screen_alone() -> None:
    assert Viewer(times="off").is_shown(said()) == ["bob: hi"]
    ann = Viewer()
    ann.view.columns = 20
    assert ann.is_shown(said()) == ["bob: hi"]


def test_another_day_is_told() -> None:
    ann = Viewer()
    yesterday = (NOON - timedelta(days=1)).timestamp()
    assert ann.is_shown(said(at=yesterday))[0].strip("- ") == "Tuesday, 03 March 2026"
    assert ann.is_shown(said(at=yesterday)) == ["12:00 bob: hi"]
    assert ann.is_shown(said())[0].strip("- ") == "Wednesday, 04 March 2026"
    assert len(ann.is_shown(said(at=LATEST * 2))) == 2  # a time that no calendar has


def test_the_first_of_what_was_missed_has_its_time_behind_the_rule() -> None:
    shown = render.first_missed(Shown(Kind.SAID, (render.name_span("bob"),), said()))
    (line,) = Viewer().view.above(shown, NOW)
    assert [span.role for span in line.spans] == [Role.RULE, Role.TIME, Role.NAME]


# --- comings and goings ------------------------------------------------------------------------------------------


def test_comings_live_over_the_prompt_until_something_else_is_shown() -> None:
    ann = Viewer()
    assert ann.is_shown(Joined(2, "bob", 2)) == ann.is_shown(Joined(3, "carl", 3)) == []
    assert ann.live() == ["* connected: bob, carl. Users here: 3"]
    assert ann.is_shown(said()) == ["12:00 * connected: bob, carl. Users here: 3", "12:00 bob: hi"]
    assert ann.live() == []


def test_a_line_of_many_comings_is_finished_and_another_begun() -> None:  # 24
    ann = Viewer()
    written = [line for n in range(EVENTS_LIMIT + 2) for line in ann.is_shown(Joined(n + 2, f"u{n}", n))]
    names = ", ".join(f"u{n}" for n in range(10))
    assert written == [f"12:00 * connected: {names} and {EVENTS_LIMIT - 10} more. Users here: {EVENTS_LIMIT - 1}"]
    last = f"u{EVENTS_LIMIT}, u{EVENTS_LIMIT + 1}"
    assert ann.live() == [f"* connected: {last}. Users here: {EVENTS_LIMIT + 1}"]


def test_at_the_end_they_are_written() -> None:
    ann = Viewer()
    assert ann.view.finish(NOW) == []
    ann.is_shown(Joined(2, "bob", 2))
    assert [line.text for line in ann.view.finish(NOW)] == ["12:00 * bob has connected. Users here: 2"]


@pytest.mark.parametrize(("joins", "lines"), [("all", ["12:00 * bob has connected. Users here: 2"]), ("none", [])])
def test_they_may_have_a_line_each_or_none(joins: str, lines: list[str]) -> None:
    ann = Viewer(joins=joins)
    assert ann.is_shown(Joined(2, "bob", 2)) == lines
    assert ann.live() == []
    assert ann.is_shown(said()) == ["12:00 bob: hi"]


def test_the_first_of_what_was_missed_is_not_folded_away_with_its_rule() -> None:
    shown = render.render_event(Left(2, "bob", 1, "goodbye"), "ann")
    assert shown is not None
    assert len(Viewer().view.above(render.first_missed(shown), NOW)) == 1


def test_an_empty_list_is_shown_as_it_is() -> None:
    assert Viewer().view.above(Shown(Kind.ANSWER, ()), NOW) == [Shown(Kind.ANSWER, ())]


# --- our own lines -----------------------------------------------------------------------------------------------


def test_our_lines_live_over_the_prompt_until_they_are_acknowledged() -> None:
    ann = Viewer()
    for number in range(1, 8):
        ann.session.typed(f"line {number}", 0.0)
    assert ann.live(8) == [f"ann: line {number}" for number in range(1, 8)]
    assert ann.live(2) == ["(5 more lines wait for the server)", "ann: line 6", "ann: line 7"]
    assert {line.kind for line in ann.view.live(2)} == {Kind.NOTICE}
    for number in range(1, 8):
        ann.session.receive(Said(1 + number, "ann", f"line {number}", NOW, cseq=number), 0.0)
    assert ann.live() == []


# --- what is unread ----------------------------------------------------------------------------------------------


def test_what_is_unread_stands_under_a_line() -> None:  # U4
    ann = Viewer()
    assert ann.is_shown(Joined(2, "bob", 2)) == []
    shown = render.render_event(said(), "ann")
    assert shown is not None
    first, second = ann.view.above(shown, NOW, is_first_unread=True)
    assert first.text == "12:00 * bob has connected. Users here: 2"
    assert re.fullmatch(r"-+ new -+\n12:00 bob: hi", second.text)


def test_what_stands_under_a_line_gets_no_second_one() -> None:
    ann = Viewer()
    shown = render.render_event(said(), "ann")
    assert shown is not None
    missed = render.first_missed(shown)
    assert ann.view.above(missed, NOW, is_first_unread=True) == ann.view.above(missed, NOW)


# --- a screen of another width ----------------------------------------------------------------------------------

PAST = [compose(Kind.SAID, text) for text in ("one", "a line", "", "two\nrows", "last")]


@pytest.mark.parametrize(("rows", "count"), [(6, 5), (5, 4), (3, 2), (2, 1), (0, 0)])
def test_the_newest_that_fit(rows: int, count: int) -> None:
    assert tail(PAST, rows) == PAST[len(PAST) - count :]


def test_nothing_is_the_tail_of_nothing() -> None:
    nothing: list[Shown] = []
    assert tail(nothing, 24) == []
