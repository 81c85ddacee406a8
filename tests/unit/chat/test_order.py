"""chat/order.py: what an order decides otherwise than the hub expected, as a shared one may, is told to the author."""

from __future__ import annotations

import pytest

from chat.effects import Effect
from chat.order import OrderAlone
from chat.proposals import Enter, Leave, Proposal, Rename
from chat.session import Session
from chat.state import ASK_AGAIN
from protocol.text import skeleton
from tests.support.party import Party


class Overtaken(OrderAlone):
    """An order in which other proposals came first."""

    def __init__(self, party: Party, *before: tuple[int, Proposal]) -> None:
        super().__init__(party.hub.room, party.hub.follow)
        self._room = party.hub.room
        self._before = before

    def propose(self, author: Session | None, proposal: Proposal, cseq: int | None, at: float) -> list[Effect]:
        """Apply those that came first, then this one."""
        for seat, earlier in self._before:
            self._room.apply(seat, earlier, at)
        return super().propose(author, proposal, cseq, at)


@pytest.mark.parametrize(("name", "why"), [("bob", "bob"), ("b0b", "bob")])
def test_a_name_that_was_taken_first_is_refused(name: str, why: str) -> None:
    party = Party()
    party.connects("eve")
    party.hub.state.order = Overtaken(party, (0, Enter(why, skeleton(why))))
    party.says("eve", name)
    told = party.told("eve")
    assert told[0].startswith("! ")
    assert why in told[0]
    assert told[1:] == [ASK_AGAIN]
    assert party.room() == ("bob",)


def test_so_is_another_name() -> None:
    party = Party()
    party.joins("ann", "bob")
    bob = party.guests["bob"].session.member
    assert bob is not None
    party.hub.state.order = Overtaken(party, (bob.seat, Rename("carl", skeleton("carl"))))
    party.says("ann", "/nick carl")
    assert party.told("ann")[0].startswith("! ")
    assert party.room() == ("ann", "carl")


def test_a_line_of_a_seat_that_was_given_up_first_is_not_said() -> None:
    party = Party()
    party.joins("ann", "bob")
    ann = party.guests["ann"].session.member
    assert ann is not None
    party.hub.state.order = Overtaken(party, (ann.seat, Leave("elsewhere")))
    party.says("ann", "hi")
    party.sees_nothing("ann", "bob")
    assert party.room() == ("bob",)
