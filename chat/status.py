"""The server's own log's lines about requests: who, what, and how it went (D15); never what people say."""

from __future__ import annotations

from collections.abc import Sequence

from chat.effects import Effect, ToOne
from chat.session import Session
from protocol import commands, messages
from protocol.errors import Fault
from protocol.messages import Request

_MAY_QUOTE_A_SECRET = {Fault.NAME_BAD.code, Fault.UNKNOWN_COMMAND.code}  # of a line that was not meant for the room


def what(request: Request) -> str:
    """Return what the log calls a request."""
    row = commands.BY_REQUEST.get(type(request))
    return f"/{row.name}" if row is not None else type(request).__name__


def result(session: Session, what: str, effects: Sequence[Effect]) -> str:
    """Return the log's line about a request: who, what, and how it went (D15)."""
    told = [effect.event for effect in effects if isinstance(effect, ToOne) and effect.session is session]
    refused = next((event for event in told if isinstance(event, messages.Refused)), None)
    if refused is None:
        return f"{session.label}: {what}: done"
    why = "" if refused.code in _MAY_QUOTE_A_SECRET else f": {refused.text}"
    return f"{session.label}: {what}: refused, {refused.number} {refused.code}{why}"
