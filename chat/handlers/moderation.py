"""The handlers for operators: kick, announce, and who is an operator; bans and mutes are in chat/handlers/bans.py.

Every request here is served for operators alone (`for_operators`): registered users who have given their password and
whose account has the role. The room checks the role again (chat.room), since another proposal may come first.

What an operator does is one line in the server's log: who, whom, why. The others who are operators are told as well.
"""

from __future__ import annotations

from typing import Any

from chat.effects import Broadcast, Effect, LogLine, Outcome, Reaction, StoreRole, TaskResult
from chat.proposals import Applied, Operators, Remove
from chat.replies import mark_of
from chat.session import Session
from chat.state import CHATTING, Consequences, Handler, State, Table
from protocol import acts, requests
from protocol.commands import BY_REQUEST
from protocol.errors import ErrorCode
from protocol.events import Noticed, Refused, refusal
from protocol.text import excerpt, key_of

REASON_LIMIT = 160  # characters: a reason is read in one line, at a list's and at a farewell's end
_INSTEAD = {requests.Mute: " /ignore NAME hides from you what NAME says."}


def operators_only(word: str, instead: str = "") -> Outcome:
    """Return the answer to anybody else who types the operators' command `word`."""
    return Outcome(refusal(ErrorCode.OPERATORS_ONLY, word=word, instead=instead))


def for_operators(handler: Handler) -> Handler:
    """Return `handler` for operators; anybody else is told that the command is theirs."""

    def checked(state: State, session: Session, request: Any) -> Reaction:
        if state.is_operator(session):
            return handler(state, session, request)
        return operators_only(f"/{BY_REQUEST[type(request)].name}", _INSTEAD.get(type(request), ""))

    return checked


# --- kick and announce -------------------------------------------------------------------------------------------


def kick(state: State, session: Session, request: requests.Kick) -> Reaction:
    """Close a user's connection; the client stays away."""
    reason = f"{acts.KICKED_BY}{session.name}" + (f": {cut(request.reason)}" if request.reason else "")
    return state.propose(
        session, Remove(request.name, reason, session.name, request.cseq, mark_of(request)), request.cseq
    )


def removed(state: State, author: Session | None, proposal: Remove, applied: Any) -> Reaction:
    """Somebody was taken out of the room."""
    by = f"{acts.KICKED_BY}{proposal.by}"
    other = state.session_of(applied.member)
    whom = applied.member.name if other is None else other.label
    effects = state.take_out(applied.member, farewell_of(proposal.reason), applied.event, by)
    line = LogLine(f"{label(author, proposal.by)} kicked {whom}{proposal.reason.removeprefix(by)}")
    return Outcome(Noticed(applied.notice), [*effects, line])


def farewell_of(reason: str) -> Refused:
    """Return what a user is told who was kicked for `reason`, as the others read it."""
    by, colon, why = reason.removeprefix(acts.KICKED_BY).partition(": ")
    return refusal(ErrorCode.KICKED, name=by, reason=colon + why)


def announce(state: State, session: Session, request: requests.Announce) -> Reaction:
    """Say something to everyone that stands out."""
    return state.propose(session, request, request.cseq)


def announced(state: State, author: Session | None, proposal: requests.Announce, applied: Any) -> Reaction:
    """Something was announced."""
    line = LogLine(f"{label(author, applied.event.name)} announced: {proposal.text}")
    return [Broadcast(applied.event), line]


# --- roles -------------------------------------------------------------------------------------------------------


def promote(state: State, session: Session, request: requests.Promote) -> Reaction:
    """Make a registered user an operator."""
    key = key_of(request.name)
    if key not in state.room.registered:
        return state.refuse(session, ErrorCode.NO_ACCOUNT, name=excerpt(request.name))
    if key in state.room.operators:
        return Outcome(Noticed(f"{request.name} is an operator already."))
    return _change_role(state, StoreRole(session, request.name, True, request.cseq))


def demote(state: State, session: Session, request: requests.Demote) -> Reaction:
    """Take the role from an operator, but not from the only one."""
    key, operators = key_of(request.name), state.room.operators
    if key not in operators:
        return state.refuse(session, ErrorCode.NO_OPERATOR, name=excerpt(request.name))
    if len(operators) == 1:
        return state.refuse(session, ErrorCode.LAST_OPERATOR, name=excerpt(request.name))
    return _change_role(state, StoreRole(session, request.name, False, request.cseq))


def _change_role(state: State, task: StoreRole) -> Reaction:
    """Have the file of accounts say who is an operator; or the room, if it keeps the accounts."""
    session, key = task.session, key_of(task.name)
    if not state.settings.is_shared:
        session.waiting = True
        return [task]
    one, none = frozenset({key}), frozenset[str]()
    changed = (one, none) if task.is_operator else (none, one)
    return state.propose(session, Operators(*changed, session.name, _role_did(task), _role_notice(task)), task.cseq)


def role_stored(state: State, task: StoreRole, result: TaskResult) -> Outcome:
    """Return what follows from the result of `promote` or `demote`; the user whose role it is has been told."""
    if result is not TaskResult.YES:
        return state.refuse(task.session, ErrorCode.ROLES_CHANGED)
    return Outcome(Noticed(_role_notice(task)), _role_act(state, task))


def _role_notice(task: StoreRole) -> str:
    return f"{task.name} is an operator {'now' if task.is_operator else 'no more'}."


def _role_did(task: StoreRole) -> str:
    return f"made {task.name} an operator" if task.is_operator else f"took the role of an operator from {task.name}"


def role_stored_unseen(state: State, task: StoreRole, result: TaskResult) -> Outcome:
    """Return the same where the author has left: nobody gives a role unseen by leaving at once (M7)."""
    return Outcome(before=_role_act(state, task)) if result is TaskResult.YES else Outcome()


def _role_act(state: State, task: StoreRole) -> list[Effect]:
    return acted(state, task.session, task.session.name, _role_did(task))


# --- what they share ---------------------------------------------------------------------------------------------


def acted(state: State, author: Session | None, by: str, did: str) -> list[Effect]:
    """Return the log's line about what the operator `by` did, and the notices to the other operators here."""
    return [*state.tell_operators(f"{by} {did}.", author), LogLine(f"{label(author, by)} {did}")]


def label(author: Session | None, name: str) -> str:
    """Return what the log calls an operator: one of another server by the `name` alone."""
    return name if author is None else author.label


def cut(reason: str) -> str:
    """Return a reason as long as it may be."""
    return reason if len(reason) <= REASON_LIMIT else f"{reason[: REASON_LIMIT - 3]}..."


def roles_told(state: State, author: Session | None, proposal: Operators, applied: Applied) -> Reaction:
    """Some have become operators, or are none any more."""
    effects = [effect for session in state.sessions.values() for effect in state.role_told(session)]
    if not proposal.did:
        return effects
    return Outcome(Noticed(applied.notice), effects + acted(state, author, proposal.by, proposal.did))


_COMMANDS: dict[type, Handler] = {
    requests.Kick: kick,
    requests.Announce: announce,
    requests.Promote: promote,
    requests.Demote: demote,
}
HANDLERS: Table = {request: (CHATTING, for_operators(handler)) for request, handler in _COMMANDS.items()}
CONSEQUENCES: Consequences = {Remove: removed, requests.Announce: announced, Operators: roles_told}
