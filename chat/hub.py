"""The hub: the whole server as a state machine, (session, request) -> effects, at the time of the turn.

It keeps these rules:
- Nothing here waits, reads a clock or touches a socket. `tick` begins a turn and says what time it is; what the hub
  wants done comes back as effects (chat.effects), and their order is the room's order.
- `_HANDLERS` is the protocol: which request is served in which state, and by what. A request in another state is
  refused before any handler runs, so a handler never asks whether its session may.
- A session's trouble is answered to that session alone. Everything a peer sent is cleaned and bounded before it is
  kept or quoted.
- A name belongs to one session at a time. It is taken with `_enter` or `_rename` and freed with `_exit`, at once.
- What is told to the room is in its log, and a framed client's line has its answer kept, so that one that comes again
  after a lost connection is answered as it was, and not said twice.
- Whoever has no name yet is asked for one after each refusal (A4, C2).

Read on in this order: `_HANDLERS` at the end, `handle`, then the handlers from top to bottom.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from chat import limits
from chat.effects import AccountTask, Broadcast, Close, Effect, Entered, Exited, LogLine, ReadAgain, TaskResult, Unicast
from chat.handlers import accounts, away, history
from chat.lane import COSTLY, Lane, cost
from chat.log import Entry
from chat.login_attempts import LIMITS_OF_MANY, LoginAttempts
from chat.names import Registered, WhyNot, why_not
from chat.rate_limit import Meter
from chat.replies import Reply
from chat.request_log import late_status, status
from chat.room import Room
from chat.saved_state import Record
from chat.session import Session, State
from chat.throttle import Throttle
from protocol import acts, commands, events, requests
from protocol.errors import ErrorCode, ProtocolError
from protocol.events import Asked, Dismissed, Event, RoomEvent, refusal
from protocol.lines import LINE_LIMIT
from protocol.requests import Request
from protocol.sanitize import clean
from protocol.text import excerpt, key_of

GREETING = "Welcome to this chat. Type the name you want, or /setname NAME, then Enter."
ASK_AGAIN = "Type the name you want, or /setname NAME, then Enter; /quit leaves."
GOODBYE = "Goodbye."
SHUTTING_DOWN = "The server is shutting down. Goodbye."

_AT_A_QUESTION = (requests.Password, requests.Disconnect, requests.Pong)  # a password question, that is
# A client's line of these is done once, however often it comes.
_ONCE = (requests.Say, requests.Act, requests.Whisper, requests.Nick)


class Hub:
    """One room and the sessions that are in it or on their way."""

    def __init__(self, record: Record, max_users: int, metered: bool = False, greet_history: int = 20) -> None:
        """Go on with `record` and serve up to `max_users` named users; newcomers are told `greet_history` messages.

        `metered`: see chat.rate_limit.
        """
        self.room = Room(record.log)
        self.epoch = record.epoch
        self.registered = Registered()  # the names with an account; the shell keeps it true
        self.has_archive = False  # whether the shell can search what is no longer in memory
        self.greet_history = greet_history
        self.guesses = LoginAttempts()
        self.registrations = LoginAttempts(LIMITS_OF_MANY)  # of all who come from this machine, where a proxy may stand
        self.max_users = max_users
        self.answers = record.answers
        self.clients: dict[str, Session] = {}  # the framed sessions by their identity
        self.now = 0.0  # monotonic seconds, for deadlines; like `_at`, the same for a whole turn
        self._at = 0.0  # seconds since the epoch, UTC, for people
        self._waiting: set[Session] = set()  # sessions with a deadline
        self._holds = Throttle()
        self._lane = Lane()
        self._metered = metered
        self._read_nobody_at = 0.0
        self._look_at = 0.0  # when to look for silent clients next

    # --- what the shell calls ------------------------------------------------------------------------------------

    def tick(self, now: float, at: float) -> list[Effect]:
        """Begin a turn at `now`, which is `at` for people; return what has become due."""
        self.now, self._at = now, at
        effects = self._holds.release(now)
        for session in [s for s in self._waiting if s.deadline <= now and not s.waiting]:
            effects += self._too_slow(session)
        self._lane.begin_turn()
        while turn := self._lane.take():
            effects += self._serve_costly(*turn)
            effects.append(ReadAgain(turn[0]))
        if now >= self._look_at:
            self._look_at = now + 1.0
            effects += self._look_for_silent()
        return effects

    def read_nobody(self, now: float) -> None:
        """Take note that nobody is read in the turn at `now`: what a silent client has said may be there, unread."""
        self._read_nobody_at = now

    def next_due(self) -> float:
        """Return when `tick` should come at the latest, for somebody on hold or in the lane; `inf` if nobody is."""
        return self.now if self._lane else self._holds.next_due()

    def connect(self, session: Session) -> None:
        """Take in a peer that has connected; taken for a text user until its first byte shows a framed client."""
        session.deadline = self.now + limits.TEXT_REGISTRATION
        session.heard_at = self.now
        session.meter = Meter(self.now) if self._metered else None
        self._waiting.add(session)

    def connect_framed(self, session: Session) -> None:
        """Note that a peer speaks frames, so that it has its hello to send first."""
        session.framed = True
        session.state = State.NEW
        session.deadline = self.now + limits.FRAMED_REGISTRATION

    def greet(self, session: Session) -> list[Effect]:
        """Return the greeting of a peer that has kept silent."""
        return [Unicast(session, Asked("name", GREETING))]

    def handle(self, session: Session, request: Request) -> list[Effect]:
        """Return what `request` leads to: nothing yet, if it has to wait for its turn (chat.lane).

        A session that is CLOSING has no requests any more.
        """
        session.heard_at = self.now
        if type(request) not in COSTLY:
            return self._serve(session, request)
        if self._lane.is_open:
            return self._serve_costly(session, request)
        self._lane.join(session, request)
        return []

    def _serve_costly(self, session: Session, request: Request) -> list[Effect]:
        effects = self._serve(session, request)
        return effects + self.charge_answer(session, effects)

    def _serve(self, session: Session, request: Request) -> list[Effect]:
        states, handler = _HANDLERS[type(request)]
        if session.question is not None and not isinstance(request, _AT_A_QUESTION):
            effects = accounts.insist(self, session, request)
        elif session.state not in states:
            effects = self._out_of_place(session, request)
        elif session.framed and session.identity and isinstance(request, _ONCE) and request.cseq is not None:
            effects = history.handle_once(self, session, request, request.cseq, handler)
        else:
            effects = handler(self, session, request)
        if type(request) is not requests.Say:  # what people say to each other is theirs, and there is much of it
            effects += status(session, request, effects)
        effects += self._holds.charge(session, request, self.now)
        return effects

    def spend_turn(self) -> None:
        """Let no other costly request be handled in this turn: one took long."""
        self._lane.spend(limits.TURN_ANSWERS)

    def charge_answer(self, session: Session, effects: list[Effect]) -> list[Effect]:
        """Charge `session` for what it is told in `effects`, because it asked; return what follows."""
        size = cost(session, effects)
        self._lane.spend(size)
        return self._holds.charge_answer(session, size, self.now)

    def received(self, session: Session, size: int) -> list[Effect]:
        """Return what follows from so many bytes, whatever they are."""
        session.heard_at = self.now
        return self._holds.charge_bytes(session, size, self.now)

    def answered(self, asked: AccountTask, answer: TaskResult) -> list[Effect]:
        """Return what follows from the `answer` to what was `asked`; log it like a request's result."""
        effects = accounts.answered(self, asked, answer)
        late = late_status(asked.session, effects, answer.name.lower())
        return [*effects, *late, *self.charge_answer(asked.session, effects), ReadAgain(asked.session)]

    def take_fresh(self) -> tuple[list[Entry], list[Reply]]:
        """Return what is new in the log, and the new answers, since this was last asked: for the journal."""
        return self.room.log.take_fresh(), self.answers.take_fresh()

    def lost(self, session: Session, reason: str) -> list[Effect]:
        """Return what follows from a peer that is gone, or is to be gone, for `reason`. Does nothing twice."""
        if session.closing:
            return []
        return [*self._exit(session, reason), Close(session)]

    def dismiss(self, session: Session, event: Event, reason: str) -> list[Effect]:
        """Tell `session` why with `event`, the others with `reason`, and close it."""
        if session.closing:
            return []
        return [Unicast(session, event), *self._farewell(session, GOODBYE, reason)]

    def shut_down(self) -> list[Effect]:
        """Dismiss everybody; nobody is told of each of the others."""
        sessions = [*self.room, *self._waiting]
        return [effect for session in sessions for effect in self._turn_out(session)]

    # --- what becomes due ----------------------------------------------------------------------------------------

    def _look_for_silent(self) -> list[Effect]:
        """Ping the framed clients that have been silent for long, and give up those that don't answer.

        Whose answer may be there and was not read is not silent.
        """
        effects: list[Effect] = []
        for session in [
            s for s in self.room if s.framed and s.listened_to and s.heard_at + limits.PING_AFTER <= self.now
        ]:
            if session.pinged_at <= session.heard_at:
                session.pinged_at = self.now
                effects.append(Unicast(session, events.Pinged()))
            elif max(session.pinged_at, self._read_nobody_at) + limits.PONG_WITHIN <= self.now:
                seconds = limits.PING_AFTER + limits.PONG_WITHIN
                effects += self.dismiss(session, refusal(ErrorCode.SILENT, seconds=seconds), "no answer to a ping")
        return effects

    # --- leaving and entering ------------------------------------------------------------------------------------

    def _exit(self, session: Session, reason: str) -> list[Effect]:
        was_named = session.named
        session.state = State.CLOSING
        session.reason = reason
        self._waiting.discard(session)
        self._holds.forget(session)
        if self.clients.get(session.identity) is session:
            del self.clients[session.identity]
        if not was_named:
            return []
        self.room.leave(session)
        count = len(self.room)
        left = events.Left(self.room.log.number(), session.name, count, reason)
        text = f"{session.label} has left ({reason}). Active users: {count}"
        return [Exited(session), self._to_room(left), LogLine(text)]

    def _to_room(self, event: RoomEvent, author: str = "", exclude: Session | None = None, settled: int = 0) -> Effect:
        """Write `event` into the log, and tell the room of it."""
        self.room.log.append(Entry(event, self._at, author, settled=settled))
        return Broadcast(event, exclude)

    def _farewell(self, session: Session, text: str, reason: str) -> list[Effect]:
        return [Unicast(session, Dismissed(text)), *self._exit(session, reason), Close(session)]

    def _turn_out(self, session: Session) -> list[Effect]:
        self._exit(session, "shutting down")
        return [Unicast(session, Dismissed(SHUTTING_DOWN, again=True)), Exited(session), Close(session)]

    def _too_slow(self, session: Session) -> list[Effect]:
        seconds = limits.FRAMED_REGISTRATION if session.state is State.NEW else limits.TEXT_REGISTRATION
        event = refusal(ErrorCode.TOO_SLOW_TO_JOIN, seconds=seconds)
        return [LogLine(f"{session.label}: {event.text}"), *self.dismiss(session, event, "too slow to join")]

    def _enter(self, session: Session, name: str) -> list[Effect]:
        session.name = name
        session.state = State.CHATTING
        self._waiting.discard(session)
        self.room.enter(session)
        log = self.room.log
        resumed = history.can_resume(session, self.epoch, log)
        count, seq = len(self.room), log.number()
        session.named_at_seq = seq
        client, settled = session.identity, 0
        if client:
            settled = history.settled_lines(self, session)
            self.answers.note(client, settled, seq)
        session.identity = client or f"seat{seq}"
        joined = self._to_room(events.Joined(seq, name, count), client, settled=settled)
        before = history.catch_up(session, resumed, log)
        welcome: list[Effect] = [Unicast(session, events.Welcomed(name, self.epoch, seq, count, resumed))]
        return [
            joined,
            Entered(session),
            *history.tell_lost(session, resumed),
            *(welcome + before if session.framed else before + welcome),  # on a plain terminal the last line is read
            LogLine(f"{session.label} has joined. Active users: {count}"),
        ]

    def _rename(self, session: Session, name: str, cseq: int | None) -> list[Effect]:
        old, seq = session.name, self.room.log.number()
        self.room.rename(session, name)
        if key_of(old) != session.key:  # in another case it is the same name, held as long as before
            session.named_at_seq = seq
        return [self._to_room(events.Renamed(seq, old, name, cseq), session.identity)]

    # --- refusing ------------------------------------------------------------------------------------------------

    def refuse(self, session: Session, fault: ErrorCode, cseq: int | None, **details: object) -> list[Effect]:
        """Tell `session` of `fault`; whoever has no name is asked for one again."""
        refused = Unicast(session, refusal(fault, cseq, **details))
        return [refused, *self.ask_name(session)] if session.state is State.NAMELESS else [refused]

    def ask_name(self, session: Session) -> list[Effect]:
        """Ask for a name again."""
        return [Unicast(session, Asked("name", ASK_AGAIN))]

    def _out_of_place(self, session: Session, request: Request) -> list[Effect]:
        if session.framed and (session.state is State.NEW or isinstance(request, requests.Hello)):
            return self.dismiss(session, refusal(ErrorCode.HELLO_FIRST), "protocol error")
        if session.named:
            return self.refuse(session, ErrorCode.ALREADY_NAMED, getattr(request, "cseq", None), name=session.name)
        return self.refuse(session, ErrorCode.NOT_NAMED, getattr(request, "cseq", None))

    def _why_not(self, session: Session, name: str) -> WhyNot | None:
        """Return why `session` can't be called `name`, or None if it can."""
        reason = why_not(session, name, self.room, self.registered)
        if reason is None and not session.named and len(self.room) >= self.max_users:
            return ErrorCode.TOO_MANY_USERS, {"limit": self.max_users}
        return reason

    # --- handlers: the state is right, the request's form is right -----------------------------------------------

    def _hello(self, session: Session, request: requests.Hello) -> list[Effect]:
        if request.version != requests.VERSION:
            event = refusal(ErrorCode.BAD_VERSION, ours=requests.VERSION, theirs=request.version)
            return self.dismiss(session, event, "protocol error")
        session.state = State.NAMELESS
        session.deadline = self.now + limits.TEXT_REGISTRATION  # from here on a person may be typing
        session.resume = request.resume
        effects = history.identify(self, session, request.client_id)
        if request.name is None:
            return [*effects, Unicast(session, Asked("name", GREETING))]
        return [*effects, *self._take_name(session, requests.Name(request.name, request.password))]

    def _take_name(self, session: Session, request: requests.Nick | requests.Join | requests.Name) -> list[Effect]:
        name = clean(request.name[:LINE_LIMIT])
        password = getattr(request, "password", None)
        cseq = getattr(request, "cseq", None)
        session.greeted_with = 0 if isinstance(request, requests.Join) else self.greet_history
        if self._why_not(session, name) or not accounts.needs_password(self, session, name, password):
            return self.settle_name(session, name, cseq)
        if password is not None:
            return accounts.check(self, session, name, password, cseq)
        if isinstance(request, requests.Join):
            return self.refuse(session, ErrorCode.PASSWORD_NEEDED, cseq, name=name)
        return accounts.ask_login(session, name, cseq)

    def settle_name(self, session: Session, name: str, cseq: int | None, account: str = "") -> list[Effect]:
        """Give `session` the name, which it may have as `account`'s owner or because it is nobody's; or refuse it."""
        why_not = self._why_not(session, name)
        if why_not is not None:
            fault, details = why_not
            return self.refuse(session, fault, cseq, **details)
        if name == session.name:
            return [Unicast(session, events.Noticed(f"You are {name} already.", cseq))]
        session.account = account or (session.account if session.account == key_of(name) else "")
        return self._rename(session, name, cseq) if session.named else self._enter(session, name)

    def _say(self, session: Session, request: requests.Say) -> list[Effect]:
        if not request.text:
            return self._nothing_to_say(session, request.cseq)
        said = events.Said(self.room.log.number(), session.name, request.text, self._at, request.cseq)
        return [self._to_room(said, session.identity, exclude=None if session.framed else session)]

    def _nothing_to_say(self, session: Session, cseq: int | None) -> list[Effect]:
        """A person who only pressed Enter is told nothing; a client that counts its lines gets its answer."""
        return [] if cseq is None else self.refuse(session, ErrorCode.NOTHING_TO_SAY, cseq)

    def _whisper(self, session: Session, request: requests.Whisper) -> list[Effect]:
        other = self.room.find(request.to)
        if other is None or self._is_newcomer(other, request):
            fault = ErrorCode.NOT_CONNECTED if other is None else ErrorCode.LEFT_SINCE
            return self.refuse(session, fault, request.cseq, name=excerpt(request.to))
        log = self.room.log
        event = events.Whispered(log.number(), session.name, other.name, request.text, self._at, request.cseq)
        log.append(Entry(event, self._at, session.identity, other.identity))
        effects: list[Effect] = [Unicast(other, event)]
        if session is not other:  # a text user reads what was typed, and is told that it arrived (D14)
            effects.append(Unicast(session, event if session.framed else events.Noticed(f"Whispered to {other.name}.")))
        return effects + away.tell(session, other)

    def _is_newcomer(self, other: Session, request: requests.Whisper) -> bool:
        """Return whether `other` has had the name for less long than the sender of the whisper takes for granted."""
        if request.as_of is None:
            return False
        return request.epoch not in (None, self.epoch) or other.named_at_seq > request.as_of

    def _act(self, session: Session, request: requests.Act) -> list[Effect]:
        return self._say(session, requests.Say(acts.as_said(request.text), request.cseq))

    def _list_users(self, session: Session, request: requests.ListUsers) -> list[Effect]:
        names = self.room.names()
        return [Unicast(session, events.UsersListed(names, len(names), request.cseq))]

    def _ping(self, session: Session, request: requests.Ping) -> list[Effect]:
        return [Unicast(session, events.Ponged(request.cseq))]

    def _pong(self, session: Session, request: requests.Pong) -> list[Effect]:
        return []

    def _help(self, session: Session, request: requests.Help) -> list[Effect]:
        rows: Sequence[commands.Command] = commands.SLASH_COMMANDS
        if request.topic is not None:
            try:
                rows = [commands.find(request.topic)]
            except ProtocolError as error:
                return self.malformed(session, requests.Malformed(error, request.cseq))
        described = tuple(row.described() for row in rows)
        return [Unicast(session, events.HelpListed(described, request.cseq))]

    def _disconnect(self, session: Session, request: requests.Disconnect) -> list[Effect]:
        return self._farewell(session, GOODBYE, "goodbye")

    def malformed(self, session: Session, request: requests.Malformed) -> list[Effect]:
        """Tell of what could not be parsed; close after what leaves the stream without a meaning."""
        error = request.error
        if error.fault is ErrorCode.NOT_CHAT:  # whatever that is, one line is enough for it
            return self._farewell(session, str(error), "not a chat client")
        if error.fatal or session.state is State.NEW:
            return self.dismiss(session, refusal(error.fault, None, **error.details), "protocol error")
        return self.refuse(session, error.fault, request.cseq, **error.details)


