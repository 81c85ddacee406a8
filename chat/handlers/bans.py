"""The handlers for bans, mutes and the lockdown, which are operators' as those in chat/handlers/moderation.py.

A sanction holds once the room has it, and every server of the room acts on it for its own sessions: a banned user's
connection is closed where it is. The author waits for the answer until the sanction is on the disk, since nothing that
was answered may be lost: the consequence makes that answer (`_when_written`), and `Hub.written` gives it. A room that
several servers share needs no disk, as its log has the sanction.
"""

from __future__ import annotations

from collections.abc import Iterable

from chat.durations import in_words, is_duration, parse_duration
from chat.effects import (
    Acknowledgement,
    DropSanction,
    Effect,
    KeepSanction,
    LogLine,
    Outcome,
    Reaction,
    SanctionTask,
    Unicast,
)
from chat.handlers.moderation import acted, cut, for_operators
from chat.members import Member
from chat.networks import LOOPBACK_NETWORKS, is_loopback, is_within
from chat.proposals import Applied, Impose, Lift
from chat.replies import mark_of
from chat.sanctions import EVERYBODY, SERVER, Act, Sanction, client_subject, is_network, network_in, subject_of
from chat.session import Session
from chat.state import CHATTING, Consequences, Handler, State, Table
from protocol import acts, requests
from protocol.commands import BY_REQUEST
from protocol.errors import ErrorCode
from protocol.events import Noticed, refusal
from protocol.requests import LineRequest
from protocol.text import excerpt, is_name, key_of

MUTE_SECONDS = 600  # where no duration is given
LISTED = 100  # bans and mutes in one answer
WIDEST = {4: 8, 6: 20}  # the shortest prefix of a network, by version: a wider one would meet nearly everybody


# --- commands ----------------------------------------------------------------------------------------------------


def mute(state: State, session: Session, request: requests.Mute) -> Reaction:
    """Let only operators read a user, for some time."""
    if not is_name(request.name):
        return state.refuse(session, ErrorCode.NOT_CONNECTED, name=excerpt(request.name))
    try:
        seconds, reason = _terms(request.duration, request.reason, MUTE_SECONDS)
    except ValueError as error:
        return state.refuse(session, ErrorCode.USAGE, why=str(error), usage=BY_REQUEST[requests.Mute].usage)
    member = state.room.find(request.name)
    sanction = Sanction(Act.MUTE, _subjects(request.name, member), _end(state, seconds), session.name, reason)
    name, what = _name(request.name, member), f"{_for(seconds)}{sanction.because}"
    proposal = Impose(sanction, f"muted {name} {what}", f"{name} is muted {what}.", *_line(state, request))
    return state.propose(session, proposal, request.cseq)


def unmute(state: State, session: Session, request: requests.Unmute) -> Reaction:
    """Let everybody read a user again."""
    subject, name = key_of(request.name), excerpt(request.name)
    notice = f"{name} is muted no more."
    proposal = Lift(Act.MUTE, subject, session.name, f"unmuted {name}", notice, *_line(state, request))
    return state.propose(session, proposal, request.cseq)


def ban(state: State, session: Session, request: requests.Ban) -> Reaction:
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
    name, what = _name(subjects[0], member), f"{_for(seconds)}{sanction.because}"
    notice = f"{name} is banned {what}.{_where(state, member)}"
    proposal = Impose(sanction, f"banned {name} {what}", notice, *_line(state, request))
    return state.propose(session, proposal, request.cseq)


def _where(state: State, member: Member | None) -> str:
    """Return a sentence about the address of somebody who is banned, if that is known here."""
    other = None if member is None else state.session_of(member)
    host = "" if other is None else other.host
    return f" The address was {host}: /ban {host} keeps that out." if host and not is_loopback(host) else ""


def unban(state: State, session: Session, request: requests.Unban) -> Reaction:
    """Let somebody in again."""
    try:
        subject = subject_of(request.subject)
    except ValueError:
        subject = ""
    if state.room.sanctions.find(Act.BAN, (subject,), state.at) is None:
        return state.refuse(session, ErrorCode.NOT_BANNED, name=excerpt(request.subject))
    notice = f"{subject} is banned no more."
    proposal = Lift(Act.BAN, subject, session.name, f"unbanned {subject}", notice, *_line(state, request))
    return state.propose(session, proposal, request.cseq)


