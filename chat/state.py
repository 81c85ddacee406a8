"""State: what all handlers share, and the verbs that they have in common. Below the handlers, above the room.

The room is the same in every process that shares its log; what is in here is this process's alone: its sessions, their
deadlines, its limits and its throttle.

    request --> handler -- propose --> order --> Room.apply --> consequence --> effects

A handler checks what this server can check, proposes, and never looks at what came of it: that may not be known yet
(chat.order). What follows is the matter of a *consequence*. It runs on every server of the room, for each proposal that
was carried out; its `author` is the session that proposed it, or None where that was another server's, or nobody's.
So what an entry means for the sessions here is there, and only there: `session_of` returns those of this server.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chat.effects import Broadcast, Close, Effect, Exited, LogLine, Outcome, Reaction, Unicast
from chat.lane import Lane
from chat.login_attempts import Attempts
from chat.members import Member
from chat.order import Follow, Order, OrderAlone
from chat.proposals import Leave, Proposal
from chat.recent import Recent
from chat.room import Room
from chat.session import Phase, Session
from chat.throttle import Throttle
from protocol.errors import ErrorCode, Refusal
from protocol.events import Asked, Dismissed, Event, Noticed, RoleChanged, RoomEvent, refusal
from protocol.requests import Request, Say

ASK_AGAIN = "Type the name you want, or /setname NAME, then Enter; /quit leaves."
FLOOD_WINDOW = 60.0  # seconds
GOODBYE = "Goodbye."
SHUTTING_DOWN = "The server is shutting down. Goodbye."
_CLOSING = {ErrorCode.BANNED: "banned", ErrorCode.REPLACED: "reconnected"}  # why a session that is refused so is closed


@dataclass
class Settings:
    """What this server was started with. `has_archive`: what is no longer in memory can be searched."""

    max_users: int  # of this server
    metered: bool = False  # see chat.rate_limit
    greet_history: int = 20  # messages that newcomers are told
    kept_names: frozenset[str] = frozenset()  # the keys of names that only this machine may register: --operator
    lockdown_after: int = 0  # newcomers in a minute; 0: never
    motd: tuple[str, ...] = ()  # lines that newcomers are told
    has_archive: bool = False
    is_shared: bool = False  # the room is other servers', too, and keeps the accounts and bans, not this server's files


class State:
    """One room, and the sessions of this process that are in it or on their way."""

    def __init__(self, room: Room, settings: Settings, follow: Follow) -> None:
        """`follow` returns the consequences of a proposal."""
        self.room = room
        self.order: Order = OrderAlone(room, follow)
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

    def propose(self, author: Session | None, proposal: Proposal, cseq: int | None = None) -> list[Effect]:
        """Have the order take what `author`, or this server itself, wants changed in the room.

        Returns what follows, as far as that is known yet. `cseq`: the number of the line that it answers.
        """
        return self.order.propose(author, proposal, cseq, self.at)

    def session_of(self, member: Member) -> Session | None:
        """Return the session of a member; None for one of another server, or one that is leaving."""
        return self.sessions.get(member.seat)

    # --- operators -----------------------------------------------------------------------------------------------

    def is_operator(self, session: Session) -> bool:
        """Return whether `session` may do what operators may."""
        return session.named and session.member is not None and self.room.is_operator(session.member)

    def tell_operators(self, text: str, exclude: Session | None = None) -> list[Effect]:
        """Return a notice to each operator here, except one."""
        present = [session for session in self.sessions.values() if self.is_operator(session)]
        return [Unicast(session, Noticed(text)) for session in present if session is not exclude]

    def role_told(self, session: Session) -> list[Effect]:
        """Return what tells `session` of its role, if it does not know that."""
        is_operator = self.is_operator(session)
        if is_operator == session.knows_role:
            return []
        session.knows_role = is_operator
        return [Unicast(session, RoleChanged(is_operator))]

    # --- refusing and asking -------------------------------------------------------------------------------------

    def refuse(self, session: Session, error: ErrorCode, **details: object) -> Outcome:
        """Answer with `error`; a session without a name is asked for one again."""
        return Outcome(refusal(error, None, **details), after=self.ask_name(session) if not session.named else [])

    def refuse_nameless(self, session: Session, request: Request) -> Reaction:
        """Refuse what needs a name; but not a line of a client that comes back, which sends it again when it is in."""
        if session.repeats_lines:
            session.claim.skips_lines = True
            return [] if isinstance(request, Say) else self.ask_name(session)  # talk is from before it lost its name
        return self.refuse(session, ErrorCode.NOT_NAMED)

    def decline(self, session: Session, reason: Refusal) -> Reaction:
        """Answer what this server or the room refuses; close a session that is not to stay.

        One that is not in the room any more, so that its lines are nobody's, is answered nothing.
        """
        error, details = reason
        if error is ErrorCode.NOT_NAMED:
            session.claim.skips_lines = True
            return []
        if error in _CLOSING:
            return self.dismiss(session, refusal(error, None, **details), _CLOSING[error])
        return self.refuse(session, error, **details)

    def ask_name(self, session: Session) -> list[Effect]:
        """Ask for a name again."""
        return [Unicast(session, Asked("name", ASK_AGAIN))]

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
        """Take `session` out of everything here at once, and propose that it leaves the room."""
        was_named = session.named
        self._forget(session, reason)
        if not was_named:
            return []
        return [Exited(session), *self.propose(session, Leave(reason))]

    def take_out(self, member: Member, event: Event, left: RoomEvent, reason: str) -> list[Effect]:
        """Let everybody read that `member` has left: the room has taken it out. If it is of this server, tell its
        session why with `event`, and close it."""
        session = self.session_of(member)
        if session is None:
            return [Broadcast(left)]
        self._forget(session, reason)
        told: list[Effect] = [Unicast(session, event), Unicast(session, Dismissed(GOODBYE)), Exited(session)]
        return [*told, Broadcast(left), self.left_line(session, reason), Close(session)]

    def left_line(self, session: Session, reason: str) -> LogLine:
        """Return the log's line about a session that has left the room."""
        return LogLine(f"{session.label} has left ({reason}). Active users: {len(self.room)}")

    def _forget(self, session: Session, reason: str) -> None:
        session.phase = Phase.CLOSING
        session.reason = reason
        self.unnamed.discard(session)
        self.throttle.forget(session)
        if self.clients.get(session.claim.identity) is session:
            del self.clients[session.claim.identity]
        if session.member is not None:
            del self.sessions[session.member.seat]


Handler = Callable[[State, Session, Any], Reaction]
Table = dict[type, tuple[tuple[Phase, ...], Handler]]  # in which phases a request is served, and by which function
Consequence = Callable[[State, Session | None, Any, Any], Reaction]  # of a proposal and what the room made of it
Consequences = dict[type, Consequence]
NAMELESS = (Phase.NAMELESS,)  # tuples: these are searched by identity, where a set would hash an Enum in Python
CHATTING = (Phase.CHATTING,)
GREETED = NAMELESS + CHATTING
