"""The hub: the whole server as a state machine, (session, request) -> effects, at the time of the turn.

It keeps these rules:
- Nothing here waits, reads a clock or touches a socket. `tick` begins a turn and says what time it is; what the hub
  wants done comes back as effects (chat.effects), and their order is the room's order.
- `_HANDLERS`, merged from the tables of chat/handlers, says which request is served in which phase, and by what. A
  request in another phase is refused before any handler runs (`_out_of_place`). Besides, the phase matters in two
  places: an unreadable frame before the hello closes the session (talk.malformed), and a session that is too slow is
  told the time limit of its phase (State.enforce_deadlines).
- A handler returns an Outcome. The number of the line (`cseq`) is stamped on its answer here and nowhere else.
- A line that comes again after a lost connection is answered as it was, and not said twice (chat.replies).
- A session's trouble is answered to that session alone. What a peer sent is cleaned and bounded before it is kept or
  quoted.

Read on in this order: `handle`, `_serve`, then the handlers; what they share is in chat/state.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import inf
from typing import Any

from chat import limits
from chat.effects import (
    AccountTask,
    Acknowledgement,
    Answer,
    Close,
    Effect,
    KeepSanction,
    Outcome,
    ReadAgain,
    SanctionTask,
    SearchTask,
    StoreRole,
    TaskResult,
    Unicast,
)
from chat.handlers import accounts, away, history, moderation, names, talk
from chat.handlers.names import GREETING
from chat.lane import COSTLY, cost
from chat.log import Entry
from chat.proposals import Accounts, Impose, Lift, Operators
from chat.rate_limit import Meter
from chat.replies import Reply, answer_again, asked_for, mark_of
from chat.request_log import late_status, status
from chat.room import Room
from chat.sanctions import Sanction
from chat.session import Phase, Session
from chat.state import Handler, Settings, State, Table
from protocol import events, requests
from protocol.errors import ErrorCode
from protocol.events import Asked, Event, Refused, refusal
from protocol.requests import Request, Say

_HANDLERS: Table = (
    talk.HANDLERS | names.HANDLERS | accounts.HANDLERS | history.HANDLERS | away.HANDLERS | moderation.HANDLERS
)
_AT_A_QUESTION = (requests.Password, requests.Disconnect, requests.Pong)  # a password question, that is
_ONCE = frozenset(  # lines that are done only once
    {
        *(requests.Say, requests.Act, requests.Whisper, requests.Nick),
        *(requests.Announce, requests.Kick, requests.Mute, requests.Unmute),
        *(requests.Ban, requests.Unban, requests.Lockdown),
    }
)
_NO_LINES = (requests.Hello, requests.Name, requests.Password, requests.Pong)  # frames that have no `cseq`


class Hub:
    """One room and the sessions that are in it or on their way."""

    def __init__(
        self,
        room: Room,
        max_users: int,
        metered: bool = False,
        greet_history: int = 20,
        kept_names: frozenset[str] = frozenset(),
        lockdown_after: int = 0,
    ) -> None:
        """Go on with `room` and serve up to `max_users` named users; newcomers are told `greet_history` messages.

        `metered`: see chat.rate_limit. Only this machine may register the names with the keys `kept_names`. So many
        newcomers in a minute put a lockdown on as `lockdown_after` says; 0: never.
        """
        self.state = State(room, Settings(max_users, metered, greet_history, kept_names, lockdown_after))
        self._read_nobody_at = 0.0
        self._look_at = 0.0  # when to look for silent clients next

    @property
    def room(self) -> Room:
        """The room, to look at."""
        return self.state.room

    # --- sessions ------------------------------------------------------------------------------------------------

    def tick(self, now: float, at: float) -> list[Effect]:
        """Begin a turn at `now`, which is `at` for people; return what has become due."""
        state = self.state
        state.now, state.at = now, at
        effects: list[Effect] = []
        if state.throttle.until:
            effects += state.throttle.release(now)
        if state.unnamed:
            effects += state.enforce_deadlines()
        if state.lane.in_use:
            state.lane.begin_turn()
            while turn := state.lane.take():
                effects += self._serve_costly(*turn)
                effects.append(ReadAgain(turn[0]))
        if now >= self._look_at:
            self._look_at = now + 1.0
            effects += self._look_for_silent()
        return effects

    def read_nobody(self, now: float) -> None:
        """Record that the turn at `now` reads no session: none counts as silent while its bytes may wait unread."""
        self._read_nobody_at = now

    def next_due(self) -> float:
        """Return when `tick` should come at the latest, for a session on hold or in the lane; `inf` for none."""
        state = self.state
        if state.lane.in_use and state.lane:
            return state.now
        until = state.throttle.until
        return min(until.values()) if until else inf

    def connect(self, session: Session) -> None:
        """Take in a peer that has connected, or whose TLS handshake is done: it may begin to speak.

        It is taken for a text user until its first byte shows a client's frames.
        """
        state = self.state
        session.phase = Phase.NAMELESS
        session.liveness.deadline = state.now + limits.TEXT_REGISTRATION
        session.liveness.heard_at = state.now
        session.meter = Meter(state.now) if state.settings.metered else None
        state.unnamed.add(session)

    def await_tls(self, session: Session) -> None:
        """Note that a peer has to speak TLS, or has begun to; `connect` takes it in when its handshake is done."""
        session.phase = Phase.SECURING
        session.liveness.deadline = self.state.now + limits.HANDSHAKE

    def connect_framed(self, session: Session) -> None:
        """Note that a peer speaks frames, so that it has its hello to send first."""
        session.phase = Phase.NEW
        session.liveness.deadline = self.state.now + limits.FRAMED_REGISTRATION

    def greet(self, session: Session) -> list[Effect]:
        """Return the greeting of a peer that has kept silent; none in clear text for one that is to speak TLS."""
        return [] if session.phase is Phase.SECURING else [Unicast(session, Asked("name", GREETING))]

    def received(self, session: Session, size: int) -> list[Effect]:
        """Return what follows from so many bytes, whatever they are."""
        session.liveness.heard_at = self.state.now
        return [] if session.meter is None else self.state.throttle.charge_bytes(session, size, self.state.now)

    def lost(self, session: Session, reason: str) -> list[Effect]:
        """Take out the session of a peer that is lost, for `reason`, and close it. Does nothing the second time."""
        return [] if session.closing else [*self.state.exit(session, reason), Close(session)]

    def dismiss(self, session: Session, event: Event, reason: str) -> list[Effect]:
        """Tell `session` why with `event`, the others with `reason`, and close it."""
        return self.state.dismiss(session, event, reason)

    def shut_down(self) -> list[Effect]:
        """Dismiss everybody because the server stops, without telling each that the others leave."""
        sessions = [*self.state.sessions.values(), *self.state.unnamed]
        return [effect for session in sessions for effect in self.state.turn_out(session)]

    # --- requests ------------------------------------------------------------------------------------------------

    def handle(self, session: Session, request: Request) -> list[Effect]:
        """Return what `request` leads to: nothing yet, if it has to wait for its turn (chat.lane).

        A session that is CLOSING has no requests any more.
        """
        state = self.state
        session.liveness.heard_at = state.now
        if type(request) not in COSTLY:
            return self._serve(session, request)
        if state.lane.is_open:
            return self._serve_costly(session, request)
        state.lane.join(session, request)
        return []

    def _serve_costly(self, session: Session, request: Request) -> list[Effect]:
        effects = self._serve(session, request)
        return effects + self._charge_answer(session, effects)

    def _serve(self, session: Session, request: Request) -> list[Effect]:
        state = self.state
        kind = type(request)
        cseq = request.cseq if type(request) is Say or not isinstance(request, _NO_LINES) else None
        phases, handler = _HANDLERS[kind]
        if session.question is not None and kind not in _AT_A_QUESTION:
            outcome = self._insist(session, request)
        elif session.phase not in phases:
            outcome = self._out_of_place(session, request)
        elif cseq is not None and kind in _ONCE and session.identity:
            outcome = self._once(session, request, cseq, handler)
        else:
            outcome = handler(state, session, request)
        effects = outcome.before if outcome.answer is None and not outcome.after else _told(session, outcome, cseq)
        if kind is not Say:  # what people say to each other is theirs, and there is much of it
            effects += status(session, request, cseq, effects)
        if session.meter is not None:
            effects += state.throttle.charge(session, session.meter, request, state.now)
        return effects

    def _once(self, session: Session, request: Request, cseq: int, handler: Handler) -> Outcome:
        """Have `handler` do what a client's line asks for; answer it again if it was done before, in any run."""
        replies = self.state.room.replies
        if cseq <= (replies.highest(session.identity) or 0):
            event = answer_again(replies, self.state.room.log, session.identity, cseq, request)
            if isinstance(event, ErrorCode):
                return self.state.refuse(session, event)
            return Outcome(before=[Unicast(session, event)])
        outcome = handler(self.state, session, request)
        if outcome.answer is not None and session.named:  # an entry of the log is noted by the room
            self._remember(session, request, cseq, outcome.answer)
        return outcome

    def _remember(self, session: Session, request: Request, cseq: int, answer: Answer) -> None:
        mark = mark_of(asked_for(request))
        self.room.replies.remember(session.identity, cseq, mark, _stamped(answer, cseq))

    def _insist(self, session: Session, request: Request) -> Outcome:
        """Refuse a request that is no answer to the question that stands: it may be the password, to be kept secret."""
        error, details = ErrorCode.PASSWORD_ASKED, {}
        if isinstance(request, requests.Malformed):
            if request.error.fatal:
                return talk.malformed(self.state, session, request)
            if request.cseq is None:  # a text user's answer, that was not readable
                error, details = request.error.fault, request.error.details
        return Outcome(refusal(error, None, **details), after=accounts.ask_again(session))

    def _out_of_place(self, session: Session, request: Request) -> Outcome:
        if session.phase is Phase.NEW or isinstance(request, requests.Hello):
            return Outcome(before=self.dismiss(session, refusal(ErrorCode.HELLO_FIRST), "protocol error"))
        if session.named:
            return self.state.refuse(session, ErrorCode.ALREADY_NAMED, name=session.name)
        return self.state.refuse(session, ErrorCode.NOT_NAMED)

    def _charge_answer(self, session: Session, effects: list[Effect]) -> list[Effect]:
        """Charge `session` for what it is told in `effects`, because it asked; return what follows."""
        size = cost(session, effects)
        self.state.lane.spend(size)
        return self.state.throttle.charge_answer(session, size, self.state.now)

    # --- what the services report --------------------------------------------------------------------------------

    def answered(self, task: AccountTask, result: TaskResult) -> list[Effect]:
        """Return what follows from the `result` of a task; log it like a request's result."""
        return self._late(task, accounts.answered(self.state, task, result), result.name.lower())

    def found(self, task: SearchTask, result: Any, failed: bool) -> list[Effect]:
        """Return what follows from the `result` of a search: messages or a time; or, if it `failed`, nothing."""
        outcome = history.found(self.state, task, result, failed)
        return [] if task.session.closing else self._late(task, outcome, "")

    def written(self, task: SanctionTask, why_not: str = "") -> list[Effect]:
        """Return the answer to who wanted `task` done, which is on the disk now; or is not, because of `why_not`."""
        awaited = task.acknowledgement
        if awaited is None:
            return []
        session, answer = awaited.session, awaited.answer
        told = refusal(ErrorCode.NOT_WRITTEN, done=answer.text, why=why_not) if why_not else answer
        session.waiting = False
        if awaited.cseq is not None:  # it may come again, by another connection
            self._remember(session, awaited.request, awaited.cseq, told)
        return [] if session.closing else self._late(awaited, Outcome(told), "no" if why_not else "yes")

    def _late(self, task: AccountTask | SearchTask | Acknowledgement, outcome: Outcome, result: str) -> list[Effect]:
        session = task.session
        effects = _told(session, outcome, task.cseq)
        is_act = isinstance(task, StoreRole | Acknowledgement) and result == "yes"  # which has a line of its own
        late = [] if is_act else late_status(session, effects, result)
        return [*effects, *late, *self._charge_answer(session, effects), ReadAgain(session)]

    def accounts_are(self, keys: frozenset[str], operators: frozenset[str] = frozenset()) -> list[Effect]:
        """Set the keys of all names that have an account, and of those that are operators'; return what follows."""
        state, room = self.state, self.room
        known = room.registered.keys
        if keys is not known and keys != known:
            state.order.propose(0, Accounts(keys - known, known - keys), state.at)
        if operators == room.operators:
            return []
        were = {session: state.is_operator(session) for session in state.sessions.values()}
        state.order.propose(0, Operators(operators - room.operators, room.operators - operators), state.at)
        return [effect for session, was in were.items() for effect in state.role_told(session, was)]

    def sanctions_are(
        self, added: Iterable[Sanction], removed: Iterable[Sanction], pending: Iterable[SanctionTask] = ()
    ) -> None:
        """Impose and lift what somebody has written to, and removed from, the file: a part of it (`Change.parts`).

        `pending`: what operators did that was not in the file yet when that was read, and counts as done after it.
        `close_banned` is called after the last part.
        """
        state = self.state
        edits = [Lift(one.act, one.subjects[0]) for one in removed] + [Impose(one) for one in added]
        again = [_proposal_of(task) for task in pending] if edits else []
        for proposal in (*edits, *again):
            state.order.propose(0, proposal, state.at)

    def close_banned(self) -> list[Effect]:
        """Dismiss everybody for whom a ban holds that was written to the file by hand."""
        return self.state.close_banned("")

    def ban_of(self, host: str) -> Refused | None:
        """Return what a peer at the address `host` is told if that is banned; else None."""
        ban, at = self.room.sanctions.ban_of_host(host, self.state.at), self.state.at
        return None if ban is None else refusal(ErrorCode.BANNED, left=ban.left(at), reason=ban.because)

    def greet_with(self, motd: tuple[str, ...]) -> None:
        """Tell newcomers these lines from now on."""
        self.state.settings.motd = motd

    def use_archive(self, there_is_one: bool) -> None:
        """Set whether messages that are no longer in memory can be searched."""
        self.state.settings.has_archive = there_is_one

    def journal_lost(self) -> list[Effect]:
        """Tell everybody that there is no journal any more."""
        return history.journal_lost(self.state)

    def take_fresh(self) -> tuple[list[Entry], list[Reply]]:
        """Return what is new in the log, and the new replies, since the last call: for the journal."""
        room = self.state.room
        return room.log.take_fresh(), room.replies.take_fresh()

    # --- what becomes due ----------------------------------------------------------------------------------------

    def _look_for_silent(self) -> list[Effect]:
        """Ping the clients that have been silent for long, and give up those that don't answer.

        A client whose answer may be there and was not read is not silent.
        """
        effects: list[Effect] = []
        now = self.state.now
        pinged = [s for s in self.state.sessions.values() if s.dialect.pings and s.listened_to]
        for session in pinged:
            times = session.liveness
            if times.heard_at + limits.PING_AFTER > now:
                continue
            if times.pinged_at <= times.heard_at:
                times.pinged_at = now
                effects.append(Unicast(session, events.Pinged()))
            elif max(times.pinged_at, self._read_nobody_at) + limits.PONG_WITHIN <= now:
                seconds = limits.PING_AFTER + limits.PONG_WITHIN
                effects += self.dismiss(session, refusal(ErrorCode.SILENT, seconds=seconds), "no answer to a ping")
        return effects


def _proposal_of(task: SanctionTask) -> Impose | Lift:
    return Impose(task.sanction) if isinstance(task, KeepSanction) else Lift(task.act, task.subject)


def _told(session: Session, outcome: Outcome, cseq: int | None) -> list[Effect]:
    """Return the effects of an `outcome`, with its answer stamped with the line's number."""
    if outcome.answer is None:
        return outcome.before + outcome.after if outcome.after else outcome.before
    return [*outcome.before, Unicast(session, _stamped(outcome.answer, cseq)), *outcome.after]


def _stamped(answer: Answer, cseq: int | None) -> Answer:
    return answer if cseq is None else replace(answer, cseq=cseq)
