"""The handlers for absences: a user who is away is still in the room, and each whisperer is told so once.

Once for each absence, so that a talk with somebody who answers all the same stays readable (chat.room).
"""

from __future__ import annotations

from chat.effects import Outcome, Reaction
from chat.proposals import Applied
from chat.session import Session
from chat.state import CHATTING, Consequences, State, Table
from protocol import requests
from protocol.events import Noticed
from protocol.text import excerpt

AWAY = "You are away: everybody who whispers to you is told so once. /back ends that."


def go_away(state: State, session: Session, request: requests.GoAway) -> Reaction:
    """Begin an absence, or one for another reason."""
    why = excerpt(request.why or "")  # short: a notice is one line, so that nothing of it begins one
    return state.propose(session, requests.GoAway(why, request.cseq), request.cseq)


def come_back(state: State, session: Session, request: requests.ComeBack) -> Reaction:
    """End the absence."""
    return state.propose(session, request, request.cseq)


def gone_away(state: State, author: Session | None, proposal: requests.GoAway, applied: Applied) -> Reaction:
    """An absence has begun."""
    return Outcome(Noticed(AWAY))


def returned(state: State, author: Session | None, proposal: requests.ComeBack, applied: Applied) -> Reaction:
    """An absence is over, or there was none."""
    return Outcome(Noticed(applied.notice))


HANDLERS: Table = {
    requests.GoAway: (CHATTING, go_away),
    requests.ComeBack: (CHATTING, come_back),
}
CONSEQUENCES: Consequences = {requests.GoAway: gone_away, requests.ComeBack: returned}
