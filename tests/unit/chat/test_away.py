"""chat.handlers.away: whoever whispers to somebody who is away is told so, once."""

from __future__ import annotations

import pytest

from chat.handlers.away import AWAY
from chat.room import BACK, NOT_AWAY
from tests.support.party import Party

ARRIVED = "* Whispered to ann."  # D14


@pytest.fixture
def party() -> Party:
    made = Party()
    made.joins("ann", "bob")
    made.joins_framed("carl")
    made.looks_away()
    return made


@pytest.mark.parametrize(("line", "told"), [("/away", "* ann is away"), ("/away at lunch", "* ann is away: at lunch")])
def test_each_whisperer_is_told_once(party: Party, line: str, told: str) -> None:
    party.says("ann", line)
    party.sees("ann", f"* {AWAY}")
    party.sees("bob")
    party.says("bob", "/w ann hi", "/w ann ho")
    party.sees("bob", ARRIVED, told, ARRIVED)
    party.sees("ann", "bob whispers: hi", "bob whispers: ho")
    party.says("carl", "/w ann hi")
    party.sees("carl", "carl whispers: hi", told)


def test_back_ends_it(party: Party) -> None:
    party.says("ann", "/away", "/back")
    party.sees("ann", f"* {AWAY}", f"* {BACK}")
    party.says("bob", "/w ann hi")
    party.sees("bob", ARRIVED)
    party.says("ann", "/back")
    party.sees("ann", "bob whispers: hi", f"* {NOT_AWAY}")


def test_another_absence_is_told_again(party: Party) -> None:
    party.says("ann", "/away")
    party.says("bob", "/w ann hi")
    party.says("ann", "/away \x07asleep")
    party.says("bob", "/w ann ho")
    party.sees("bob", ARRIVED, "* ann is away", ARRIVED, "* ann is away: asleep")


def test_talking_to_everyone_tells_nothing_and_ends_nothing(party: Party) -> None:
    party.says("ann", "/away", "hello")
    party.says("bob", "hi ann")
    party.sees("bob", "ann: hello")
    party.says("bob", "/w ann hi")
    party.sees("bob", ARRIVED, "* ann is away")
