"""The handlers for operators: kick, ban, mute, lockdown, announce, and who is an operator.

Every request here is served for operators alone (`_for_operators`): registered users who have given their password and
whose account has the role. The room checks the role again (chat.room), since another proposal may come first.

What an operator does is one line in the server's log: who, whom, why. The others who are operators are told as well.

A ban, a mute and a lockdown hold at once. Their author waits for the answer until they are on the disk, since nothing
that was answered may be lost: `_when_written` makes that answer, and `Hub.written` gives it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chat.durations import in_words, is_duration, parse_duration
from chat.effects import (
    Acknowledgement,
    Broadcast,
    DropSanction,
    Effect,
    KeepSanction,
    LogLine,
    Outcome,
    StoreRole,
    TaskResult,
    Unicast,
)
from chat.networks import LOOPBACK_NETWORKS, is_loopback, is_within
from chat.proposals import Impose, Lift, Remove
from chat.room import Member
from chat.sanctions import EVERYBODY, Act, Sanction, is_network, network_in, subject_of
from chat.session import Session
from chat.state import CHATTING, Handler, State, Table
from protocol import acts, requests
from protocol.commands import BY_REQUEST
from protocol.errors import ErrorCode
from protocol.events import Noticed, refusal
from protocol.text import excerpt, is_name, key_of

REASON_LIMIT = 160  # characters: a reason is read in one line, at a list's and at a farewell's end
MUTE_SECONDS = 600  # where no duration is given
LISTED = 100  # bans and mutes in one answer
WIDEST = {4: 8, 6: 20}  # the shortest prefix of a network, by version: a wider one would meet nearly everybody
_INSTEAD = {requests.Mute: " /ignore NAME hides from you what NAME says."}


def operators_only(word: str, instead: str = "") -> Outcome:
    """Return the answer to anybody else who types the operators' command `word`."""
    return Outcome(refusal(ErrorCode.OPERATORS_ONLY, word=word, instead=instead))


def _for_operators(handler: Handler) -> Handler:
    """Return `handler` for operators; anybody else is told that the command is theirs."""

    def checked(state: State, session: Session, request: Any) -> Outcome:
        if state.is_operator(session):
            return handler(state, session, request)
        return operators_only(f"/{BY_REQUEST[type(request)].name}", _INSTEAD.get(type(request), ""))

    return checked


# --- kick and announce -------------------------------------------------------------------------------------------


def kick(state: State, session: Session, request: requests.Kick) -> Outcome:
    """Close a user's connection; the client stays away."""
    reason = _bounded(request.reason)
    applied = state.propose(session, Remove(request.name, f"{acts.KICKED_BY}{session.name}{reason}"))
    if applied.event is None or applied.member is None:
        return state.refused(session, applied)
    other = state.session_of(applied.member)
    farewell = refusal(ErrorCode.KICKED, name=session.name, reason=reason)
    act = f"{session.label} kicked {other.label}{reason}"
    effects = state.dismiss_removed(applied.member, farewell, applied.event, f"{acts.KICKED_BY}{session.name}")
    return Outcome(Noticed(f"{other.name} is out."), [*effects, LogLine(act)])


def announce(state: State, session: Session, request: requests.Announce) -> Outcome:
    """Say something to everyone that stands out."""
    applied = state.propose(session, request)
    if applied.event is None:
        return state.refused(session, applied)
    return Outcome(before=[Broadcast(applied.event), LogLine(f"{session.label} announced: {request.text}")])


# --- mutes and bans ----------------------------------------------------------------------------------------------


def mute(state: State, session: Session, request: requests.Mute) -> Outcome:
    """Let only operators read a user, for some time."""
    if not is_name(request.name):
        return state.refuse(session, ErrorCode.NOT_CONNECTED, name=excerpt(request.name))
    try:
        seconds, reason = _terms(request.duration, request.reason, MUTE_SECONDS)
    except ValueError as error:
        return state.refuse(session, ErrorCode.USAGE, why=str(error), usage=BY_REQUEST[requests.Mute].usage)
    member = state.room.find(request.name)
    sanction = Sanction(Act.MUTE, _subjects(request.name, member), _end(state, seconds), session.name, reason)
    applied = state.propose(session, Impose(sanction))
    if applied.refused:
        return state.decline(session, applied.refused)
    what = f"{_for(seconds)}{sanction.because}"
    told = refusal(ErrorCode.MUTED, left=_for(seconds), reason=sanction.because)
    effects: list[Effect] = [] if member is None else [Unicast(state.session_of(member), Noticed(told.text))]
    effects += _act(state, session, f"muted {_name(request.name, member)} {what}")
    answer = _when_written(session, request, f"{_name(request.name, member)} is muted {what}.")
    return Outcome(before=[*effects, KeepSanction(sanction, state.at, answer)])


