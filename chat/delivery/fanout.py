"""The fan-out: one turn's messages to every reader.

The rule: a message costs its work once, not once per reader. All effects of a turn come here together; each event
for the room is rendered once per dialect, the turn's renderings are joined once, and every reader is handed the
SAME buffer. With 100 readers, what is left per delivery is a hundredth of one rendering and a share of one send.

That buffer goes straight to the kernel, in one loop over the readers of a dialect (`_send`). It asks of each only
whether it is in a small set: the readers for which something waits, since nothing may overtake that, and the readers
that see something else. What the kernel did not take, and what one reader sees alone, goes to an outbox (`_queue`).
The connections whose outboxes hold something are `waiting`; the loop flushes them, and looks at no others.

Most readers see exactly what the room saw. A few differ in a turn: the text user who typed a line must not see it,
a whisper or an answer stands between two lines for one user only, a reader came or left in the middle. Such a
reader gets a `_View`: pieces of the shared buffer (memoryviews, nothing copied) with private events between, cut
at their places, so that everyone's order is the log's order.

    the room    | a | b | c | d |        what each sees, as pieces
    reader 1                             abcd
    ann, typed b                         a   cd
    bob, whispered to after c            abc W d
    eve, came after b                        W cd
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate

from chat import limits
from chat.delivery.connection import Connection
from chat.delivery.outbox import Buffer
from chat.effects import Broadcast, CodecReply, Delivery, Entered, Unicast
from chat.log import KEPT
from chat.session import Session
from protocol.dialects import Dialect
from protocol.events import Event, HelpListed, Joined, Left, Renamed, RoomEvent, Said, UsersListed

Send = Callable[[Buffer], int]  # hands a buffer to the kernel; returns how many bytes it took, or raises OSError


def takes_nothing(buffer: Buffer) -> int:
    """Take nothing, as a kernel whose buffer is full: all that is for this connection waits in its outbox."""
    return 0


class Fanout:
    """The connections, which of them read the room, and which have something waiting in their outboxes."""

    def __init__(self) -> None:
        self.readers: dict[Session, Connection] = {}
        self.waiting: dict[Session, Connection] = {}  # until the loop has flushed their outboxes (`flushed`)
        self.sent = 0  # bytes that went straight to the kernel
        self._connections: dict[Session, Connection] = {}
        self._sends: dict[Session, Send] = {}
        self._groups: dict[Dialect, dict[Session, Send]] = {}  # the readers of each dialect

    def attach(self, connection: Connection, send: Send = takes_nothing) -> None:
        """Deliver to a connection from now on, by its session and straight by `send`; or by another `send` than before.

        With the default, all that is for it waits in its outbox.
        """
        session = connection.session
        self._connections[session] = connection
        self._sends[session] = send
        if session in self.readers:
            self._groups[session.dialect][session] = send

    def detach(self, connection: Connection) -> None:
        """Forget a connection; later deliveries to its session are dropped."""
        session = connection.session
        self._exit(session)
        for by_session in (self._connections, self._sends, self.waiting):
            by_session.pop(session, None)

    def flushed(self, session: Session) -> None:
        """Note that the outbox of a connection is empty again."""
        self.waiting.pop(session, None)

    def deliver(self, turn: Sequence[Delivery], now: float) -> int:
        """Send one turn's deliveries to their readers, or queue them in their outboxes.

        Returns the number of deliveries of the room's events: events times the readers of each.
        """
        if len(turn) == 1 and isinstance(turn[0], Broadcast):  # where people chat, nearly always: no view is needed
            self._tell_the_room([turn[0].event], {turn[0].exclude}, now)
            return len(self.readers) - (turn[0].exclude in self.readers)
        stream, views = self._arrange(turn)
        renderings = self._tell_the_room(stream, set(views), now) if stream else {}
        deliveries = len(stream) * (len(self.readers) - len(self.readers.keys() & views.keys()))
        for session, view in views.items():
            if session in self._connections:
                connection = self._connections[session]
                dialect = session.dialect
                if dialect not in renderings:  # nobody who reads the room speaks it
                    renderings[dialect] = _Rendering(dialect, stream)
                for buffer, is_own in view.buffers(renderings[dialect]):
                    if not buffer:  # an event that this dialect has no words for
                        continue
                    self._queue(connection, buffer, now)
                    connection.outbox.own += len(buffer) if is_own else 0
                deliveries += view.taken
        return deliveries

    def _tell_the_room(
        self, stream: list[RoomEvent], others: set[Session | None], now: float
    ) -> dict[Dialect, _Rendering]:
        """Give all events to each reader but the `others`: straight, unless something already waits for it.

        Returns what was made of them.
        """
        renderings = {dialect: _Rendering(dialect, stream) for dialect, group in self._groups.items() if group}
        waiting: list[Session] = []
        if self.waiting:
            waiting = [session for session in self.waiting if session in self.readers and session not in others]
            others = others.union(waiting)
        for dialect, rendering in renderings.items():
            self._send(rendering.whole, self._groups[dialect], others, now)
        for session in waiting:
            connection = self.readers[session]
            self._queue(connection, renderings[session.dialect].whole, now)
        return renderings

    def _send(self, buffer: bytes, group: dict[Session, Send], skipped: set[Session | None], now: float) -> None:
        """Send `buffer` to a group of readers: the loop of the server's that is run most, once for every delivery.

        What is not sent, for whatever reason, is queued; the flush at the end of the turn finds the reason.
        """
        size = len(buffer)
        unsent = size * len(group.keys() & skipped)
        if size > limits.TURN_FLUSH:  # more than a turn writes to anybody
            group = dict.fromkeys(group, takes_nothing)
        for session, send in group.items():
            if session in skipped:
                continue
            try:
                count = send(buffer)
            except OSError:
                count = 0
            if count != size:
                unsent += size - count
                self._queue(self.readers[session], memoryview(buffer)[count:] if count else buffer, now)
        self.sent += size * len(group) - unsent

    def _queue(self, connection: Connection, buffer: Buffer, now: float) -> None:
        connection.outbox.queue(buffer, now)
        self.waiting[connection.session] = connection

    def _enter(self, session: Session) -> None:
        self.readers[session] = self._connections[session]
        self._groups.setdefault(session.dialect, {})[session] = self._sends[session]

    def _exit(self, session: Session) -> None:
        if self.readers.pop(session, None) is not None:
            del self._groups[session.dialect][session]

    def _arrange(self, turn: Iterable[Delivery]) -> tuple[list[RoomEvent], dict[Session, _View]]:
        """Return the stream of the room's events, and the views of the readers that see something else."""
        stream: list[RoomEvent] = []
        views: dict[Session, _View] = {}
        for effect in turn:
            if isinstance(effect, Broadcast):
                exclude = effect.exclude
                if exclude is not None:
                    (views.get(exclude) or self._view(views, exclude)).skip(len(stream))
                stream.append(effect.event)
                continue
            view = self._view(views, effect.session)
            if isinstance(effect, Unicast):
                view.insert(len(stream), effect.event)
            elif isinstance(effect, CodecReply):
                view.insert(len(stream), effect.content)
            elif isinstance(effect, Entered):
                view.enter(len(stream))
                self._enter(effect.session)
            else:
                view.exit(len(stream))
                self._exit(effect.session)
        return stream, views

    def _view(self, views: dict[Session, _View], session: Session) -> _View:
        if session not in views:
            views[session] = _View(reading=session in self.readers)
        return views[session]


