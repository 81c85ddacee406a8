"""Presence: coming into the room, taking another name, losing it to its owner, and leaving; what follows, everywhere.

`give_name` is where every way to a name ends (chat.handlers.names, chat.handlers.accounts). It proposes, and the
session is in the room when the consequence says so: `entered`. Where the order defers, the session waits until then.
"""

from __future__ import annotations

from typing import Any

from chat import limits, resume
from chat.durations import in_words
from chat.effects import Broadcast, Effect, Entered, Exited, LogLine, Outcome, Reaction, Unicast
from chat.networks import is_loopback
from chat.proposals import Applied, Claim, EndLost, Enter, Impose, Leave, Operators, Rename, Replace, ServerGone
from chat.sanctions import EVERYBODY, SERVER, Act, Sanction
from chat.session import Phase, Session
from chat.state import FLOOD_WINDOW, Consequences, State
from protocol.errors import ErrorCode
from protocol.events import Noticed, PasswordTaken, Welcomed, refusal
from protocol.requests import ResumePoint
from protocol.text import key_of, skeleton

LOCKDOWN_SECONDS = 600  # of a lockdown that a flood puts on


# --- proposing ---------------------------------------------------------------------------------------------------


def give_name(
    state: State, session: Session, name: str, cseq: int | None = None, account: str = "", proof: str = ""
) -> Reaction:
    """Let `session` enter or be renamed: it may have the name, as `account`'s owner or because it is nobody's.

    `proof`: against which record of the account the password was checked (chat.account_records).
    """
    if name == session.name:
        return Outcome(Noticed(f"You are {name} already."))
    account = account or (session.account if session.account == key_of(name) else "")
    claimed = state.propose(session, Claim(account, proof)) if account else []
    if session.named:
        return claimed + state.propose(session, Rename(name, skeleton(name), account, cseq, proof), cseq)
    return claimed + _enter(state, session, name, account, proof)


def _enter(state: State, session: Session, name: str, account: str, proof: str) -> list[Effect]:
    """Propose that `session` enters, in the place of an earlier connection of its client."""
    room, claim, incarnation = state.room, session.claim, state.order.incarnation
    client, settled = claim.identity, resume.settled_lines(session, room)
    claim.is_stranger = not account and room.replies.highest(client) is None
    replaced = state.propose(None, Replace(client, claim.attempt)) if client else []
    entry = Enter(name, skeleton(name), account, client, settled, incarnation, claim.attempt, proof)
    return replaced + state.propose(session, entry)


# --- coming in ---------------------------------------------------------------------------------------------------


def entered(state: State, author: Session | None, proposal: Enter, applied: Any) -> Reaction:
    """Somebody has come in."""
    event, member, room = applied.event, applied.member, state.room
    if author is None:
        return [Broadcast(event)]
    author.member = member
    if author.closing:  # it was lost while its coming was under way
        return [Broadcast(event), *state.propose(author, Leave(author.reason))]
    author.phase = Phase.CHATTING
    state.sessions[member.seat] = author
    state.unnamed.discard(author)
    resumed = resume.can_resume(author, room.epoch, room.log, event.seq)
    welcome: list[Effect] = [Unicast(author, Welcomed(member.name, room.epoch, member.seat, len(room), resumed))]
    before = resume.catch_up(author, resumed, room.log, state.settings.greet_history if author.claim.greets else 0)
    return [
        Broadcast(event),
        Entered(author),
        *resume.tell_lost(author, resumed),
        *(welcome + before if author.dialect.echoes else before + welcome),  # a terminal's last line is read
        *([] if resumed else [Unicast(author, Noticed(line)) for line in state.settings.motd]),
        *state.role_told(author),
        *_appoint(state, author),
        LogLine(f"{author.label} has joined. Active users: {len(room)}"),
        *(_count_stranger(state) if author.claim.is_stranger else []),
    ]


def is_appointed(state: State, session: Session, key: str) -> bool:
    """Return whether the account `key` gets an operator's role, since it is kept for one, and `session`, its owner, has
    come from this machine.

    In a room that is this server's alone, the file of accounts says so.
    """
    settings, operators = state.settings, state.room.operators
    return settings.is_shared and key in settings.kept_names and key not in operators and is_loopback(session.host)


def _appoint(state: State, session: Session) -> list[Effect]:
    """Propose that `session`, which has come in, is an operator, if it `is_appointed`."""
    key = session.account
    return state.propose(None, Operators(frozenset({key}), frozenset())) if is_appointed(state, session, key) else []