def list_bans(state: State, session: Session, request: requests.ListBans) -> Outcome:
    """List the bans and mutes that hold, those that were imposed last at the end."""
    wanted = (request.words or "").casefold()
    holding = [one for one in state.room.sanctions if one.holds(state.at)]
    found = [one for one in holding if wanted in _listed(one, state.at).casefold()] if wanted else holding
    shown: list[Effect] = [Unicast(session, Noticed(_listed(one, state.at))) for one in found[-LISTED:]]
    older = f" {len(found) - LISTED} older ones are not shown; /bans TEXT finds them." if len(found) > LISTED else ""
    return Outcome(Noticed(f"Bans and mutes: {len(found)}.{older}"), shown)


def lockdown(state: State, session: Session, request: requests.Lockdown) -> Reaction:
    """Let only registered users come in and speak, until that is ended."""
    line, wanted = _line(state, request), request.state.lower()
    if wanted not in ("on", "off"):
        usage = BY_REQUEST[requests.Lockdown].usage
        return state.refuse(session, ErrorCode.USAGE, why="A lockdown is on or off", usage=usage)
    if wanted == "off":
        text = "Everybody may come in and speak again."
        end = Lift(Act.LOCKDOWN, EVERYBODY, session.name, "ended the lockdown", text, *line)
        return state.propose(session, end, request.cseq)
    text = "Only registered names may come in or speak now."
    sanction = Sanction(Act.LOCKDOWN, (EVERYBODY,), None, session.name)
    return state.propose(session, Impose(sanction, "began the lockdown", text, *line), request.cseq)


def _line(state: State, request: LineRequest) -> tuple[int | None, int, bool]:
    """Return the number and the mark of a line, for its proposal, and whether its answer waits for the disk."""
    return request.cseq, mark_of(request), not state.settings.is_shared


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
        session = state.session_of(member)
        if session is not None and state.is_operator(session) and is_within(session.host, network):
            raise ValueError(f"{member.name}, who is an operator, is in it")
    return subject


# --- what follows ------------------------------------------------------------------------------------------------


def imposed(state: State, author: Session | None, proposal: Impose, applied: Applied) -> Reaction:
    """A sanction holds. One that was written to the file of bans by hand is told nobody; see `close_banned`."""
    sanction, did = proposal.sanction, proposal.did
    if not did:
        return []
    if sanction.by == SERVER:
        told = state.tell_operators(f"{did}. /lockdown off ends that.")
        kept: list[Effect] = [KeepSanction(sanction, state.at)] if proposal.awaits_disk else []
        return [*told, *kept, LogLine(f"Lockdown: {did}")]
    effects = _met(state, sanction, proposal.notice) + acted(state, author, sanction.by, did)
    if author is None or not proposal.awaits_disk:
        return Outcome(Noticed(proposal.notice), effects)
    return [*effects, KeepSanction(sanction, state.at, _when_written(author, proposal))]


def _met(state: State, sanction: Sanction, notice: str) -> list[Effect]:
    """Return what a new sanction means for the sessions here that it meets."""
    if sanction.act is Act.BAN:
        return close_banned(state, sanction.by)
    if sanction.act is Act.LOCKDOWN:
        return _tell_strangers(state, notice)
    left = None if sanction.until is None else int(sanction.until - int(state.at))
    return _tell(state, sanction.subjects, refusal(ErrorCode.MUTED, left=_for(left), reason=sanction.because).text)


def lifted(state: State, author: Session | None, proposal: Lift, applied: Applied) -> Reaction:
    """A sanction has ended. One that was removed from the file of bans by hand is told nobody."""
    if not proposal.did:
        return []
    effects: list[Effect] = []
    if proposal.act is Act.MUTE:
        effects = _tell(state, (proposal.subject,), "You are muted no more.")
    if proposal.act is Act.LOCKDOWN:
        effects = _tell_strangers(state, proposal.notice)
    effects += acted(state, author, proposal.by, proposal.did)
    if author is None or not proposal.awaits_disk:
        return Outcome(Noticed(proposal.notice), effects)
    return [*effects, DropSanction(proposal.act, proposal.subject, state.at, _when_written(author, proposal))]


