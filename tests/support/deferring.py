"""An order that defers, in memory: what is proposed has its place when a test reads it back."""

from __future__ import annotations

from chat.effects import Effect
from chat.hub import Hub
from chat.order import Deferred, deferred
from chat.proposals import Accounts, Impose, Lift, Operators, Proposal
from chat.session import Session
from protocol.requests import Request


class Deferring:
    """The order of `hub` from now on: its proposals are kept until they are read back, in their order.

    What another server of the room proposes in between is applied by `elsewhere`.
    """

    defers = True
    incarnation = "0123456789abcdef"

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._at = 0.0
        self.under_way: list[Deferred] = []
        self._held_back: dict[Session, Request] = {}
        hub.state.order = self

    def propose(self, author: Session | None, proposal: Proposal, cseq: int | None, at: float) -> list[Effect]:
        """Keep a proposal; apply what comes from this server's own files at once: a shared room has none of these."""
        self._at = at
        is_of_a_file = isinstance(proposal, Accounts | Operators | Impose | Lift) and not getattr(proposal, "did", "")
        if author is None and is_of_a_file:
            return self.elsewhere(0, proposal, at)
        self.under_way.append(deferred(author, proposal, cseq))
        return []

    def holds_back(self, session: Session, request: Request) -> bool:
        """Let what `session` asks for wait while something of its is under way."""
        if session not in [due.author for due in self.under_way]:
            return False
        session.waiting = True
        self._held_back[session] = request
        return True

    def read_back(self, count: int | None = None) -> list[Effect]:
        """Give the first `count` of what is under way its place, all by default; return what follows.

        What is proposed meanwhile is under way then.
        """
        effects: list[Effect] = []
        for _ in range(len(self.under_way) if count is None else count):
            due = self.under_way.pop(0)
            effects += self._hub.follow_late(due, self._hub.room.apply(due.seat, due.proposal, self._at))
        authors = [due.author for due in self.under_way]
        for session in [session for session in self._held_back if session not in authors]:
            self._hub.state.lane.join(session, self._held_back.pop(session))
        return effects

    def elsewhere(self, seat: int, proposal: Proposal, at: float) -> list[Effect]:
        """Apply what another server has proposed; return what follows here."""
        return self._hub.follow(None, proposal, None, self._hub.room.apply(seat, proposal, at))
