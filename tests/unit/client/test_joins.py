"""client.view.joins: who comes and goes without a word is told in one line."""

from __future__ import annotations

import pytest

from client.core.render import Role
from client.view.joins import JoinsLine
from protocol.events import Joined, Left, Renamed, Said, Whispered


def line(folding: JoinsLine) -> str | None:
    found = folding.line("ann")
    return None if found is None else found.text


def test_one_comer_is_told_as_ever() -> None:
    folding = JoinsLine()
    assert line(folding) is None
    assert folding.takes(Joined(2, "bob", 2))
    assert line(folding) == "* bob has connected. Users here: 2"


@pytest.mark.parametrize(
    ("reason", "is_folded"), [("kicked by ann: loud", False), ("banned by ann", False), ("goodbye", True)]
)
def test_who_was_removed_by_an_operator_has_a_line_of_its_own(reason: str, is_folded: bool) -> None:  # M2
    folding = JoinsLine()
    folding.takes(Joined(2, "bob", 2))
    assert folding.takes(Left(3, "bob", 1, reason)) is is_folded


def test_several_are_one_line_until_it_is_finished() -> None:
    folding = JoinsLine()
    for event in (
        Joined(2, "bob", 2),
        Joined(3, "carl", 3),
        Left(4, "dora", 2, "goodbye"),
        Left(5, "bob", 1, "goodbye"),
    ):
        assert folding.takes(event)
    told = "* connected: carl; left: dora; connected and left: bob. Users here: 1"
    assert line(folding) == told
    finished = folding.unfold("ann")
    assert finished is not None
    assert finished.text == told
    assert [span.text for span in finished.spans if span.role is Role.NAME] == ["carl", "dora", "bob"]
    assert folding.unfold("ann") is None


def test_many_names_are_a_number() -> None:
    folding = JoinsLine()
    for number in range(100):
        folding.takes(Joined(number, f"u{number}", number))
    assert line(folding) == f"* connected: {', '.join(f'u{n}' for n in range(10))} and 90 more. Users here: 99"


def test_whoever_spoke_is_worth_a_line_when_they_go() -> None:
    folding = JoinsLine()
    assert not folding.takes(Said(2, "bob", "hi", 0.0))
    assert not folding.takes(Whispered(3, "carl", "ann", "hi", 0.0))
    assert not folding.takes(Renamed(4, "carl", "karl"))
    assert not folding.takes(Renamed(5, "dora", "eve"))
    assert not folding.takes(Left(6, "bob", 4, "goodbye"))
    assert not folding.takes(Left(7, "karl", 3, "goodbye"))
    assert folding.takes(Left(8, "eve", 2, "goodbye"))
    assert folding.takes(Joined(9, "bob", 3))
    assert folding.takes(Left(10, "bob", 2, "goodbye"))  # somebody else of that name, who said nothing
    assert not folding.takes(None)


def test_no_more_speakers_are_known_than_any_room_has(monkeypatch: pytest.MonkeyPatch) -> None:  # 24
    monkeypatch.setattr("client.view.joins.SPEAKERS_LIMIT", 1)
    folding = JoinsLine()
    folding.takes(Said(2, "bob", "hi", 0.0))
    folding.takes(Said(3, "carl", "hi", 0.0))
    assert not folding.takes(Left(4, "bob", 2, "goodbye"))
    assert folding.takes(Left(5, "carl", 1, "goodbye"))
