"""The handlers for absences: a user who is away is still in the room, and each whisperer is told so once.

Once for each absence, so that a talk with somebody who answers all the same stays readable (chat.room).
"""

from __future__ import annotations

from chat.effects import Outcome
from chat.session import Session
from chat.state import CHATTING, State, Table
from protocol import requests
from protocol.events import Noticed
from protocol.text import excerpt

AWAY = "You are away: everybody who whispers to you is told so once. /back ends that."


def go_away(state: State, session: Session, request: requests.GoAway) -> Outcome:
    """Begin an absence, or one for another reason."""
    why = excerpt(request.why or "")  # short: a notice is one line, so that nothing of it begins one
    applied = state.propose(session, requests.GoAway(why, request.cseq))
    return state.refused(session, applied) if applied.refused else Outcome(Noticed(AWAY))


def come_back(state: State, session: Session, request: requests.ComeBack) -> Outcome:
    """End the absence."""
    return Outcome(Noticed(state.propose(session, request).notice))


HANDLERS: Table = {
    requests.GoAway: (CHATTING, go_away),
    requests.ComeBack: (CHATTING, come_back),
}
