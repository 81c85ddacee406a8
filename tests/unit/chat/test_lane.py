"""chat/lane.py: a turn gives so many bytes of long answers; the rest waits, by turns of the networks."""

from __future__ import annotations

import pytest

from chat import limits
from chat.effects import SearchArchive, Unicast
from chat.lane import LEAST, Lane, cost
from chat.session import Session
from protocol.events import HelpListed, HistoryListed, Joined, Noticed, Past, Ponged, Said, UsersListed, Welcomed
from protocol.requests import Hello, Line, ListUsers, ResumePoint
from tests.support.party import EPOCH, Party
from tests.support.rows import for_each


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a turn give one answer."""
    monkeypatch.setattr(limits, "TURN_ANSWERS", 1)


def session(host: str, port: int = 1) -> Session:
    return Session(f"{host}:{port}")


# --- the lane itself ---------------------------------------------------------------------------------------------


def test_a_turn_gives_so_much_and_the_next_one_again() -> None:
    lane = Lane()
    assert lane.is_open
    lane.spend(limits.TURN_ANSWERS)
    assert not lane.is_open
    ann = session("192.0.2.1")
    lane.join(ann, ListUsers())
    assert ann.waiting
    assert lane.take() is None
    lane.begin_turn()
    assert not lane.is_open  # somebody else is first
    assert lane.take() == (ann, ListUsers())
    assert not ann.waiting
    assert not lane
    assert lane.is_open


def test_networks_take_turns_and_within_one_who_came_first_is_first() -> None:
    lane = Lane()
    many = [session("192.0.2.1", port) for port in range(3)]
    others = [session("192.0.2.2"), session("192.0.2.3")]
    for each in (*many, *others):
        lane.join(each, ListUsers())
    taken = [turn[0] for turn in iter(lane.take, None)]
    assert taken == [many[0], others[0], others[1], many[1], many[2]]


def test_who_has_left_has_no_turn() -> None:
    party = Party()
    party.joins("ann")
    lane, ann = Lane(), party.guests["ann"].session
    lane.join(ann, ListUsers())
    party.leaves("ann")
    assert lane.take() is None
    assert not lane
    assert not ann.waiting


@for_each(
    [
        (Noticed("x"), LEAST, LEAST),
        (HistoryListed("", (Past(1, 0.0, "ann", "x" * 4000),) * 10), 40_000, 50_000),
        (UsersListed(("x" * 20,) * 1000, 1000), 20_000, 30_000),
        (HelpListed(()), LEAST, LEAST),
        (Said(1, "ann", "x" * 4000, 0.0), 4000, 5000),
    ]
)
def test_an_answer_costs_about_its_bytes(event: Noticed, least: int, most: int) -> None:
    ann, bob = session("192.0.2.1"), session("192.0.2.2")
    assert least <= cost(ann, [Unicast(ann, event)]) <= most
    assert cost(bob, [Unicast(ann, event)]) == LEAST


# --- the hub's use of it -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("narrow")
def test_who_asks_later_waits_and_what_is_cheap_passes() -> None:
    party = Party()
    for name in ("ann", "bob", "carl"):
        party.joins(name)
    with party.turn():
        party.says("ann", "/users", "/ping")
        party.says("bob", "/users", "/ping")
        party.says("carl", "/ping")
    party.sees("ann", "Connected users: 3", "ann, bob, carl", "pong")
    party.sees_nothing("bob")
    party.sees("carl", "pong")
    assert party.hub.next_due() == party.now
    party.passes(0.0)
    party.sees("bob", "Connected users: 3", "ann, bob, carl", "pong")
    assert party.hub.next_due() == float("inf")


@pytest.mark.usefixtures("narrow")
def test_one_who_comes_back_waits_for_its_turn_and_hears_all_once_and_in_order() -> None:
    party = Party()
    party.joins("ann")
    party.says("ann", "1", "2")
    party.connects("bob", "carl")
    with party.turn():
        party.says("ann", "/users", "3")
        for name in ("bob", "carl"):
            party.frames(name, Hello(1, f"the secret of {name}", name, resume=ResumePoint(EPOCH, 1)))
    assert party.room() == ("ann",)
    party.says("ann", "4")
    assert party.room() == ("ann", "bob", "carl")  # each in a turn of its own
    party.says("ann", "5")
    events = party.events("carl")
    assert events[0] == Welcomed("carl", EPOCH, 7, 3, resumed=True)
    assert [event.text for event in events if isinstance(event, Said)] == ["1", "2", "3", "4", "5"]
    assert [event.seq for event in events[1:] if isinstance(event, Said | Joined)] == [2, 3, 4, 5, 6, 7, 8]


@pytest.mark.usefixtures("narrow")
def test_who_waits_for_its_turn_is_not_too_slow_to_join() -> None:
    party = Party()
    party.joins("ann")
    party.connects("bob")
    with party.turn():
        party.says("ann", "/users")
        party.says("bob", "bob")
    party.passes(limits.TEXT_REGISTRATION + 1)
    assert party.room() == ("ann", "bob")


@pytest.mark.parametrize("line", ["/search x", "/seen eve"])
def test_a_turn_looks_through_the_whole_log_once(line: str) -> None:
    party = Party()
    party.joins("ann", "bob")
    with party.turn():
        party.says("ann", line)
        party.says("bob", "/ping", "/help users")
    assert len(party.told("ann")) == 1
    party.sees("bob", "pong")
    party.passes(0.0)
    assert party.told("bob")


def test_an_answer_is_paid_for_by_who_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ANSWER_BURST", 10 * limits.KIB)
    party = Party(metered=True)
    party.joins_framed("ann", "bob")
    for _ in range(3):
        party.says("bob", "x" * 4000)
    party.looks_away()
    party.says("ann", "/history", "/ping")
    assert not any(isinstance(event, Ponged) for event in party.events("ann"))
    party.passes(1.0)
    assert party.events("ann") == [Ponged(2)]


def test_what_a_search_finds_is_paid_for_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ANSWER_BURST", 10 * limits.KIB)
    party = Party(metered=True)
    party.hub.use_archive(True)
    party.joins_framed("ann")
    party.frames("ann", Line("/search x", 1))
    (asked,) = party.inquired
    assert isinstance(asked, SearchArchive)
    with party.turn() as effects:
        effects.extend(party.hub.found(asked, [Past(1, 0.0, "bob", "x" * 4000)] * 3, False))
    assert party.guests["ann"].session.held


def test_what_many_are_told_again_is_rendered_once_and_acknowledges_nobody_s_line_but_the_author_s() -> None:
    party = Party()
    party.joins_framed("ann")
    party.says("ann", "hi")
    party.looks_away()
    for name in ("bob", "carl"):
        party.connects(name)
        party.frames(name, Hello(1, f"the secret of {name}", name, resume=ResumePoint(EPOCH, 1)))
        said = [event for event in party.events(name) if isinstance(event, Said)]
        assert said == [Said(2, "ann", "hi", party.at)]
    party.connects("ann again")
    party.frames("ann again", Hello(1, "the secret of ann", "ann", resume=ResumePoint(EPOCH, 1)))
    assert Said(2, "ann", "hi", party.at, 1) in party.events("ann again")