def _encode(dialect: Dialect, event: Event) -> bytes:
    return dialect.codec.encode(dialect.render(event))


# Cached, since many readers get the same: the past that a returning client is sent is sent to the next one, too (after
# a restart that is every client), and so are the lists of users and of commands.
_replayed: Callable[[Dialect, Event], bytes] = lru_cache(KEPT)(_encode)  # type: ignore[assignment]  # mypy takes no protocol for hashable
_listed: Callable[[Dialect, Event], bytes] = lru_cache(16)(_encode)  # type: ignore[assignment]
_ENCODERS = dict.fromkeys((Said, Joined, Left, Renamed), _replayed) | dict.fromkeys((UsersListed, HelpListed), _listed)


class _View:
    """One reader's view of a turn: ranges of the stream, and events for this reader alone."""

    __slots__ = ("_pieces", "_reading", "_start", "taken")

    def __init__(self, reading: bool) -> None:
        self._pieces: list[tuple[int, int] | Event | bytes] = []
        self._reading = reading
        self.taken = 0  # events of the stream
        self._start = 0  # index of the first event of the stream that is not taken yet

    def skip(self, index: int) -> None:
        if self._start < index:
            self._take(index)
        self._start = index + 1

    def insert(self, index: int, own: Event | bytes) -> None:
        self._take(index)
        self._pieces.append(own)

    def enter(self, index: int) -> None:
        self._take(index)
        self._reading = True
        self._start = index

    def exit(self, index: int) -> None:
        self._take(index)
        self._reading = False

    def _take(self, index: int) -> None:
        if self._reading and self._start < index:
            self._pieces.append((self._start, index))
            self.taken += index - self._start
            self._start = index

    def buffers(self, rendering: _Rendering) -> Iterator[tuple[Buffer, bool]]:
        """Yield the buffers of this view, and whether each is this reader's own. The view is complete then."""
        self._take(rendering.length)
        own: list[bytes] = []  # events for this reader alone, one after the other
        for piece in self._pieces:
            if isinstance(piece, tuple):
                if own:
                    yield b"".join(own), True
                    own = []
                yield rendering.part(*piece), False
            elif isinstance(piece, bytes):
                own.append(piece)
            else:
                own.append(_ENCODERS.get(type(piece), _encode)(rendering.dialect, piece))
        if own:
            yield b"".join(own), True


class _Rendering:
    """The stream of one turn in one dialect: every event rendered, all of them joined, both once."""

    def __init__(self, dialect: Dialect, stream: Sequence[RoomEvent]) -> None:
        self.length = len(stream)
        self.dialect = dialect
        render, encode = dialect.render, dialect.codec.encode
        self._parts = [encode(render(event)) for event in stream]
        self.whole = b"".join(self._parts)
        self._offsets: list[int] = []  # until they are needed

    def part(self, start: int, end: int) -> Buffer:
        """Return the events from `start` up to `end`, without a copy."""
        if not self._offsets:
            self._offsets = [0, *accumulate(map(len, self._parts))]
        return memoryview(self.whole)[self._offsets[start] : self._offsets[end]]
