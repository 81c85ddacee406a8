"""The handlers for talking: to everyone, to one, and to the server itself."""

from __future__ import annotations

from collections.abc import Sequence

from chat.effects import Broadcast, Effect, Outcome, Unicast
from chat.handlers import moderation
from chat.session import Phase, Session
from chat.state import CHATTING, GOODBYE, GREETED, State, Table
from protocol import acts, commands, events, requests
from protocol.errors import ErrorCode, ProtocolError
from protocol.events import Noticed, refusal


def say(state: State, session: Session, request: requests.Say) -> Outcome:
    """Say something to everyone."""
    if not request.text:
        return _nothing_to_say(state, session, request.cseq)
    applied = state.propose(session, request)
    event = applied.event
    if event is None:
        return state.refused(session, applied)
    return Outcome(None, [Broadcast(event, None if session.dialect.echoes else session)])


def _nothing_to_say(state: State, session: Session, cseq: int | None) -> Outcome:
    """A person who only pressed Enter is told nothing; a client that counts its lines gets its answer."""
    return Outcome() if cseq is None else state.refuse(session, ErrorCode.NOTHING_TO_SAY)


def act(state: State, session: Session, request: requests.Act) -> Outcome:
    """Tell everyone what the user does."""
    return say(state, session, requests.Say(acts.as_said(request.text), request.cseq))


def whisper(state: State, session: Session, request: requests.Whisper) -> Outcome:
    """Say something to one user."""
    applied = state.propose(session, request)
    event, other = applied.event, applied.member
    if event is None or other is None:
        error, details = applied.refused or (ErrorCode.NOT_CONNECTED, {"name": request.to})
        return state.refuse(session, error, **details)
    effects: list[Effect] = [Unicast(state.session_of(other), event)]
    if other is not session.member:  # a text user reads what was typed, and is told that it arrived (D14)
        effects.append(Unicast(session, event if session.dialect.echoes else Noticed(f"Whispered to {other.name}.")))
    if applied.notice:
        effects.append(Unicast(session, Noticed(applied.notice)))
    return Outcome(before=effects)


def list_users(state: State, session: Session, request: requests.ListUsers) -> Outcome:
    """Tell who is connected."""
    names = state.room.names()
    return Outcome(events.UsersListed(names, len(names)))


def ping(state: State, session: Session, request: requests.Ping) -> Outcome:
    """Answer a ping."""
    return Outcome(events.Ponged())


def pong(state: State, session: Session, request: requests.Pong) -> Outcome:
    """Take the answer to our ping: that it came is all."""
    return Outcome()


def help_(state: State, session: Session, request: requests.Help) -> Outcome:
    """Explain the commands."""
    is_operator = state.is_operator(session)
    rows: Sequence[commands.Command] = commands.SLASH_COMMANDS if is_operator else commands.PUBLIC_COMMANDS
    if request.topic is not None:
        try:
            rows = [commands.find(request.topic)]
        except ProtocolError as error:
            return malformed(state, session, requests.Malformed(error, request.cseq))
        if rows[0].for_operators and not is_operator:
            return moderation.operators_only(f"/{rows[0].name}")
    return Outcome(events.HelpListed(tuple(row.described() for row in rows)))


def disconnect(state: State, session: Session, request: requests.Disconnect) -> Outcome:
    """Say goodbye and close."""
    return Outcome(before=state.farewell(session, GOODBYE, "goodbye"))


def malformed(state: State, session: Session, request: requests.Malformed) -> Outcome:
    """Tell what could not be parsed; close after an error that leaves the stream without a meaning."""
    error = request.error
    if error.reserved_word and not state.is_operator(session):
        return moderation.operators_only(error.reserved_word)
    if error.fault is ErrorCode.NOT_CHAT:  # whatever that is, one line is enough for it
        return Outcome(before=state.farewell(session, str(error), "not a chat client"))
    if error.fatal or session.phase is Phase.NEW:
        event = refusal(error.fault, None, **error.details)
        return Outcome(before=state.dismiss(session, event, "protocol error"))
    return state.refuse(session, error.fault, **error.details)


HANDLERS: Table = {
    requests.Say: (CHATTING, say),
    requests.Act: (CHATTING, act),
    requests.Whisper: (CHATTING, whisper),
    requests.ListUsers: (CHATTING, list_users),
    requests.Ping: (CHATTING, ping),
    requests.Pong: (GREETED, pong),
    requests.Help: (CHATTING, help_),
    requests.Disconnect: (GREETED, disconnect),
    requests.Malformed: ((Phase.SECURING, Phase.NEW, *GREETED), malformed),
}