def _tell(state: State, subjects: tuple[str, ...], text: str) -> list[Effect]:
    """Return a notice to those of the `subjects` that are users here."""
    members = [member for subject in subjects if (member := state.room.find(subject)) is not None]
    sessions = [session for member in members if (session := state.session_of(member)) is not None]
    return [Unicast(session, Noticed(text)) for session in sessions]


def _tell_strangers(state: State, text: str) -> list[Effect]:
    return [Unicast(session, Noticed(text)) for session in state.sessions.values() if not session.account]


def _when_written(author: Session, proposal: Impose | Lift) -> Acknowledgement:
    """Let `author` wait; return what it is told when what it did is on the disk."""
    author.waiting = True
    return Acknowledgement(author, Noticed(proposal.notice), proposal.cseq, proposal.mark)


def ban_on(state: State, session: Session) -> Sanction | None:
    """Return the ban that holds for `session`, by its name, client or address; None for an operator."""
    if state.is_operator(session):
        return None
    member, sanctions = session.member, state.room.sanctions
    subjects = (client_subject(session.identity),) if member is None else member.subjects
    return sanctions.find(Act.BAN, subjects, state.at) or sanctions.ban_of_host(session.host, state.at)


def close_banned(state: State, by: str = "") -> list[Effect]:
    """Dismiss everybody here for whom a ban holds by now: one that the operator `by` has imposed."""
    effects: list[Effect] = []
    for session in [*state.sessions.values(), *state.unnamed]:
        ban = ban_on(state, session)
        if ban is not None:
            event = refusal(ErrorCode.BANNED, left=ban.left(state.at), reason=ban.because)
            effects += state.dismiss(session, event, f"{acts.BANNED_BY}{by}" if by else "banned")
    return effects


# --- the file of bans --------------------------------------------------------------------------------------------


def follow_file(
    state: State, added: Iterable[Sanction], removed: Iterable[Sanction], pending: Iterable[SanctionTask]
) -> None:
    """Impose and lift what somebody has written to the file, and removed from it, before the `pending` tasks."""
    edits = [Lift(one.act, one.subjects[0]) for one in removed] + [Impose(one) for one in added]
    again = [_proposal_of(task) for task in pending] if edits else []
    for proposal in (*edits, *again):
        state.propose(None, proposal)


def _proposal_of(task: SanctionTask) -> Impose | Lift:
    return Impose(task.sanction) if isinstance(task, KeepSanction) else Lift(task.act, task.subject)


# --- terms -------------------------------------------------------------------------------------------------------


def _listed(sanction: Sanction, at: float) -> str:
    subject, *others = sanction.subjects
    also = f" and {', '.join(others)}" if others else ""
    by = f", by {sanction.by}" if sanction.by else ""
    return f"{subject}{also}: {sanction.act.value} {sanction.left(at)}{by}{sanction.because}"


def _terms(duration: str | None, reason: str | None, default: int | None) -> tuple[int | None, str]:
    """Return the seconds and the reason that were typed; where no duration is given, its place is the reason's.

    Raises ValueError for a duration that is none.
    """
    if duration is None:
        return default, ""
    if is_duration(duration):
        return parse_duration(duration), cut(reason or "")
    return default, cut(f"{duration} {reason}" if reason else duration)


def _end(state: State, seconds: int | None) -> float | None:
    """Return when what begins now ends, in whole seconds, as it is written to the disk."""
    return None if seconds is None else int(state.at) + seconds


def _for(seconds: int | None) -> str:
    return "for good" if seconds is None else f"for {in_words(seconds)}"


_COMMANDS: dict[type, Handler] = {
    requests.Ban: ban,
    requests.Unban: unban,
    requests.ListBans: list_bans,
    requests.Lockdown: lockdown,
    requests.Mute: mute,
    requests.Unmute: unmute,
}
HANDLERS: Table = {request: (CHATTING, for_operators(handler)) for request, handler in _COMMANDS.items()}
CONSEQUENCES: Consequences = {Impose: imposed, Lift: lifted}