Handler = Callable[[Hub, Session, Any], list[Effect]]
_NEW = (State.NEW,)  # tuples: these are searched by identity, where a set would hash an Enum in Python
_NAMELESS = (State.NAMELESS,)
_CHATTING = (State.CHATTING,)
_GREETED = _NAMELESS + _CHATTING
_ANY = _NEW + _GREETED

_HANDLERS: dict[type, tuple[tuple[State, ...], Handler]] = {
    requests.Hello: (_NEW, Hub._hello),
    requests.Name: (_NAMELESS, Hub._take_name),
    requests.Join: (_NAMELESS, Hub._take_name),
    requests.Nick: (_GREETED, Hub._take_name),
    requests.Say: (_CHATTING, Hub._say),
    requests.Whisper: (_CHATTING, Hub._whisper),
    requests.Act: (_CHATTING, Hub._act),
    requests.GoAway: (_CHATTING, away.go_away),
    requests.ComeBack: (_CHATTING, away.come_back),
    requests.ListUsers: (_CHATTING, Hub._list_users),
    requests.Register: (_CHATTING, accounts.register),
    requests.ChangePassword: (_CHATTING, accounts.change_password),
    requests.Unregister: (_CHATTING, accounts.unregister),
    requests.Password: (_GREETED, accounts.password),
    requests.Ping: (_CHATTING, Hub._ping),
    requests.Help: (_CHATTING, Hub._help),
    requests.ListHistory: (_CHATTING, history.history),
    requests.Search: (_CHATTING, history.search),
    requests.Seek: (_CHATTING, history.seek),
    requests.Disconnect: (_GREETED, Hub._disconnect),
    requests.Malformed: (_ANY, Hub.malformed),
    requests.Pong: (_GREETED, Hub._pong),
}
