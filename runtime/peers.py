"""The peers of the loop, and what the poller watches each of them for.

A peer is watched for reading while anything that it sends is of use, and for writing while the kernel takes no more
of what waits for it. Both change seldom, and only by what happens to that peer: `update` is called then, and no turn
visits all peers. What the transport needs (`Transport.wants`) may change with each `receive`, and with each `send` that
leaves bytes, so `update` follows these, too.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Collection, Iterable, Iterator

from chat import limits
from chat.delivery.connection import Connection
from chat.session import Session
from runtime.poller import Poller
from runtime.sockets import find_ended
from runtime.transport import Transport


class Peer:
    """The socket side of a user: its transport, session and connection (D12)."""

    __slots__ = (
        "broken",
        "connection",
        "deadline",
        "fd",
        "outbox",
        "reading",
        "session",
        "shut",
        "took_at",
        "transport",
        "writing",
    )

    def __init__(self, transport: Transport, connection: Connection) -> None:
        self.fd = transport.fileno()
        self.session = connection.session
        self.begin(transport, connection)
        self.reading = False  # it is watched for reading
        self.writing = False  # the kernel took no more, so it is watched for writing
        self.broken = False  # the connection is lost
        self.shut = False  # writing is shut down
        self.took_at = 0.0  # loop time when the kernel last took bytes for it
        self.deadline: float | None = None  # set when closing: loop time by which it is closed at the latest

    def begin(self, transport: Transport, connection: Connection) -> None:
        """Go on with this transport of the same socket, and with this connection of the same session."""
        self.transport = transport
        self.connection = connection
        self.outbox = connection.outbox

    @property
    def can_read(self) -> bool:
        """Whether bytes of this peer would be handled now."""
        return self.session.listened_to and not self.connection.ended

    @property
    def is_newcomer(self) -> bool:
        """Whether the user is on its way into the room; not in a handshake, which has a limit of its own."""
        session = self.session
        return not (session.named or session.closing or self.transport.handshaking)

    @property
    def is_due(self) -> bool:
        """Whether the peer can be served without the poller: requests are left, its end, or bytes in the transport."""
        connection, session = self.connection, self.session
        if connection.has_requests or (self.transport.pending and self.can_read):
            return True
        return connection.over and session.listened_to and not session.closing


class Peers:
    """All peers, by descriptor and by session, and sets of those that need attention."""

    def __init__(self, poller: Poller) -> None:
        self.by_fd: dict[int, Peer] = {}
        self.by_session: dict[Session, Peer] = {}
        self.silent: deque[tuple[float, Connection]] = deque()  # to be greeted, and when
        self.busy: dict[int, Peer] = {}  # have requests left over from a turn, so are not read
        self.blocked: set[int] = set()  # the kernel took no more for them, so they are not flushed
        self.failed: list[Peer] = []  # were found to be broken after their turn; the next turn closes them
        self.closing: set[Peer] = set()
        self._poller = poller
        self._paused = False
        self._crossed: set[int] = set()  # watched for something else than is wanted of them (Transport.wants)
        self._last_served = -1
        self._left_out: set[int] = set()  # the newcomers that a crowd has kept from being read in the last turn

    def add(self, peer: Peer) -> None:
        """Take in a peer that has connected."""
        self.by_fd[peer.fd] = peer
        self.by_session[peer.session] = peer
        self.update(peer)

    def remove(self, peer: Peer) -> None:
        """Forget a peer, and close its transport."""
        self.closing.discard(peer)
        self.blocked.discard(peer.fd)
        self.busy.pop(peer.fd, None)
        self._crossed.discard(peer.fd)
        del self.by_session[peer.session]
        del self.by_fd[peer.fd]
        self._poller.forget(peer.fd)
        peer.transport.close()

    def update(self, peer: Peer) -> None:
        """Update what a peer is watched for; to be called whenever its state may have changed."""
        if peer.is_due and not peer.broken:
            self.busy[peer.fd] = peer
        else:
            self.busy.pop(peer.fd, None)
        peer.reading = not (self._paused or peer.broken or peer.fd in self.busy) and peer.can_read
        wanted = peer.reading, peer.writing and not peer.broken
        watched = peer.transport.wants(*wanted)
        self._poller.watch(peer.fd, *watched)
        (self._crossed.discard if watched == wanted else self._crossed.add)(peer.fd)

    def flush(self, peer: Peer, now: float) -> int:
        """Write what waits in a peer's outbox, as much as a turn may and the kernel takes; return how many bytes."""
        outbox, count = peer.outbox, 0
        try:
            count = peer.transport.send(outbox.peek(limits.TURN_FLUSH))
            outbox.sent(count)
            peer.took_at = now
        except (BlockingIOError, InterruptedError):
            if peer.fd not in self.blocked:  # what was before has been taken
                peer.took_at = now
        except OSError:
            outbox.clear()
            peer.broken = True
            if not peer.session.closing:  # else it is closed in this turn
                self.failed.append(peer)
        (self.blocked.add if outbox.size else self.blocked.discard)(peer.fd)
        if peer.broken or peer.writing or outbox.size:  # what is left may wait for something else than before, now
            peer.writing = bool(outbox.size)
            self.update(peer)
        return count

    def pause(self, paused: bool) -> None:
        """Watch no peer for reading while `paused`."""
        if paused != self._paused:
            self._paused = paused
            for peer in self.by_fd.values():
                self.update(peer)

    def wait(self, seconds: float) -> tuple[set[int], set[int]]:
        """Wait for `seconds` at most, or not if a peer is due; return the descriptors that can be read, and written."""
        if self.failed or (self.busy and not self._paused):
            seconds = 0.0
        readable, writable = self._poller.wait(seconds)
        if self._crossed:
            for fd in self._crossed & (readable | writable):
                peer = self.by_fd[fd]
                (readable.add if peer.reading else readable.discard)(fd)
                (writable.add if peer.writing else writable.discard)(fd)
        return readable, writable

    def take_broken(self, unread: Iterable[Session]) -> tuple[list[Peer], list[Session]]:
        """Return the peers found to be broken since the last call, and those of `unread` that have sent an end of file.

        The sessions `unread` are not read for a while, so the system is asked about their connections.
        """
        broken, self.failed = self.failed, []
        peers = {peer.fd: peer for session in unread if (peer := self.by_session.get(session))}
        ended, gone = find_ended(peers)
        return broken + [peers[fd] for fd in gone], [peers[fd].session for fd in ended]

    def take_silent(self, now: float) -> Iterator[Connection]:
        """Yield the connections on which nothing was said until the time for that was over."""
        while self.silent and self.silent[0][0] <= now:
            _, connection = self.silent.popleft()
            if not (connection.detection.decided or connection.session.closing):
                yield connection

    def many_lag(self, readers: Collection[Session], now: float) -> bool:
        """Return whether so many of the room's `readers` lag that nobody should be read.

        A few laggards delay nobody, nor do readers that take nothing at all: waiting would not help them.
        """
        if not self.blocked:
            return False
        blocked = (self.by_fd[fd] for fd in self.blocked)
        moving = (p for p in blocked if p.session in readers and p.took_at + limits.STALLED > now)
        lagging = sum(p.outbox.size - p.outbox.own > limits.LAGGING for p in moving)  # behind the room, that is
        return lagging * limits.LAGGING_SHARE > len(readers)

    def laggards(self, writable: set[int], now: float) -> Iterator[tuple[Peer, str]]:
        """Yield the peers whose outboxes hold too much or are too old, and the reason for each.

        While all outboxes together hold too much, the largest is one of them. Peers that are `writable` take more in
        this turn: the age of what is left then decides in the next one.
        """
        waiting = [self.by_fd[fd] for fd in self.blocked]
        total = sum(peer.outbox.size for peer in waiting)
        for peer in sorted(waiting, key=lambda p: p.outbox.size, reverse=True):
            outbox = peer.outbox
            if outbox.size > limits.HIGH_WATER or total > limits.TOTAL_HIGH_WATER:
                total -= outbox.size
                yield peer, f"{outbox.size // limits.KIB} KiB were waiting"
            elif outbox.age(now) > limits.OUTBOX_AGE and peer.fd not in writable:
                total -= outbox.size
                yield peer, f"it was {limits.OUTBOX_AGE} s behind"

    def by_turns(self, readable: set[int]) -> deque[Peer]:
        """Return the peers to serve, beginning after the last one that was served."""
        if len(readable) == 1 and not self.busy:  # nearly always, where people chat
            return deque(map(self.by_fd.__getitem__, readable))
        ready = sorted(readable | self.busy.keys())
        first = bisect_right(ready, self._last_served)
        peers = [self.by_fd[fd] for fd in ready[first:] + ready[:first]]
        return deque(peers if len(peers) <= limits.TURN_ACCEPTS else self._without_crowd(peers))

    def _without_crowd(self, peers: list[Peer]) -> list[Peer]:
        """Leave out newcomers beyond those of one turn, so that users in the room wait for no crowd.

        Those that were left out in the last turn come first in this one.
        """
        newcomers = [peer.fd for peer in peers if peer.is_newcomer]
        newcomers.sort(key=lambda fd: fd not in self._left_out)
        self._left_out = set(newcomers[limits.TURN_ACCEPTS :])
        return [peer for peer in peers if peer.fd not in self._left_out]

    def served(self, peer: Peer) -> bool:
        """Record `peer` as the last one that was served; return whether it is due again."""
        self._last_served = peer.fd
        connection = peer.connection
        is_rest_left = connection.inbox or connection.ended or peer.session.pauses
        if is_rest_left or not (peer.reading and peer.transport.is_plain):  # else it goes on as before
            self.update(peer)
        return peer.fd in self.busy
