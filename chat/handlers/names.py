"""The handlers for names: a client's hello, taking a name, and taking another one."""

from __future__ import annotations

from chat import limits
from chat.effects import CheckPassword, Effect, Reaction, Unicast, told
from chat.handlers import accounts, bans, presence
from chat.members import is_later
from chat.names import why_not
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


def hello(state: State, session: Session, request: requests.Hello) -> Reaction:
    """Take in a client, and the name that it asks for if it asks for one."""
    if request.version != requests.VERSION:
        event = refusal(ErrorCode.BAD_VERSION, ours=requests.VERSION, theirs=request.version)
        return state.dismiss(session, event, "protocol error")
    session.phase = Phase.NAMELESS
    session.liveness.deadline = state.now + limits.TEXT_REGISTRATION  # from here on a person may be typing
    session.claim.resume = request.resume
    before = _identify(state, session, request)
    if session.closing:
        return before
    ban = bans.ban_on(state, session)
    if ban is not None:
        details: dict[str, object] = {"left": ban.left(state.at), "reason": ban.because}
        return before + told(session, state.decline(session, (ErrorCode.BANNED, details)), None)
    if request.name is None:
        return [*before, Unicast(session, Asked("name", GREETING))]
    return before + told(session, _take(state, session, request.name, request.password), None)


def _identify(state: State, session: Session, request: requests.Hello) -> list[Effect]:
    """Note which client this is. If it is connected already, that connection is dead, though nobody knew it yet; unless
    this hello was held up on its way, and is the dead one's."""
    claim = session.claim
    identity, claim.attempt = identity_of(request.client_id), request.attempt
    if not identity:
        return []
    other = state.clients.get(identity)
    if other is not None and not is_later(claim.attempt, other.claim.attempt):
        return state.dismiss(session, refusal(ErrorCode.REPLACED), "reconnected")
    claim.identity, state.clients[identity] = identity, session
    return [] if other is None else state.dismiss(other, refusal(ErrorCode.REPLACED), "reconnected")


def name(state: State, session: Session, request: requests.Name) -> Reaction:
    """Take a name, after a refusal."""
    return _take(state, session, request.name, request.password)


def nick(state: State, session: Session, request: requests.Nick) -> Reaction:
    """Take a name, or another one; but not behind a line that the client will send again: that comes first."""
    if session.claim.skips_lines and not session.named:
        return state.ask_name(session)
    return _take(state, session, request.name, None, request.cseq)


def join(state: State, session: Session, request: requests.Join) -> Reaction:
    """Enter as a program: it is not asked for a password that it did not send, and gets no earlier messages."""
    return _take(state, session, request.name, request.password, request.cseq, is_person=False)


def _take(
    state: State, session: Session, wanted: str, password: str | None, cseq: int | None = None, is_person: bool = True
) -> Reaction:
    wanted, session.claim.greets = clean(wanted[:LINE_LIMIT]), is_person
    reason = why_not(state, session, wanted)
    if reason is not None:
        return state.decline(session, reason)
    if not accounts.needs_password(state, session, wanted, password):
        return presence.give_name(state, session, wanted, cseq)
    if password is not None:
        return accounts.check(state, CheckPassword(session, wanted, clean_password(password), False, cseq))
    if is_person:
        return accounts.ask_login(session, wanted, cseq)
    return state.refuse(session, ErrorCode.PASSWORD_NEEDED, name=wanted)


HANDLERS: Table = {
    requests.Hello: ((Phase.NEW,), hello),
    requests.Name: (NAMELESS, name),
    requests.Join: (NAMELESS, join),
    requests.Nick: (GREETED, nick),
}
