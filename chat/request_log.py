"""The server's own log's lines about requests: who, what, and how it went (D15).

What the user did is told in the user's own words, `/private`, `JOIN` or a name (`Session.word`), and how it went is
what the user was told. A request whose answer takes long is logged when that is there. Nothing that people say is in a
line, no password, and nothing that might have been meant as one.
"""

from __future__ import annotations

from collections.abc import Sequence

from chat.effects import Broadcast, Effect, LogLine, Unicast
from chat.session import Session
from protocol import events, requests
from protocol.commands import FOR_OPERATORS
from protocol.errors import ErrorCode
from protocol.requests import Request

_MAY_QUOTE_A_SECRET = {
    ErrorCode.NAME_BAD.code,
    ErrorCode.UNKNOWN_COMMAND.code,
}  # of a line that was not meant for the room
_ROUTINE = (requests.Hello, requests.Pong, requests.Ping)  # what clients send without their users, and what scripts do
_UNSEEN = 0  # the number of a line that a client sends for itself


def status(session: Session, request: Request, cseq: int | None, effects: Sequence[Effect]) -> list[Effect]:
    """Return the log's line about `request`, which led to `effects`; none as long as its answer is awaited."""
    if session.waiting:
        return []
    outcome, refused = _outcome(session, effects)
    if type(request) in FOR_OPERATORS and not refused:  # an act, which has a line of its own
        return []
    is_routine = isinstance(request, _ROUTINE) or cseq == _UNSEEN
    return [LogLine(f"{session.label}: {session.word}: {outcome}", debug=is_routine and not refused)]


def late_status(session: Session, effects: Sequence[Effect], answer: str, word: str) -> list[Effect]:
    """Return the log's line about a request, called `word`, whose `answer` was awaited; its author may have left."""
    outcome = _outcome(session, effects)[0] if effects else f"{answer}, but the user has left"
    return [LogLine(f"{session.label}: {word}: {outcome}")]


def _outcome(session: Session, effects: Sequence[Effect]) -> tuple[str, bool]:
    """Return what the user was told, in a few words, and whether it was a refusal."""
    told = [effect.event for effect in effects if isinstance(effect, Unicast) and effect.session is session]
    for event in told:
        if isinstance(event, events.Refused):
            why = "" if event.code in _MAY_QUOTE_A_SECRET else f": {event.text}"
            return f"refused, {event.number} {event.code}{why}", True
    for event in told:
        if isinstance(event, events.Asked):
            return f"asked for a {event.what}", False
    for effect in effects:
        if isinstance(effect, Broadcast) and isinstance(effect.event, events.Renamed):
            return f"done, was {effect.event.old}", False
    return "done", False
