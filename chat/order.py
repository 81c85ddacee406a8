"""The order: what gives every proposal its place among the others.

    handler -- propose --> order --> Room.apply --> follow: the consequences, as effects

Alone, a proposal is applied at once, and `propose` returns its consequences. An order that `defers`, as that of a room
that several servers share, returns nothing: the consequences come when the log has the proposal, in a later turn. So
nobody may look at what came of a proposal but its consequence (chat.state). A proposal counts as that of the seat that
its author had when it was made, and several proposals of one request are made one after the other, without waiting.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from chat.effects import Effect
from chat.proposals import (
    Applied,
    DropAccount,
    Enter,
    Impose,
    Lift,
    Operators,
    Own,
    Proposal,
    Rename,
    SetAccount,
    Settle,
)
from chat.room import Room
from chat.session import Session
from protocol.requests import Request
from protocol.values import value

Follow = Callable[[Session | None, Proposal, int | None, Applied], list[Effect]]


class Order(Protocol):
    """Takes proposals. `defers`: it returns no consequences, but has `Hub.follow_late` called when these are due.

    `incarnation` tells this server from the others of the room, and from itself before and after; "" if it is alone.
    """

    defers: bool
    incarnation: str

    def propose(self, author: Session | None, proposal: Proposal, cseq: int | None, at: float, /) -> list[Effect]:
        """Have `author`, or the server itself, propose something at `at`, seconds since the epoch.

        `cseq`: the number of the line that it answers, if the author's client counts these.
        """

    def holds_back(self, session: Session, request: Request, /) -> bool:
        """Return whether `request`, which asks for what was, has to wait: `session` has proposed something that it
        expects to be in the answer. Then it joins the lane (chat.lane) when that has its place.
        """


class OrderAlone:
    """The order of one process: what is proposed is applied at once."""

    defers = False
    incarnation = ""

    def __init__(self, room: Room, follow: Follow) -> None:
        self._apply = room.apply
        self._follow = follow

    def propose(self, author: Session | None, proposal: Proposal, cseq: int | None, at: float) -> list[Effect]:
        """Apply a proposal; return what follows."""
        seat = 0 if author is None or author.member is None else author.member.seat  # `seat_of`, without another call
        return self._follow(author, proposal, cseq, self._apply(seat, proposal, at))

    def holds_back(self, session: Session, request: Request) -> bool:
        """Return False: nothing is under way."""
        return False


def seat_of(session: Session | None) -> int:
    """Return the seat that `session` proposes from; 0 without one."""
    return 0 if session is None or session.member is None else session.member.seat


# Until one of these has its place, its author waits: what the next request means may depend on it. What is said does
# not wait.
AWAITED = frozenset({Enter, Rename, Impose, Lift, Settle, Own, SetAccount, DropAccount, Operators})


@value
class Deferred:
    """A proposal of this server that is under way in an order that defers, with what its author's answer needs.

    `word` is what the server's log calls the request.
    """

    author: Session | None
    seat: int
    proposal: Proposal
    cseq: int | None
    word: str


def deferred(author: Session | None, proposal: Proposal, cseq: int | None) -> Deferred:
    """Return a proposal as an order that defers keeps it for `Hub.follow_late`; let its author wait, if it has to."""
    if author is not None and type(proposal) in AWAITED:
        author.waiting = True
    return Deferred(author, seat_of(author), proposal, cseq, "" if author is None else author.word)
