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
from chat.effects import Broadcast, Close, Effect, Entered, Exited, LogLine, Outcome, Unicast
from chat.lane import Lane
from chat.login_attempts import Attempts
from chat.names import why_not
from chat.order import Order, OrderAlone
from chat.proposals import Enter, Leave, Proposal, Refusal, Rename
from chat.room import Applied, Member, Room
from chat.session import Phase, Session
from chat.throttle import Throttle
from protocol.errors import ErrorCode
from protocol.events import Asked, Dismissed, Event, Noticed, Welcomed, refusal
from protocol.text import key_of, skeleton

ASK_AGAIN = "Type the name you want, or /setname NAME, then Enter; /quit leaves."
GOODBYE = "Goodbye."
SHUTTING_DOWN = "The server is shutting down. Goodbye."


@dataclass
class Settings:
    """What this server was started with. `has_archive`: what is no longer in memory can be searched."""

    max_users: int
    metered: bool = False  # see chat.rate_limit
    greet_history: int = 20  # messages that newcomers are told
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
        self.now = 0.0  # monotonic seconds, for deadlines; like `at`, the same for a whole turn
        self.at = 0.0  # seconds since the epoch, UTC, for people

    def propose(self, session: Session, proposal: Proposal) -> Applied:
        """Have the order take what `session` wants changed in the room; return what came of it."""
        member = session.member
        return self.order.propose(0 if member is None else member.seat, proposal, self.at)

    def session_of(self, member: Member) -> Session:
        """Return the session of a member."""
        return self.sessions[member.seat]

    # --- refusing and asking -------------------------------------------------------------------------------------

    def refuse(self, session: Session, error: ErrorCode, **details: object) -> Outcome:
        """Answer with `error`; a session without a name is asked for one again."""
        return Outcome(refusal(error, None, **details), after=self.ask_name(session) if not session.named else [])

    def ask_name(self, session: Session) -> list[Effect]:
        """Ask for a name again."""
        return [Unicast(session, Asked("name", ASK_AGAIN))]

    # --- names ---------------------------------------------------------------------------------------------------

    def why_not(self, session: Session, name: str) -> Refusal | None:
        """Return why `session` can't be called `name`, or None if it can."""
        reason = why_not(session, name, self.room)
        if reason is None and not session.named and len(self.room) >= self.settings.max_users:
            return ErrorCode.TOO_MANY_USERS, {"limit": self.settings.max_users}
        return reason

    def give_name(
        self, session: Session, name: str, cseq: int | None = None, account: str = "", greets: bool = True
    ) -> Outcome:
        """Let `session` enter or be renamed: it may have the name, as `account`'s owner or because it is nobody's.

        `greets`: a newcomer is told the last messages.
        """
        if name == session.name:
            return Outcome(Noticed(f"You are {name} already."))
        account = account or (session.account if session.account == key_of(name) else "")
        if session.named:
            return self._rename(session, Rename(name, skeleton(name), account, cseq))
        return self._enter(session, name, account, self.settings.greet_history if greets else 0)

    def _enter(self, session: Session, name: str, account: str, count: int) -> Outcome:
        room, client = self.room, session.claim.identity
        resumed = resume.can_resume(session, room.epoch, room.log)
        settled = resume.settled_lines(session, room)
        applied = self.propose(session, Enter(name, skeleton(name), account, client, settled))
        event, member = applied.event, applied.member
        if event is None or member is None:
            return self._refused(session, applied)
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
            LogLine(f"{session.label} has joined. Active users: {len(room)}"),
        ]
        return Outcome(before=effects)

    def _rename(self, session: Session, proposal: Rename) -> Outcome:
        applied = self.propose(session, proposal)
        return self._refused(session, applied) if applied.event is None else Outcome(before=[Broadcast(applied.event)])

    def _refused(self, session: Session, applied: Applied) -> Outcome:
        error, details = applied.refused or (ErrorCode.NAME_TAKEN, {"name": session.name})
        return self.refuse(session, error, **details)

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
        session.phase = Phase.CLOSING
        session.reason = reason
        self.unnamed.discard(session)
        self.throttle.forget(session)
        if self.clients.get(session.claim.identity) is session:
            del self.clients[session.claim.identity]
        left = self.propose(session, Leave(reason)) if was_named else Applied()
        if left.event is None or left.member is None:
            return []
        del self.sessions[left.member.seat]
        text = f"{session.label} has left ({reason}). Active users: {len(self.room)}"
        return [Exited(session), Broadcast(left.event), LogLine(text)]

    def enforce_deadlines(self) -> list[Effect]:
        """Dismiss those that have sent no hello or no name in time."""
        late = [s for s in self.unnamed if s.liveness.deadline <= self.now and not s.waiting]
        return [effect for session in late for effect in self._too_slow(session)]

    def _too_slow(self, session: Session) -> list[Effect]:
        seconds = limits.FRAMED_REGISTRATION if session.phase is Phase.NEW else limits.TEXT_REGISTRATION
        event = refusal(ErrorCode.TOO_SLOW_TO_JOIN, seconds=seconds)
        return [LogLine(f"{session.label}: {event.text}"), *self.dismiss(session, event, "too slow to join")]


Handler = Callable[[State, Session, Any], Outcome]
Table = dict[type, tuple[tuple[Phase, ...], Handler]]  # in which phases a request is served, and by which function
NAMELESS = (Phase.NAMELESS,)  # tuples: these are searched by identity, where a set would hash an Enum in Python
CHATTING = (Phase.CHATTING,)
GREETED = NAMELESS + CHATTING
