"""The fan-out: one turn's messages to every outbox.

The rule: a message costs its work once, not once per reader. All effects of a turn come here together; each event
for the room is rendered once per dialect, the turn's renderings are joined once, and every reader is handed the
SAME buffer. With 100 readers, what is left per delivery is a hundredth of one rendering and a share of one send.

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

from chat.delivery.connection import Connection
from chat.delivery.outbox import Buffer
from chat.effects import Broadcast, Delivery, Entered, Unicast
from chat.log import KEPT
from chat.session import Session
from protocol.dialects import Dialect
from protocol.events import Event, HelpListed, Joined, Left, Renamed, RoomEvent, Said, UsersListed


class Fanout:
    """The connections, and which of them read the room."""

    def __init__(self) -> None:
        self.readers: dict[Session, Connection] = {}
        self._connections: dict[Session, Connection] = {}

    def attach(self, connection: Connection) -> None:
        """Deliver to a connection from now on, by its session."""
        self._connections[connection.session] = connection

    def detach(self, connection: Connection) -> None:
        """Forget a connection; later deliveries to its session are dropped."""
        self._connections.pop(connection.session, None)
        self.readers.pop(connection.session, None)

    def deliver(self, turn: Iterable[Delivery], now: float) -> int:
        """Queue one turn's deliveries in the outboxes of their readers.

        Returns the number of deliveries of the room's events: events times the readers of each.
        """
        stream, views = self._arrange(turn)
        renderings = _Renderings(stream)
        deliveries = 0
        if stream:
            for session, connection in self.readers.items():
                if session not in views:
                    connection.outbox.queue(renderings[connection.dialect].whole, now)
                    deliveries += len(stream)
        for session, view in views.items():
            if session in self._connections:
                connection = self._connections[session]
                outbox = connection.outbox
                for buffer, is_own in view.buffers(renderings[connection.dialect]):
                    outbox.queue(buffer, now)
                    outbox.own += len(buffer) if is_own else 0
                deliveries += view.taken
        return deliveries

    def _arrange(self, turn: Iterable[Delivery]) -> tuple[list[RoomEvent], dict[Session, _View]]:
        """Return the stream of the room's events, and the views of the readers that see something else."""
        stream: list[RoomEvent] = []
        views: dict[Session, _View] = {}

        def view(session: Session) -> _View:
            if session not in views:
                views[session] = _View(reading=session in self.readers)
            return views[session]

        for effect in turn:
            if isinstance(effect, Broadcast):
                if effect.exclude is not None:
                    view(effect.exclude).skip(len(stream))
                stream.append(effect.event)
            elif isinstance(effect, Unicast):
                view(effect.session).insert(len(stream), effect.event)
            elif isinstance(effect, Entered):
                view(effect.session).enter(len(stream))
                self.readers[effect.session] = self._connections[effect.session]
            else:
                view(effect.session).exit(len(stream))
                self.readers.pop(effect.session, None)
        return stream, views


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
        self._pieces: list[tuple[int, int] | Event] = []
        self._reading = reading
        self.taken = 0  # events of the stream
        self._start = 0  # index of the first event of the stream that is not taken yet

    def skip(self, index: int) -> None:
        self._take(index)
        self._start = index + 1

    def insert(self, index: int, event: Event) -> None:
        self._take(index)
        self._pieces.append(event)

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
            if not isinstance(piece, tuple):
                own.append(_ENCODERS.get(type(piece), _encode)(rendering.dialect, piece))
                continue
            if own:
                yield b"".join(own), True
                own = []
            yield rendering.part(*piece), False
        if own:
            yield b"".join(own), True


class _Rendering:
    """The stream of one turn in one dialect: every event rendered, all of them joined, both once."""

    def __init__(self, dialect: Dialect, stream: Sequence[RoomEvent]) -> None:
        self.length = len(stream)
        self.dialect = dialect
        parts = [self.encode(event) for event in stream]
        self.whole = b"".join(parts)
        self._offsets = [0, *accumulate(map(len, parts))]

    def encode(self, event: Event) -> bytes:
        return _encode(self.dialect, event)

    def part(self, start: int, end: int) -> Buffer:
        """Return the events from `start` up to `end`, without a copy."""
        return memoryview(self.whole)[self._offsets[start] : self._offsets[end]]


class _Renderings(dict[Dialect, _Rendering]):
    """The renderings of one turn; each is made when a reader first needs it."""

    def __init__(self, stream: Sequence[RoomEvent]) -> None:
        super().__init__()
        self._stream = stream

    def __missing__(self, dialect: Dialect) -> _Rendering:
        self[dialect] = _Rendering(dialect, self._stream)
        return self[dialect]
