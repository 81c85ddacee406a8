"""State: what all handlers share, and the verbs that they have in common. Below the handlers, above the room.

The room is the same in every process that shares its log; what is in here is this process's alone: its sessions, their
deadlines, its limits and its throttle. A verb that changes the room proposes that to the order (chat.order) and acts on
what came of it; it never changes the room itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chat import limits, resume
from chat.durations import in_words
from chat.effects import Broadcast, Close, Effect, Entered, Exited, KeepSanction, LogLine, Outcome, Unicast
from chat.lane import Lane
from chat.login_attempts import Attempts
from chat.names import why_not
from chat.networks import is_loopback
from chat.order import Order, OrderAlone
from chat.proposals import Claim, Enter, Impose, Leave, Proposal, Refusal, Rename
from chat.recent import Recent
from chat.room import Applied, Member, Room
from chat.sanctions import EVERYBODY, Act, Sanction, client_subject
from chat.session import Phase, Session
from chat.throttle import Throttle
from protocol import acts
from protocol.errors import ErrorCode
from protocol.events import (
    Asked,
    Dismissed,
    Event,
    Noticed,
    PasswordTaken,
    RoleChanged,
    RoomEvent,
    Welcomed,
    refusal,
)
from protocol.text import key_of, skeleton

ASK_AGAIN = "Type the name you want, or /setname NAME, then Enter; /quit leaves."
GOODBYE = "Goodbye."
FLOOD_WINDOW = 60.0  # seconds
LOCKDOWN_SECONDS = 600  # of a lockdown that a flood puts on
SHUTTING_DOWN = "The server is shutting down. Goodbye."


@dataclass
class Settings:
    """What this server was started with. `has_archive`: what is no longer in memory can be searched."""

    max_users: int
    metered: bool = False  # see chat.rate_limit
    greet_history: int = 20  # messages that newcomers are told
    kept_names: frozenset[str] = frozenset()  # the keys of names that only this machine may register: --operator
    lockdown_after: int = 0  # newcomers in a minute; 0: never
    motd: tuple[str, ...] = ()  # lines that newcomers are told
    has_archive: bool = False


class State:
    """One room, and the sessions of this process that are in it or on their way."""

    def __init__(self, room: Room, settings: Settings) -> None:
        self.room = room
        self.order: Order = OrderAlone(room)
        self.settings = settings
        self.sessions: dict[int, Session] = {}  # by their seats in the room, in the order in which they came
        self.clients: dict[str, Session] = {}  # those that have a client's identity, by that
        self.unnamed: set[Session] = set()  # with a deadline to come in
        self.attempts = Attempts()
        self.throttle = Throttle()
        self.lane = Lane()
        self.strangers: Recent[str] = Recent(FLOOD_WINDOW)  # newcomers that are neither registered nor known
        self.now = 0.0  # monotonic seconds, for deadlines; like `at`, the same for a whole turn
        self.at = 0.0  # seconds since the epoch, UTC, for people

    def propose(self, session: Session, proposal: Proposal) -> Applied:
        """Have the order take what `session` wants changed in the room; return what came of it."""
        member = session.member
        return self.order.propose(0 if member is None else member.seat, proposal, self.at)

    def is_operator(self, session: Session) -> bool:
        """Return whether `session` may do what operators may."""
        return session.named and session.member is not None and self.room.is_operator(session.member)

    def tell_operators(self, text: str, exclude: Session | None = None) -> list[Effect]:
        """Return a notice to each operator here, except one."""
        present = (self.session_of(member) for member in self.room if self.room.is_operator(member))
        return [Unicast(session, Noticed(text)) for session in present if session is not exclude]

    def role_told(self, session: Session, was_operator: bool) -> list[Effect]:
        """Return what tells `session` of its role, if that has changed."""
        is_operator = self.is_operator(session)
        return [] if is_operator == was_operator else [Unicast(session, RoleChanged(is_operator))]

    def session_of(self, member: Member) -> Session:
        """Return the session of a member."""
        return self.sessions[member.seat]

    # --- refusing and asking -------------------------------------------------------------------------------------

    def refuse(self, session: Session, error: ErrorCode, **details: object) -> Outcome:
        """Answer with `error`; a session without a name is asked for one again."""
        return Outcome(refusal(error, None, **details), after=self.ask_name(session) if not session.named else [])

    def refused(self, session: Session, applied: Applied) -> Outcome:
        """Answer with the room's refusal; not at all if `session` is not in the room any more."""
        error, details = applied.refused or (ErrorCode.NOT_NAMED, {})
        if error is ErrorCode.NOT_NAMED:
            return Outcome()
        return self.refuse(session, error, **details)

    def ask_name(self, session: Session) -> list[Effect]:
        """Ask for a name again."""
        return [Unicast(session, Asked("name", ASK_AGAIN))]

    # --- names ---------------------------------------------------------------------------------------------------

    def why_not(self, session: Session, name: str) -> Refusal | None:
        """Return why `session` can't be called `name`, or None if it can."""
        reason = why_not(session, name, self.room) or self._barred(session, name)
        key = key_of(name)
        if key in self.settings.kept_names and key not in self.room.registered and not is_loopback(session.host):
            return ErrorCode.NAME_KEPT, {"name": name}
        if (
            reason is None
            and not session.named
            and len(self.room) >= self.settings.max_users
            and not self._holder(name)
        ):
            return ErrorCode.TOO_MANY_USERS, {"limit": self.settings.max_users}
        return reason

    def _barred(self, session: Session, name: str) -> Refusal | None:
        """Return what an operator did that keeps `session` from being called `name`, or None."""
        room, key = self.room, key_of(name)
        account = key if key in room.registered else ""  # its password is asked for next
        ban = room.sanctions.find(Act.BAN, (key,), self.at)
        if ban is None and not account:  # who has an account is nobody else
            ban = room.sanctions.ban_of_look(name, self.at)
        if ban is not None and key != session.key:
            details: dict[str, object] = {"left": ban.left(self.at), "reason": ban.because}
            return (ErrorCode.NAME_BANNED, {"name": name, **details}) if session.named else (ErrorCode.BANNED, details)
        if session.member is None:
            return room.barred(name, session.identity, account, self.at)
        return room.silenced(session.member, self.at, account)

    def decline(self, session: Session, reason: Refusal) -> Outcome:
        """Answer why `session` can't have the name that it wants; close it if it is banned."""
        error, details = reason
        if error is ErrorCode.BANNED:
            return Outcome(before=self.dismiss(session, refusal(error, None, **details), "banned"))
        return self.refuse(session, error, **details)

    def ban_on(self, session: Session) -> Sanction | None:
        """Return the ban that holds for `session`, by its name, client or address; None for an operator."""
        if self.is_operator(session):
            return None
        member, sanctions = session.member, self.room.sanctions
        subjects = (client_subject(session.identity),) if member is None else member.subjects
        return sanctions.find(Act.BAN, subjects, self.at) or sanctions.ban_of_host(session.host, self.at)

    def close_banned(self, by: str) -> list[Effect]:
        """Dismiss everybody for whom a ban holds by now."""
        effects: list[Effect] = []
        for session in [*self.sessions.values(), *self.unnamed]:
            ban = self.ban_on(session)
            if ban is not None:
                event = refusal(ErrorCode.BANNED, left=ban.left(self.at), reason=ban.because)
                effects += self.dismiss(session, event, f"{acts.BANNED_BY}{by}" if by else "banned")
        return effects

    # --- claims --------------------------------------------------------------------------------------------------

    def _holder(self, name: str) -> Member | None:
        """Return the member that has `name`, if that is registered, so that its owner may take it."""
        return self.room.find(name) if key_of(name) in self.room.registered else None

    def _claim(self, session: Session, account: str) -> list[Effect]:
        """Take the name of `account`, whose password `session` has given, from anybody else; return what follows.

        The other is asked for another name, or, at a password question, has to connect again.
        """
        applied = self.propose(session, Claim(account))
        if applied.event is None or applied.member is None:
            return []
        holder = self.sessions[applied.member.seat]
        text = f"{holder.label} has lost the name {holder.name} to its owner ({session.address})"
        told = refusal(ErrorCode.NAME_CLAIMED, name=holder.name)
        if holder.question and not holder.dialect.counts:
            # The next line is the password that was asked for. It must not be read as a name, so there is no next line.
            gone = self.dismiss_removed(applied.member, told, applied.event, "the name is its owner's")
            return [Unicast(holder, PasswordTaken()), *gone, LogLine(text)]
        del self.sessions[applied.member.seat]
        holder.member, holder.phase, holder.question, holder.claim.resume = None, Phase.NAMELESS, None, None
        holder.liveness.deadline = self.now + limits.TEXT_REGISTRATION
        self.unnamed.add(holder)
        left: list[Effect] = [Exited(holder), Broadcast(applied.event), LogLine(text)]
        return [Unicast(holder, told), *self.ask_name(holder), *left]

    def give_name(
        self, session: Session, name: str, cseq: int | None = None, account: str = "", greets: bool = True
    ) -> Outcome:
        """Let `session` enter or be renamed: it may have the name, as `account`'s owner or because it is nobody's.

        `greets`: a newcomer is told the last messages.
        """
        if name == session.name:
            return Outcome(Noticed(f"You are {name} already."))
        account = account or (session.account if session.account == key_of(name) else "")
        claimed = self._claim(session, account) if account else []
        if session.named:
            outcome = self._rename(session, Rename(name, skeleton(name), account, cseq))
        else:
            outcome = self._enter(session, name, account, self.settings.greet_history if greets else 0)
        return Outcome(outcome.answer, [*claimed, *outcome.before], outcome.after)

    def _enter(self, session: Session, name: str, account: str, count: int) -> Outcome:
        room, client = self.room, session.claim.identity
        resumed = resume.can_resume(session, room.epoch, room.log)
        settled = resume.settled_lines(session, room)
        is_stranger = not account and room.replies.highest(client) is None
        applied = self.propose(session, Enter(name, skeleton(name), account, client, settled))
        event, member = applied.event, applied.member
        if event is None or member is None:
            return self.decline(session, applied.refused or (ErrorCode.NAME_TAKEN, {"name": name}))
        session.member, session.phase = member, Phase.CHATTING
        self.sessions[member.seat] = session
        self.unnamed.discard(session)
        before = resume.catch_up(session, resumed, room.log, count)
        welcome: list[Effect] = [Unicast(session, Welcomed(name, room.epoch, member.seat, len(room), resumed))]
        effects: list[Effect] = [
            Broadcast(event),
            Entered(session),
            *resume.tell_lost(session, resumed),
            *(welcome + before if session.dialect.echoes else before + welcome),  # a terminal's last line is read
            *([] if resumed else [Unicast(session, Noticed(line)) for line in self.settings.motd]),
            *self.role_told(session, was_operator=False),
            LogLine(f"{session.label} has joined. Active users: {len(room)}"),
        ]
        return Outcome(before=effects + (self._count_stranger() if is_stranger else []))

    def _count_stranger(self) -> list[Effect]:
        """Count a newcomer who is not known; lock the room down if there were too many in a minute (M6)."""
        most = self.settings.lockdown_after
        if not most:
            return []
        self.strangers.add("", self.now, most)
        sanctions = self.room.sanctions
        is_flood = self.strangers.wait("", most, FLOOD_WINDOW, self.now) > 0
        if not is_flood or sanctions.find(Act.LOCKDOWN, (EVERYBODY,), self.at) is not None:
            return []
        sanction = Sanction(Act.LOCKDOWN, (EVERYBODY,), int(self.at) + LOCKDOWN_SECONDS, "the server", "too many came")
        self.order.propose(0, Impose(sanction), self.at)
        text = f"{most} newcomers in a minute: for {in_words(LOCKDOWN_SECONDS)} only registered names come in or speak"
        told = self.tell_operators(f"{text}. /lockdown off ends that.")
        return [*told, KeepSanction(sanction, self.at), LogLine(f"Lockdown: {text}")]

    def _rename(self, session: Session, proposal: Rename) -> Outcome:
        was_operator = self.is_operator(session)
        applied = self.propose(session, proposal)
        if applied.event is None:
            return self.refused(session, applied)
        return Outcome(before=[Broadcast(applied.event), *self.role_told(session, was_operator)])

    # --- leaving -------------------------------------------------------------------------------------------------

    def dismiss(self, session: Session, event: Event, reason: str) -> list[Effect]:
        """Tell `session` why with `event`, the others with `reason`, and close it. Does nothing twice."""
        return [] if session.closing else [Unicast(session, event), *self.farewell(session, GOODBYE, reason)]

    def farewell(self, session: Session, text: str, reason: str) -> list[Effect]:
        """Say goodbye to `session` with `text`, tell the others the `reason`, and close it."""
        return [Unicast(session, Dismissed(text)), *self.exit(session, reason), Close(session)]

    def turn_out(self, session: Session) -> list[Effect]:
        """Dismiss `session` because the server stops, without telling the others that it leaves."""
        self.exit(session, "shutting down")
        return [Unicast(session, Dismissed(SHUTTING_DOWN, again=True)), Exited(session), Close(session)]

    def exit(self, session: Session, reason: str) -> list[Effect]:
        """Take `session` out of everything; its name is free at once."""
        was_named = session.named
        self._forget(session, reason)
        left = self.propose(session, Leave(reason)) if was_named else Applied()
        if left.event is None or left.member is None:
            return []
        return self._told_left(session, left.member, left.event, reason)

    def dismiss_removed(self, member: Member, event: Event, left: RoomEvent, reason: str) -> list[Effect]:
        """Tell the session of `member` why with `event`, and close it; the room has taken it out, and the others read
        `left`."""
        session = self.session_of(member)
        self._forget(session, reason)
        told: list[Effect] = [Unicast(session, event), Unicast(session, Dismissed(GOODBYE))]
        return [*told, *self._told_left(session, member, left, reason), Close(session)]

    def _forget(self, session: Session, reason: str) -> None:
        session.phase = Phase.CLOSING
        session.reason = reason
        self.unnamed.discard(session)
        self.throttle.forget(session)
        if self.clients.get(session.claim.identity) is session:
            del self.clients[session.claim.identity]

    def _told_left(self, session: Session, member: Member, left: RoomEvent, reason: str) -> list[Effect]:
        del self.sessions[member.seat]
        text = f"{session.label} has left ({reason}). Active users: {len(self.room)}"
        return [Exited(session), Broadcast(left), LogLine(text)]

    def enforce_deadlines(self) -> list[Effect]:
        """Dismiss those that have finished no TLS handshake, sent no hello or sent no name in time."""
        late = [s for s in self.unnamed if s.liveness.deadline <= self.now and not s.waiting]
        return [effect for session in late for effect in self._too_slow(session)]

    def _too_slow(self, session: Session) -> list[Effect]:
        if session.phase is Phase.SECURING:
            event = refusal(ErrorCode.TLS_REQUIRED)
            why = f"no TLS handshake was finished within {limits.HANDSHAKE} s"
        else:
            seconds = limits.FRAMED_REGISTRATION if session.phase is Phase.NEW else limits.TEXT_REGISTRATION
            event = refusal(ErrorCode.TOO_SLOW_TO_JOIN, seconds=seconds)
            why = event.text
        return [LogLine(f"{session.label}: {why}"), *self.dismiss(session, event, "too slow to join")]


Handler = Callable[[State, Session, Any], Outcome]
Table = dict[type, tuple[tuple[Phase, ...], Handler]]  # in which phases a request is served, and by which function
NAMELESS = (Phase.NAMELESS,)  # tuples: these are searched by identity, where a set would hash an Enum in Python
CHATTING = (Phase.CHATTING,)
GREETED = NAMELESS + CHATTING
