"""The handlers for names: a client's hello, taking a name, and taking another one."""

from __future__ import annotations

from chat import limits
from chat.effects import CheckPassword, Effect, Outcome, Unicast
from chat.handlers import accounts
from chat.resume import identity_of
from chat.session import Phase, Session
from chat.state import GREETED, NAMELESS, State, Table
from protocol import requests
from protocol.errors import ErrorCode
from protocol.events import Asked, refusal
from protocol.lines import LINE_LIMIT
from protocol.sanitize import clean
from protocol.text import clean_password

GREETING = "Welcome to this chat. Type the name you want, or /setname NAME, then Enter."


def hello(state: State, session: Session, request: requests.Hello) -> Outcome:
    """Take in a client, and the name that it asks for if it asks for one."""
    if request.version != requests.VERSION:
        event = refusal(ErrorCode.BAD_VERSION, ours=requests.VERSION, theirs=request.version)
        return Outcome(before=state.dismiss(session, event, "protocol error"))
    session.phase = Phase.NAMELESS
    session.liveness.deadline = state.now + limits.TEXT_REGISTRATION  # from here on a person may be typing
    session.claim.resume = request.resume
    before = _identify(state, session, request.client_id)
    ban = state.ban_on(session)
    if ban is not None:
        details = {"left": ban.left(state.at), "reason": ban.because}
        return state.decline(session, (ErrorCode.BANNED, {**details}))
    if request.name is None:
        return Outcome(before=[*before, Unicast(session, Asked("name", GREETING))])
    outcome = _take(state, session, request.name, request.password)
    return Outcome(outcome.answer, [*before, *outcome.before], outcome.after)


def _identify(state: State, session: Session, client_id: str) -> list[Effect]:
    """Note which client this is. If it is connected already, that connection is dead, though nobody knew it yet."""
    identity = session.claim.identity = identity_of(client_id)
    if not identity:
        return []
    dead = state.clients.get(identity)
    state.clients[identity] = session
    return [] if dead is None else state.dismiss(dead, refusal(ErrorCode.REPLACED), "reconnected")


def name(state: State, session: Session, request: requests.Name) -> Outcome:
    """Take a name, after a refusal."""
    return _take(state, session, request.name, request.password)


def nick(state: State, session: Session, request: requests.Nick) -> Outcome:
    """Take a name, or another one."""
    return _take(state, session, request.name, None, request.cseq)


def join(state: State, session: Session, request: requests.Join) -> Outcome:
    """Enter as a program: it is not asked for a password that it did not send, and gets no earlier messages."""
    return _take(state, session, request.name, request.password, request.cseq, is_person=False)


def _take(
    state: State, session: Session, wanted: str, password: str | None, cseq: int | None = None, is_person: bool = True
) -> Outcome:
    wanted = clean(wanted[:LINE_LIMIT])
    reason = state.why_not(session, wanted)
    if reason is not None:
        return state.decline(session, reason)
    if not accounts.needs_password(state, session, wanted, password):
        return state.give_name(session, wanted, cseq, greets=is_person)
    if password is not None:
        return accounts.check(state, CheckPassword(session, wanted, clean_password(password), False, cseq, is_person))
    return (
        accounts.ask_login(session, wanted, cseq)
        if is_person
        else state.refuse(session, ErrorCode.PASSWORD_NEEDED, name=wanted)
    )


HANDLERS: Table = {
    requests.Hello: ((Phase.NEW,), hello),
    requests.Name: (NAMELESS, name),
    requests.Join: (NAMELESS, join),
    requests.Nick: (GREETED, nick),
}
