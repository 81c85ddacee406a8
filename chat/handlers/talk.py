"""The handlers for talking: to everyone, to one, and to the server itself."""

from __future__ import annotations

from typing import Any

from chat.effects import Broadcast, Effect, Outcome, Reaction, Unicast
from chat.handlers import moderation
from chat.proposals import Applied, Settle
from chat.resume import whisper_told
from chat.session import Phase, Session
from chat.state import CHATTING, GOODBYE, GREETED, Consequences, State, Table
from protocol import acts, commands, events, requests
from protocol.errors import ErrorCode, ProtocolError
from protocol.events import Noticed, refusal
from protocol.objects import FROM_SERVER, load


def say(state: State, session: Session, request: requests.Say) -> Reaction:
    """Say something to everyone."""
    if not request.text:
        return _nothing_to_say(state, session, request.cseq)
    return state.propose(session, request, request.cseq)


def said(state: State, author: Session | None, proposal: requests.Say, applied: Any) -> Reaction:
    """Something was said to everyone; who sees it while typing it is not told again."""
    return [Broadcast(applied.event, None if author is None or author.dialect.echoes else author)]


def _nothing_to_say(state: State, session: Session, cseq: int | None) -> Outcome:
    """A person who only pressed Enter is told nothing; a client that counts its lines gets its answer."""
    return Outcome() if cseq is None else state.refuse(session, ErrorCode.NOTHING_TO_SAY)


def act(state: State, session: Session, request: requests.Act) -> Reaction:
    """Tell everyone what the user does."""
    return say(state, session, requests.Say(acts.as_said(request.text), request.cseq))


def whisper(state: State, session: Session, request: requests.Whisper) -> Reaction:
    """Say something to one user."""
    return state.propose(session, request, request.cseq)


def whispered(state: State, author: Session | None, proposal: requests.Whisper, applied: Any) -> Reaction:
    """Something was said to one user: to a session of this server, by one, or both."""
    event, reader = applied.event, state.session_of(applied.member)
    effects: list[Effect] = [] if reader is None else [Unicast(reader, event)]
    if author is None:
        return effects
    if author is not reader:
        effects.append(Unicast(author, event if author.dialect.echoes else whisper_told(event)))
    if applied.notice:
        effects.append(Unicast(author, Noticed(applied.notice)))
    return effects


def settled(state: State, author: Session | None, proposal: Settle, applied: Applied) -> Reaction:
    """A line was answered that led to no more."""
    return [] if author is None else [Unicast(author, load(proposal.payload, FROM_SERVER))]


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


def help_(state: State, session: Session, request: requests.Help) -> Reaction:
    """Explain the commands."""
    try:
        rows = commands.explained_by(request.topic)
    except ProtocolError as error:
        return malformed(state, session, requests.Malformed(error, request.cseq))
    if not state.is_operator(session):
        rows = tuple(row for row in rows if not row.for_operators)
    if not rows:
        return moderation.operators_only(f"/help {request.topic}")
    return Outcome(events.HelpListed(tuple(row.described(with_example=len(rows) == 1) for row in rows)))


def disconnect(state: State, session: Session, request: requests.Disconnect) -> Outcome:
    """Say goodbye and close."""
    return Outcome(before=state.farewell(session, GOODBYE, "goodbye"))


def malformed(state: State, session: Session, request: requests.Malformed) -> Reaction:
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
CONSEQUENCES: Consequences = {requests.Say: said, requests.Whisper: whispered, Settle: settled}