def _count_stranger(state: State) -> list[Effect]:
    """Count a newcomer who is not known; lock the room down if there were too many in a minute (M6)."""
    most = state.settings.lockdown_after
    if not most:
        return []
    state.strangers.add("", state.now, most)
    is_flood = state.strangers.wait("", most, FLOOD_WINDOW, state.now) > 0
    if not is_flood or state.room.sanctions.find(Act.LOCKDOWN, (EVERYBODY,), state.at) is not None:
        return []
    sanction = Sanction(Act.LOCKDOWN, (EVERYBODY,), int(state.at) + LOCKDOWN_SECONDS, SERVER, "too many came")
    text = f"{most} newcomers in a minute: for {in_words(LOCKDOWN_SECONDS)} only registered names come in or speak"
    return state.propose(None, Impose(sanction, text, awaits_disk=not state.settings.is_shared))


def replaced(state: State, author: Session | None, proposal: Replace, applied: Applied) -> Reaction:
    """An earlier connection of a client, if it had one in the room, has made way for a later one."""
    if applied.event is None or applied.member is None:
        return []
    return state.take_out(applied.member, refusal(ErrorCode.REPLACED), applied.event, "reconnected")


# --- names -------------------------------------------------------------------------------------------------------


def renamed(state: State, author: Session | None, proposal: Rename, applied: Any) -> Reaction:
    """Somebody has taken another name."""
    return [Broadcast(applied.event), *([] if author is None else state.role_told(author))]


def claimed(state: State, author: Session | None, proposal: Claim, applied: Applied) -> Reaction:
    """A name was taken for its owner, if somebody else had it, who is asked for another name.

    At a password question that is not possible: then the session is closed.
    """
    if applied.event is None or applied.member is None:
        return []
    holder = state.session_of(applied.member)
    if holder is None:
        return [Broadcast(applied.event)]
    where = "" if author is None else f" ({author.address})"
    line = LogLine(f"{holder.label} has lost the name {holder.name} to its owner{where}")
    told = refusal(ErrorCode.NAME_CLAIMED, name=holder.name)
    if holder.question and not holder.dialect.counts:
        # The next line is the password that was asked for. It must not be read as a name, so there is no next line.
        gone = state.take_out(applied.member, told, applied.event, "the name is its owner's")
        return [Unicast(holder, PasswordTaken()), *gone, line]
    del state.sessions[applied.member.seat]
    holder.member, holder.phase, holder.question, holder.knows_role = None, Phase.NAMELESS, None, False
    # It comes back like a client that was away: no line on its way is a name, and it is told what it missed.
    holder.claim.resume, holder.claim.skips_lines = ResumePoint(state.room.epoch, applied.event.seq), False
    holder.liveness.deadline = state.now + limits.TEXT_REGISTRATION
    state.unnamed.add(holder)
    return [Unicast(holder, told), *state.ask_name(holder), Exited(holder), Broadcast(applied.event), line]


# --- leaving -----------------------------------------------------------------------------------------------------


def left(state: State, author: Session | None, proposal: Leave, applied: Any) -> Reaction:
    """Somebody has left."""
    return [Broadcast(applied.event), *([] if author is None else [state.left_line(author, proposal.reason)])]


def end_lost(state: State, author: Session | None, proposal: EndLost, applied: Applied) -> Reaction:
    """The log has lost its end: every client is told that it has missed something, and by which name the log goes on.

    It has told the room's newest number with the name; what was lost may have had higher ones, in the other epoch.
    """
    room = state.room
    if room.epoch != proposal.epoch:
        return []
    effects: list[Effect] = []
    for session in state.sessions.values():
        effects += resume.tell_missed(session, 0)
        if session.dialect.counts:
            session.knows_role = False
            welcome = Welcomed(session.name, room.epoch, room.log.last_seq(), len(room))
            effects += [Unicast(session, welcome), *state.role_told(session)]
    return effects


def server_gone(state: State, author: Session | None, proposal: ServerGone, applied: Applied) -> Reaction:
    """All who were connected to a server have left with it."""
    return [Broadcast(event) for event in applied.left]


CONSEQUENCES: Consequences = {
    Enter: entered,
    Replace: replaced,
    Rename: renamed,
    Claim: claimed,
    Leave: left,
    ServerGone: server_gone,
    EndLost: end_lost,
}