def unmute(state: State, session: Session, request: requests.Unmute) -> Outcome:
    """Let everybody read a user again."""
    subject = key_of(request.name)
    applied = state.propose(session, Lift(Act.MUTE, subject))
    if applied.refused:
        return state.decline(session, applied.refused)
    member = state.room.find(request.name)
    told: list[Effect] = []
    if member is not None:
        told.append(Unicast(state.session_of(member), Noticed("You are muted no more.")))
    answer = _when_written(session, request, f"{excerpt(request.name)} is muted no more.")
    act = _act(state, session, f"unmuted {excerpt(request.name)}")
    return Outcome(before=[*told, DropSanction(Act.MUTE, subject, state.at, answer), *act])


def ban(state: State, session: Session, request: requests.Ban) -> Outcome:
    """Keep a name, its account and its client out, or a network; close the connections of those that it meets."""
    try:
        seconds, reason = _terms(request.duration, request.reason, None)
    except ValueError as error:
        return state.refuse(session, ErrorCode.USAGE, why=str(error), usage=BY_REQUEST[requests.Ban].usage)
    member = state.room.find(request.subject)
    try:
        subjects = _subjects(request.subject, member) if member else (_outside(state, request.subject),)
    except ValueError as error:
        return state.refuse(session, ErrorCode.CANNOT_BAN, what=excerpt(request.subject), why=str(error))
    sanction = Sanction(Act.BAN, subjects, _end(state, seconds), session.name, reason)
    applied = state.propose(session, Impose(sanction))
    if applied.refused:
        return state.decline(session, applied.refused)
    name, what = _name(subjects[0], member), f"{_for(seconds)}{sanction.because}"
    host = "" if member is None else state.session_of(member).host
    where = f" The address was {host}: /ban {host} keeps that out." if host and not is_loopback(host) else ""
    answer = _when_written(session, request, f"{name} is banned {what}.{where}")
    effects = [*state.close_banned(session.name), *_act(state, session, f"banned {name} {what}")]
    return Outcome(before=[*effects, KeepSanction(sanction, state.at, answer)])


def unban(state: State, session: Session, request: requests.Unban) -> Outcome:
    """Let somebody in again."""
    try:
        subject = subject_of(request.subject)
    except ValueError:
        subject = ""
    applied = state.propose(session, Lift(Act.BAN, subject))
    if applied.refused:
        return state.refuse(session, ErrorCode.NOT_BANNED, name=excerpt(request.subject))
    answer = _when_written(session, request, f"{subject} is banned no more.")
    return Outcome(
        before=[DropSanction(Act.BAN, subject, state.at, answer), *_act(state, session, f"unbanned {subject}")]
    )


def list_bans(state: State, session: Session, request: requests.ListBans) -> Outcome:
    """List the bans and mutes that hold, those that were imposed last at the end."""
    wanted = (request.words or "").casefold()
    holding = [one for one in state.room.sanctions if one.holds(state.at)]
    found = [one for one in holding if wanted in _listed(one, state.at).casefold()] if wanted else holding
    shown: list[Effect] = [Unicast(session, Noticed(_listed(one, state.at))) for one in found[-LISTED:]]
    older = f" {len(found) - LISTED} older ones are not shown; /bans TEXT finds them." if len(found) > LISTED else ""
    return Outcome(Noticed(f"Bans and mutes: {len(found)}.{older}"), shown)


def lockdown(state: State, session: Session, request: requests.Lockdown) -> Outcome:
    """Let only registered users come in and speak, until that is ended."""
    if request.state.lower() not in ("on", "off"):
        usage = BY_REQUEST[requests.Lockdown].usage
        return state.refuse(session, ErrorCode.USAGE, why="STATE is on or off", usage=usage)
    is_on = request.state.lower() == "on"
    sanction = Sanction(Act.LOCKDOWN, (EVERYBODY,), None, session.name)
    applied = state.propose(session, Impose(sanction) if is_on else Lift(Act.LOCKDOWN, EVERYBODY))
    if applied.refused:
        return state.decline(session, applied.refused)
    text = "Only registered names may come in or speak now." if is_on else "Everybody may come in and speak again."
    strangers = [other for other in state.sessions.values() if not other.account]
    effects: list[Effect] = [Unicast(other, Noticed(text)) for other in strangers]
    effects += _act(state, session, f"{'began' if is_on else 'ended'} the lockdown")
    answer = _when_written(session, request, text)
    task = (
        KeepSanction(sanction, state.at, answer) if is_on else DropSanction(Act.LOCKDOWN, EVERYBODY, state.at, answer)
    )
    return Outcome(before=[*effects, task])


def _subjects(name: str, member: Member | None) -> tuple[str, ...]:
    return (key_of(name),) if member is None else member.subjects


def _name(subject: str, member: Member | None) -> str:
    return subject if member is None else member.name


