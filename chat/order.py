"""The order: what gives every proposal its place. A room that several servers share will have an order of its own."""

from __future__ import annotations

from typing import Protocol

from chat.proposals import Proposal
from chat.room import Applied, Room


class Order(Protocol):
    """Takes proposals."""

    def propose(self, seat: int, proposal: Proposal, at: float, /) -> Applied:
        """Have the member of `seat` propose something at `at`, seconds since the epoch; return what came of it."""


class OrderAlone:
    """The order of one process: what is proposed is applied at once."""

    def __init__(self, room: Room) -> None:
        self.propose = room.apply  # the method itself: a message said to a hundred readers pays for no call more
