"""The hub: the whole server as a state machine, (session, request) -> effects, at the time of the turn.

It keeps these rules:
- Nothing here waits, reads a clock or touches a socket. `tick` begins a turn and says what time it is; what the hub
  wants done comes back as effects (chat.effects), and their order is the room's order.
- `_HANDLERS`, merged from the tables of chat/handlers, says which request is served in which phase, and by what. A
  request in another phase is refused before any handler runs (`_out_of_place`). Besides, the phase matters in two
  places: an unreadable frame before the hello closes the session (talk.malformed), and a session that is too slow is
  told the time limit of its phase (chat.deadlines).
- `_CONSEQUENCES`, merged in the same way, says what follows from a proposal that the room has carried out (`follow`).
- A line that comes again after a lost connection is answered as it was, and not done twice, by the room
  (chat.room). So an answer to such a line that no proposal led to is proposed, too (`_settle`).
- A session's trouble is answered to that session alone. What a peer sent is cleaned and bounded before it is kept or
  quoted.

Read on in this order: `handle`, `_serve`, `follow`, then the handlers; what they share is in chat/state.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Any

from chat import limits
from chat.deadlines import Deadlines
from chat.effects import (
    AccountTask,
    Answer,
    Close,
    Effect,
    Outcome,
    Reaction,
    ReadAgain,
    SanctionTask,
    SearchTask,
    StoreRole,
    TaskResult,
    Unicast,
    stamped,
    told,
    told_nobody,
)
from chat.handlers import accounts, away, bans, history, moderation, names, presence, talk
from chat.handlers.names import GREETING
from chat.lane import COSTLY, cost
from chat.log import Entry
from chat.order import AWAITED, Deferred, Order
from chat.proposals import (
    Accounts,
    Applied,
    Claim,
    Enter,
    Impose,
    Leave,
    Lift,
    Operators,
    Proposal,
    Remove,
    Settle,
)
from chat.rate_limit import Meter
from chat.replies import Reply, mark_of
from chat.request_log import late_status, status
from chat.room import Room
from chat.sanctions import Sanction
from chat.session import Phase, Session
from chat.state import Consequences, Settings, State, Table
from protocol import requests
from protocol.errors import ErrorCode
from protocol.events import Asked, Event, Refused, refusal
from protocol.objects import dump
from protocol.requests import Announce, Request, Say

_HANDLERS: Table = (
    (talk.HANDLERS | names.HANDLERS | accounts.HANDLERS | history.HANDLERS)
    | (away.HANDLERS | moderation.HANDLERS | bans.HANDLERS)
)  # fmt: skip
_CONSEQUENCES: Consequences = (
    (talk.CONSEQUENCES | presence.CONSEQUENCES | accounts.CONSEQUENCES)
    | (away.CONSEQUENCES | moderation.CONSEQUENCES | bans.CONSEQUENCES)
)  # fmt: skip
_AT_A_QUESTION = (requests.Password, requests.Disconnect, requests.Pong)  # a password question, that is
_ONCE = frozenset(  # lines that are done only once
    {
        *(requests.Say, requests.Act, requests.Whisper, requests.Nick),
        *(requests.Announce, requests.Kick, requests.Mute, requests.Unmute),
        *(requests.Ban, requests.Unban, requests.Lockdown),
    }
)
_ACTS = frozenset({Announce, Remove, Impose, Lift})  # which have lines of their own in the server's log
_UNLOGGED = frozenset({Say, Settle, Claim, Leave})  # or are logged when they are proposed, or are nobody's request
_BY_LEAVERS = frozenset({Enter, Leave})  # what has consequences for a session that is closing
_OF_THE_LOG = frozenset({requests.ListHistory, requests.Search})  # what the asker has said is expected in the answer
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
        self.state = State(room, Settings(max_users, metered, greet_history, kept_names, lockdown_after), self.follow)
        self._deadlines = Deadlines(self.state)

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
            effects += self._deadlines.enforce()
        if state.lane.in_use:
            state.lane.begin_turn()
            while turn := state.lane.take():
                effects += self._serve_costly(*turn)
                effects.append(ReadAgain(turn[0]))
        if now >= self._deadlines.look_at:
            effects += self._deadlines.look_for_silent()
        return effects

    def read_nobody(self, now: float) -> None:
        """Record that the turn at `now` reads no session: none counts as silent while its bytes may wait unread."""
        self._deadlines.read_nobody_at = now

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
        if type(request) in _OF_THE_LOG and state.order.holds_back(session, request):
            return []
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
            reaction = accounts.insist(state, session, request)
        elif session.phase not in phases:
            reaction = self._out_of_place(session, request)
        else:
            reaction = handler(state, session, request)
        if isinstance(reaction, list):
            effects = reaction
        elif cseq is not None and kind in _ONCE and session.named and reaction.answer is not None:
            answer = self._settle(session, reaction.answer, cseq, mark_of(request))
            effects = [*reaction.before, *answer, *reaction.after]
        else:
            effects = told(session, reaction, cseq)
        if kind is not Say:  # what people say to each other is theirs, and there is much of it
            effects = effects + self._status(session, request, cseq, effects or told(session, reaction, cseq))
        if session.meter is not None:
            effects += state.throttle.charge(session, session.meter, request, state.now)
        return effects

    def _status(self, session: Session, request: Request, cseq: int | None, effects: list[Effect]) -> list[Effect]:
        """Return the log's line about `request`; none yet where the order defers what follows from it."""
        return status(session, request, cseq, effects) if effects or not self.state.order.defers else []

    def _settle(self, session: Session, answer: Answer, cseq: int, mark: int) -> list[Effect]:
        """Propose that the line `cseq` was answered; who has left meanwhile may send it again by another connection."""
        payload = dump(stamped(answer, cseq))
        author = None if session.closing else session
        return self.state.propose(author, Settle(cseq, mark, payload, session.identity), cseq)

    def _out_of_place(self, session: Session, request: Request) -> Reaction:
        if session.phase is Phase.NEW or isinstance(request, requests.Hello):
            return self.dismiss(session, refusal(ErrorCode.HELLO_FIRST), "protocol error")
        if session.named:
            return self.state.refuse(session, ErrorCode.ALREADY_NAMED, name=session.name)
        return self.state.refuse_nameless(session, request)

    def _charge_answer(self, session: Session, effects: list[Effect]) -> list[Effect]:
        """Charge `session` for what it is told in `effects`, because it asked; return what follows."""
        size = cost(session, effects)
        self.state.lane.spend(size)
        return self.state.throttle.charge_answer(session, size, self.state.now)

    # --- proposals -----------------------------------------------------------------------------------------------

    def follow(self, author: Session | None, proposal: Proposal, cseq: int | None, applied: Applied) -> list[Effect]:
        """Return what follows from a proposal of `author`, or of anybody elsewhere, which the room has decided.

        `cseq`: the number of the line that it answers.
        """
        if applied.refused is not None or applied.again is not None:
            reaction = self._answer(author, applied)
        else:
            reaction = _CONSEQUENCES[type(proposal)](self.state, author, proposal, applied)
        if isinstance(reaction, list):
            return reaction
        if author is None or author.closing:  # nobody to be answered
            return told_nobody(reaction)
        return told(author, reaction, cseq)

    def _answer(self, author: Session | None, applied: Applied) -> Reaction:
        """Return the answer to a proposal that was refused, or to a line that came again."""
        if author is None or author.closing:
            return []
        if applied.again is not None:
            return [Unicast(author, applied.again)]
        return self.state.decline(author, applied.refused) if applied.refused is not None else []

    def follow_late(self, due: Deferred, applied: Applied) -> list[Effect]:
        """Return what follows from a proposal that this server has made in an earlier turn; log it like a request."""
        author, kind = due.author, type(due.proposal)
        is_awaited = author is not None and kind in AWAITED
        if author is not None and is_awaited:
            author.waiting = False
        if author is not None and author.closing and kind not in _BY_LEAVERS:
            author = None  # after its goodbye it is told nothing
        effects = self.follow(author, due.proposal, due.cseq, applied)
        if author is None or author.closing or author.waiting:
            return effects
        is_act = kind in _ACTS and applied.refused is None
        is_logged = effects and not is_act and kind not in _UNLOGGED  # no effects: it has lost its place meanwhile
        late = late_status(author, effects, "", due.word) if is_logged else []
        return self._late(author, effects + late) if is_awaited else effects + late

    # --- what the services report --------------------------------------------------------------------------------

    def answered(self, task: AccountTask, result: TaskResult, record: str = "") -> list[Effect]:
        """Return what follows from the `result` of a task, and the `record` it made; log it like a request's result."""
        effects = told(task.session, accounts.answered(self.state, task, result, record), task.cseq)
        if task.session.waiting:  # for the order now
            return effects
        is_act = isinstance(task, StoreRole) and result is TaskResult.YES  # which has a line of its own
        late = [] if is_act else late_status(task.session, effects, result.name.lower(), task.session.word)
        return self._late(task.session, effects + late)

    def has_room(self) -> bool:
        """Return whether this turn may give more long answers (chat.lane)."""
        return self.state.lane.has_room

    def found(self, task: SearchTask, result: Any, failed: bool) -> list[Effect]:
        """Return what follows from the `result` of a search: messages or a time; or, if it `failed`, nothing."""
        effects = told(task.session, history.found(self.state, task, result, failed), task.cseq)
        late = late_status(task.session, effects, "", task.session.word)
        return [] if task.session.closing else self._late(task.session, effects + late)

    def written(self, task: SanctionTask, why_not: str = "") -> list[Effect]:
        """Return the answer to who wanted `task` done, which is on the disk now; or is not, because of `why_not`."""
        awaited = task.acknowledgement
        if awaited is None:
            return []
        session, cseq, answer = awaited.session, awaited.cseq, awaited.answer
        news = refusal(ErrorCode.NOT_WRITTEN, done=answer.text, why=why_not) if why_not else answer
        session.waiting = False
        effects = told(session, Outcome(news), cseq)
        late = late_status(session, effects, "", session.word) if why_not else []  # else it has a line of its own
        if cseq is not None:  # it may come again, by another connection
            effects = self._settle(session, news, cseq, awaited.mark)
        return [] if session.closing else self._late(session, effects + late)

    def _late(self, session: Session, effects: list[Effect]) -> list[Effect]:
        """Return the `effects` that a session has waited for, and what they cost it; unless it waits on, it goes on."""
        charged = self._charge_answer(session, effects)
        return [*effects, *charged] if session.waiting else [*effects, *charged, ReadAgain(session)]

    def accounts_are(self, keys: frozenset[str], operators: frozenset[str] = frozenset()) -> list[Effect]:
        """Set the keys of all names that have an account, and of those that are operators'; return what follows."""
        state, room = self.state, self.room
        known, effects = room.registered.keys, []
        if state.settings.is_shared:
            return []
        if keys != known:
            effects = state.propose(None, Accounts(keys - known, frozenset(known - keys)))
        if operators != room.operators:
            effects += state.propose(None, Operators(operators - room.operators, room.operators - operators))
        return effects

    def sanctions_are(
        self, added: Iterable[Sanction], removed: Iterable[Sanction], pending: Iterable[SanctionTask] = ()
    ) -> None:
        """Impose and lift what somebody has written to, and removed from, the file: a part of it (`Change.parts`).

        `pending`: what operators did that was not in the file yet when that was read, and counts as done after it.
        `close_banned` is called after the last part.
        """
        if not self.state.settings.is_shared:
            bans.follow_file(self.state, added, removed, pending)

    def close_banned(self) -> list[Effect]:
        """Dismiss everybody for whom a ban holds that was written to the file by hand."""
        return bans.close_banned(self.state)

    def ban_of(self, host: str) -> Refused | None:
        """Return what a peer at the address `host` is told if that is banned; else None."""
        ban, at = self.room.sanctions.ban_of_host(host, self.state.at), self.state.at
        return None if ban is None else refusal(ErrorCode.BANNED, left=ban.left(at), reason=ban.because)

    def share(self, order: Order) -> None:
        """Go on with a room that other servers share by `order`; it keeps the accounts and bans, and no file does."""
        self.state.order, self.state.settings.is_shared = order, True

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
