"""client.core.roster: who is here, and who spoke last."""

from __future__ import annotations

import pytest

from client.core.roster import NAMES_LIMIT, Roster, author
from protocol.events import Event, Joined, Left, Ponged, Renamed, Said, Whispered


def test_whoever_spoke_last_comes_first_and_who_is_silent_last() -> None:
    here = Roster()
    here.came("dora", 2)
    here.spoke("bob")
    here.spoke("carl")
    here.came("eve", 4)
    here.spoke("bob")
    assert list(here) == ["bob", "carl", "dora", "eve"]
    assert here.count == 4


def test_whoever_is_told_of_twice_is_here_once() -> None:
    here = Roster()
    here.spoke("bob")
    here.came("bob", 2)
    assert list(here) == ["bob"]


def test_whoever_left_is_not_here_any_more() -> None:
    here = Roster()
    here.spoke("bob")
    here.left("bob", 1)
    here.left("nobody", 1)
    assert (list(here), here.count) == ([], 1)


def test_a_renaming_keeps_the_place() -> None:
    here = Roster()
    here.spoke("bob")
    here.spoke("carl")
    here.renamed("bob", "rob")
    assert list(here) == ["carl", "rob"]
    here.renamed("stranger", "dora")  # whom we had not heard of
    assert set(here) == {"carl", "rob", "dora"}


def test_the_servers_list_says_who_is_here_and_not_who_spoke() -> None:
    here = Roster()
    for name in ("gone", "bob", "carl"):
        here.spoke(name)
    here.listed(("ann", "bob", "carl"), 3)
    assert list(here) == ["carl", "bob", "ann"]
    assert here.count == 3


def test_no_more_are_known_than_any_room_has() -> None:  # 24
    here = Roster()
    for number in range(NAMES_LIMIT + 10):
        here.came(f"u{number}", number)
    here.spoke("stranger")
    here.spoke("u7")
    assert len(list(here)) == NAMES_LIMIT
    assert next(iter(here)) == "u7"


@pytest.mark.parametrize(
    ("event", "name"),
    [
        (Said(1, "ann", "hi", 0.0, 7), "ann"),
        (Whispered(1, "ann", "bob", "hi", 0.0, 7), "ann"),
        (Joined(1, "ann", 1), "ann"),
        (Left(1, "ann", 0, "goodbye"), "ann"),
        (Renamed(1, "ann", "anna", 7), "ann"),
        (Ponged(7), None),
    ],
)
def test_an_event_of_the_room_has_an_author_and_an_answer_has_none(event: Event, name: str | None) -> None:
    assert author(event) == name