def _outside(state: State, text: str) -> str:
    """Return the subject that `text` names, who is not here. Raises ValueError for what must not be banned."""
    subject = subject_of(text)
    if subject == EVERYBODY:
        raise ValueError("/lockdown on keeps out all whose names are not registered")
    if not is_network(subject):
        return subject
    network = network_in(text)
    if any(network.overlaps(own) for own in LOOPBACK_NETWORKS if own.version == network.version):
        raise ValueError("the server's own machine is in it")
    if network.prefixlen < WIDEST[network.version]:
        raise ValueError(f"it is too wide; /{WIDEST[network.version]} is the widest")
    for member in state.room:
        if state.room.is_operator(member) and is_within(state.session_of(member).host, network):
            raise ValueError(f"{member.name}, who is an operator, is in it")
    return subject


def _when_written(session: Session, request: requests.LineRequest, text: str) -> Acknowledgement:
    """Let `session` wait; return what it is told when what it did is on the disk."""
    session.waiting = True
    return Acknowledgement(session, request, Noticed(text))


def _listed(sanction: Sanction, at: float) -> str:
    subject, *others = sanction.subjects
    also = f" and {', '.join(others)}" if others else ""
    by = f", by {sanction.by}" if sanction.by else ""
    return f"{subject}{also}: {sanction.act.value} {sanction.left(at)}{by}{sanction.because}"


# --- roles -------------------------------------------------------------------------------------------------------


def promote(state: State, session: Session, request: requests.Promote) -> Outcome:
    """Make a registered user an operator."""
    key = key_of(request.name)
    if key not in state.room.registered:
        return state.refuse(session, ErrorCode.NO_ACCOUNT, name=excerpt(request.name))
    if key in state.room.operators:
        return Outcome(Noticed(f"{request.name} is an operator already."))
    return _store_role(session, StoreRole(session, request.name, True, request.cseq))


def demote(state: State, session: Session, request: requests.Demote) -> Outcome:
    """Take the role from an operator, but not from the only one."""
    key, operators = key_of(request.name), state.room.operators
    if key not in operators:
        return state.refuse(session, ErrorCode.NO_OPERATOR, name=excerpt(request.name))
    if len(operators) == 1:
        return state.refuse(session, ErrorCode.LAST_OPERATOR, name=excerpt(request.name))
    return _store_role(session, StoreRole(session, request.name, False, request.cseq))


def _store_role(session: Session, task: StoreRole) -> Outcome:
    session.waiting = True
    return Outcome(before=[task])


def role_stored(state: State, task: StoreRole, result: TaskResult) -> Outcome:
    """Return what follows from the result of `promote` or `demote`; the user whose role it is has been told."""
    if result is not TaskResult.YES:
        return state.refuse(task.session, ErrorCode.ROLES_CHANGED)
    is_what = "is an operator now" if task.is_operator else "is an operator no more"
    return Outcome(Noticed(f"{task.name} {is_what}."), _role_act(state, task))


def role_stored_unseen(state: State, task: StoreRole, result: TaskResult) -> Outcome:
    """Return the same where the author has left: nobody gives a role unseen by leaving at once (M7)."""
    return Outcome(before=_role_act(state, task)) if result is TaskResult.YES else Outcome()


def _role_act(state: State, task: StoreRole) -> list[Effect]:
    act = f"made {task.name} an operator" if task.is_operator else f"took the role of an operator from {task.name}"
    return _act(state, task.session, act)


# --- what they share ---------------------------------------------------------------------------------------------


def _act(state: State, session: Session, act: str) -> list[Effect]:
    """Return the log's line about what an operator did, and the notices to the other operators."""
    return [*state.tell_operators(f"{session.name} {act}.", session), LogLine(f"{session.label} {act}")]


def _terms(duration: str | None, reason: str | None, default: int | None) -> tuple[int | None, str]:
    """Return the seconds and the reason that were typed; where no duration is given, its place is the reason's.

    Raises ValueError for a duration that is none.
    """
    if duration is None:
        return default, ""
    if is_duration(duration):
        return parse_duration(duration), _cut(reason or "")
    return default, _cut(f"{duration} {reason}" if reason else duration)


def _end(state: State, seconds: int | None) -> float | None:
    """Return when what begins now ends, in whole seconds, as it is written to the disk."""
    return None if seconds is None else int(state.at) + seconds


def _for(seconds: int | None) -> str:
    return "for good" if seconds is None else f"for {in_words(seconds)}"


def _bounded(reason: str | None) -> str:
    """Return a reason for a sentence's end: `: spam`; "" for none."""
    return f": {_cut(reason)}" if reason else ""


def _cut(reason: str) -> str:
    return reason if len(reason) <= REASON_LIMIT else f"{reason[: REASON_LIMIT - 3]}..."


_COMMANDS: dict[type, Callable[[State, Session, Any], Outcome]] = {
    requests.Kick: kick,
    requests.Announce: announce,
    requests.Ban: ban,
    requests.Unban: unban,
    requests.ListBans: list_bans,
    requests.Lockdown: lockdown,
    requests.Mute: mute,
    requests.Unmute: unmute,
    requests.Promote: promote,
    requests.Demote: demote,
}
HANDLERS: Table = {request: (CHATTING, _for_operators(handler)) for request, handler in _COMMANDS.items()}
