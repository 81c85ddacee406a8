"""A chat server on one select.select loop: `python server.py 8001`, then `telnet localhost 8001` or myclient.py.

One thread moves bytes; what they mean is decided in chat/ and protocol/, which know no sockets. A turn of the loop:

    1 select   wait until something can be read or written, or a timer is due
    2 accept   newcomers, at most 64
    3 read     at most 16 KiB from a peer -> its connection -> requests, 64 of each in turn -> the hub -> effects
    4 deliver  what is new to the journal, then all effects of the turn to the outboxes, together (chat.delivery.fanout)
    5 flush    each outbox with something in it, at most 64 KiB; what the kernel does not take waits for `select`
    6 close    whoever is done, and only here

The rules that it keeps: no call blocks but `select`, and with --sync the journal's, for the disk; a socket is watched
for writing only while bytes are left for it; who was not served for lack of room in a turn comes first in the next; a
peer's error, or a bug that a peer provokes, costs that peer alone.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import select
import socket
import sys
import time
from bisect import bisect_right
from collections import deque
from math import inf

from chat import limits
from chat.admission import Admission
from chat.clock import LoopClock
from chat.delivery.connection import Connection
from chat.delivery.fanout import Fanout
from chat.effects import Broadcast, Close, Effect, LogLine, ReadAgain, Unicast
from chat.hub import Hub
from chat.session import Session
from protocol.dialects import Dialect
from protocol.errors import ErrorCode
from protocol.events import refusal
from runtime.acceptor import Acceptor
from runtime.bootstrap import CannotStartError, begun
from runtime.cli import DIALECTS, invitation, parser, set_limits, why_not_listening
from runtime.ends import ends
from runtime.log_writer import start_log
from runtime.metrics import Figures
from runtime.services import Services
from runtime.signals import Signals
from runtime.sockets import PEERS_LIMIT, listen, raise_descriptor_limit, send

LONGEST_SLEEP = 1.0  # seconds; deadlines are checked at least this often
SWITCH_INTERVAL = 0.0002  # seconds that a worker's Python may keep the loop waiting after each of its system calls

log = logging.getLogger("server")


class Peer:
    """The socket side of a user. Socket, address, session and name are each reached from it (D12)."""

    __slots__ = ("at_eof", "broken", "connection", "deadline", "fd", "outbox", "session", "shut", "sock", "took_at")

    def __init__(self, sock: socket.socket, address: str, text_dialect: Dialect | None) -> None:
        self.sock = sock
        self.fd = sock.fileno()
        self.session = Session(address)
        self.connection = Connection(self.session, text_dialect)
        self.outbox = self.connection.outbox
        self.at_eof = False  # the peer sends nothing more
        self.broken = False  # the socket is of no use any more
        self.shut = False  # we send nothing more
        self.took_at = 0.0  # when the kernel last took something for it, loop time
        self.deadline: float | None = None  # set when closing: by then it is closed, read or not

    @property
    def listened_to(self) -> bool:
        """Whether anything that this peer sends is of use now."""
        session = self.session  # not its `listened_to`: this is asked of everybody in every turn
        return not (self.at_eof or session.waiting or session.held)


class Server:
    """The loop. `step` is one turn of it; `run` turns until told to stop."""

    def __init__(
        self,
        door: Acceptor,
        hub: Hub,
        backroom: Services,
        text_dialect: Dialect | None = None,
        clock: LoopClock | None = None,
    ) -> None:
        """Serve `hub` at `door`, taking all three over; with no `text_dialect`, text users show theirs."""
        self._clock = clock or LoopClock()
        self._hub = hub
        self._backroom = backroom
        self._fanout = Fanout()
        self._text_dialect = text_dialect
        self._door = door
        self._peers: dict[int, Peer] = {}
        self._by_session: dict[Session, Peer] = {}
        self._silent: deque[tuple[float, Peer]] = deque()  # to be greeted, and when
        self._busy: dict[int, Peer] = {}  # have requests left over from a turn, so are not read
        self._blocked: set[int] = set()  # the kernel took no more for them, so are watched for writing
        self._closing: set[Peer] = set()
        self._in_a_hurry = False  # something was queued after the flush
        self._last_served = -1
        self._signals = Signals()
        self._figures = Figures()

    # --- the loop ----------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM, then say goodbye to everyone; a second signal ends it at once."""
        self._signals.install()
        while not self._signals.stops:
            self.step()
        self._shut_down()

    def step(self, longest: float = LONGEST_SLEEP) -> None:
        """Do one turn; sleep up to `longest` seconds if there is nothing to do."""
        now = self._now()
        paused = self._many_lag(now)
        readable, writable, now = self._wait(longest, paused, now)
        if paused:
            self._hub.read_nobody(now)
        effects = self._hub.tick(now, time.time())
        effects += self._hear(readable)
        effects += self._lose_who_hung_up()
        self._accept(readable, now)
        effects += self._greet(now)
        if not paused:
            effects += self._serve_all(readable, now)
        effects += self._drop_laggards(writable, now)
        self._carry_out(effects, now)
        self._blocked -= writable
        self._flush_all(now)
        self._close_done(now)
        self._figures.turned(self._now() - now)

    def _now(self, slept: float = 0.0) -> float:
        """Return the loop time; every time in the loop is one of these. `slept`: see chat.clock."""
        return self._clock.now(time.monotonic(), slept)

    def close(self, wait: bool = True) -> None:
        """Close every socket at once, and `wait` for all to be on the disk."""
        for peer in self._peers.values():
            peer.sock.close()
        self._signals.close()
        self._door.close()
        if wait:
            self._backroom.close()

    def _wait(self, longest: float, paused: bool, now: float) -> tuple[set[int], set[int], float]:
        """Return which descriptors can be read, which can be written, and the time after that was waited for."""
        readers = [*self._door.descriptors(), self._signals.fileno(), *self._backroom.descriptors()]
        if not paused:
            busy = self._busy
            readers += [fd for fd, peer in self._peers.items() if peer.listened_to and fd not in busy]
            longest = 0 if busy else longest
        longest = 0 if self._in_a_hurry else longest
        due = min(self._silent[0][0] if self._silent else inf, self._hub.next_due())
        longest = max(0.0, min(longest, due - now))
        try:
            readable, writable, _ = select.select(readers, list(self._blocked), [], longest)
        except OSError:  # a descriptor is not open any more: all are asked, so that its own peer finds out, alone
            return set(self._peers), set(self._blocked), self._now(longest)
        return set(readable), set(writable), self._now(longest)

    def _hear(self, readable: set[int]) -> list[Effect]:
        """Hear what signals ask for, and what has been done in the backroom."""
        if self._signals.fileno() in readable:
            self._signals.silence()
            if self._signals.take("SIGHUP"):
                self._backroom.reload()
            if self._signals.take("SIGUSR1"):
                self._figures.tell(self._hub.room, [peer.connection for peer in self._peers.values()])
        return self._backroom.hear(readable)

    def _lose_who_hung_up(self) -> list[Effect]:
        """Lose those who wait for the clerk and are gone: they are not read, so nothing else would tell."""
        peers = {peer.fd: peer for s in self._backroom.waiting() if (peer := self._by_session.get(s))}
        ended, broken = ends(peers)
        self._backroom.note_ended(peers[fd].session for fd in ended)
        return [effect for fd in broken for effect in self._lost(peers[fd], "connection lost")]

    def _many_lag(self, now: float) -> bool:
        """Whether so many readers lag that those who talk have to wait. A few that lag delay nobody, nor do any that
        take nothing at all: waiting would not help them."""
        readers = self._fanout.readers  # whoever is being dropped is none any more
        blocked = (self._peers[fd] for fd in self._blocked)
        moving = (p for p in blocked if p.session in readers and p.took_at + limits.STALLED > now)
        lagging = sum(p.outbox.size - p.outbox.own > limits.LAGGING for p in moving)  # behind the room, that is
        return lagging * limits.LAGGING_SHARE > len(readers)

    def _shut_down(self) -> None:
        log.info("Shutting down. Users: %d", len(self._hub.room))
        self._door.shut()
        self._carry_out(self._hub.shut_down(), self._now())
        deadline = self._now() + limits.SHUTDOWN
        while self._peers and self._signals.stops < 2 and self._now() < deadline:
            self.step(0.1)
        self.close(wait=self._signals.stops < 2)

    # --- accepting -----------------------------------------------------------------------------------------------

    def _accept(self, readable: set[int], now: float) -> None:
        self._door.tell_rest(now)
        for fd in readable & self._door.descriptors():
            for sock, address in self._door.let_in(fd, PEERS_LIMIT - len(self._peers), now):
                self._welcome(sock, address, now)

    def _welcome(self, sock: socket.socket, address: str, now: float) -> None:
        peer = Peer(sock, address, self._text_dialect)
        self._peers[peer.fd] = peer
        self._by_session[peer.session] = peer
        self._fanout.attach(peer.connection)
        self._hub.connect(peer.session)
        self._silent.append((now + limits.GREETING_GRACE, peer))

    def _greet(self, now: float) -> list[Effect]:
        effects: list[Effect] = []
        while self._silent and self._silent[0][0] <= now:
            _, peer = self._silent.popleft()
            if not peer.connection.decided and peer.deadline is None:
                effects += self._hub.greet(peer.session)
        return effects

    # --- reading -------------------------------------------------------------------------------------------------

    def _serve_all(self, readable: set[int], now: float) -> list[Effect]:
        """Serve whoever has sent something, by turns, until nobody has more or the turn has said enough."""
        ready = sorted((readable & self._peers.keys()) | self._busy.keys())
        first = bisect_right(ready, self._last_served)
        queue = deque(ready[first:] + ready[:first])
        effects: list[Effect] = []
        room = limits.TURN_INPUT
        while queue and room > 0:
            fd = self._last_served = queue.popleft()
            peer = self._peers[fd]
            before = peer.connection.weight
            self._serve(peer, now, effects)
            room -= peer.connection.weight - before
            if fd in self._busy:
                queue.append(fd)
        return effects

    def _serve(self, peer: Peer, now: float, effects: list[Effect]) -> None:
        """Read from a peer, unless it has something left over, and add what follows to `effects`."""
        try:
            if peer.fd not in self._busy:
                effects += self._read(peer, now)
            self._handle_requests(peer, effects)
        except Exception:  # a bug of ours must cost the peer that met it, and nobody else
            log.exception("%s: a bug in the server; closing", peer.session.label)
            effects += self._lost(peer, "internal error")

    def _read(self, peer: Peer, now: float) -> list[Effect]:
        try:
            chunk = peer.sock.recv(limits.TURN_CHUNK)
        except (BlockingIOError, InterruptedError):
            return []
        except OSError:
            return self._lost(peer, "connection lost")
        if not chunk:
            peer.at_eof = True
            peer.connection.end()
            return []  # what its last line asks for comes first; then `_handle_requests` sees it off
        self._figures.bytes_in += len(chunk)
        if peer.deadline is not None:
            return []
        self._receive(peer, chunk, now)
        return self._hub.received(peer.session, peer.connection.take_cost(len(chunk)))

    def _receive(self, peer: Peer, chunk: bytes, now: float) -> None:
        connection = peer.connection
        was_decided = connection.decided
        answer = connection.receive(chunk)
        if answer:
            connection.outbox.queue(answer, now)
        if not was_decided and connection.framed:
            self._hub.connect_framed(peer.session)
        if connection.is_tls:
            log.info("%s: speaks TLS, which this port does not; closed", peer.session.address)
            peer.broken = True

    def _handle_requests(self, peer: Peer, effects: list[Effect]) -> None:
        session, connection, handle = peer.session, peer.connection, self._hub.handle
        for request in connection.requests(limits.TURN_REQUESTS):
            effects += handle(session, request)
        if peer.at_eof and session.listened_to and not connection.has_requests:
            effects += self._hub.lost(session, "connection closed")
        if peer.broken:
            effects += self._hub.lost(session, "connection lost")
        if connection.has_requests:
            self._busy[peer.fd] = peer
        else:
            self._busy.pop(peer.fd, None)

    def _lost(self, peer: Peer, reason: str) -> list[Effect]:
        peer.broken = True
        self._closing.add(peer)
        self._busy.pop(peer.fd, None)
        return self._hub.lost(peer.session, reason)

    def _drop_laggards(self, writable: set[int], now: float) -> list[Effect]:
        """Dismiss the readers that are too far behind, and while all outboxes hold too much, the largest.

        Those that are `writable` take more in this turn: how old it is decides in the next one.
        """
        effects: list[Effect] = []
        waiting = [self._peers[fd] for fd in self._blocked]
        total = sum(peer.outbox.size for peer in waiting)
        for peer in sorted(waiting, key=lambda p: p.outbox.size, reverse=True):
            outbox = peer.outbox
            if outbox.size > limits.HIGH_WATER or total > limits.TOTAL_HIGH_WATER:
                why = f"{outbox.size // limits.KIB} KiB were waiting"
            elif outbox.age(now) > limits.OUTBOX_AGE and peer.fd not in writable:
                why = f"it was {limits.OUTBOX_AGE} s behind"
            else:
                continue
            total -= outbox.size
            effects += self._hub.dismiss(peer.session, refusal(ErrorCode.TOO_FAR_BEHIND, why=why), "too far behind")
        return effects

    # --- writing and closing -------------------------------------------------------------------------------------

    def _carry_out(self, effects: list[Effect], now: float) -> None:
        effects = effects + self._backroom.keep(now)  # first it is kept, then told
        self._figures.deliveries += self._fanout.deliver(effects, now)
        for effect in effects:
            if isinstance(effect, (Broadcast, Unicast)):
                continue
            if isinstance(effect, LogLine):
                (log.debug if effect.debug else log.info)("%s", effect.text)
            elif isinstance(effect, Close):
                peer = self._by_session[effect.session]
                peer.deadline = now + (limits.SHUTDOWN if self._signals.stops else limits.FAREWELL)
                self._closing.add(peer)
            elif isinstance(effect, ReadAgain):
                self._resume(effect.session)
            else:
                self._backroom.take(effect)

    def _resume(self, session: Session) -> None:
        peer = self._by_session.get(session)
        if peer is not None and (peer.connection.has_requests or peer.at_eof) and not session.closing:
            self._busy[peer.fd] = peer

    def _flush_all(self, now: float) -> None:
        blocked = self._blocked
        for fd, peer in self._peers.items():
            if peer.outbox.size and fd not in blocked:
                self._flush(peer, now)

    def _flush(self, peer: Peer, now: float) -> None:
        outbox = peer.outbox
        try:
            count = send(peer.sock, outbox.peek(limits.TURN_FLUSH))
            outbox.sent(count)
            peer.took_at = now
            self._figures.bytes_out += count
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            outbox.clear()
            peer.broken = True
            self._closing.add(peer)
        if outbox.size:
            self._blocked.add(peer.fd)

    def _close_done(self, now: float) -> None:
        """Close those that are done; let the others' farewell arrive first: flush, shut, wait for their end."""
        lost: list[Effect] = []
        for peer in list(self._closing):
            flushed = not peer.outbox.size
            if peer.broken or (peer.deadline is not None and now >= peer.deadline) or (flushed and peer.at_eof):
                lost += self._hub.lost(peer.session, "connection lost")
                self._forget(peer)
            elif flushed and not peer.shut:
                peer.shut = True
                with contextlib.suppress(OSError):
                    peer.sock.shutdown(socket.SHUT_WR)
        self._in_a_hurry = bool(lost)
        if lost:  # somebody's end was only found out in writing: the others hear of it, in their next flush, at once
            self._carry_out([effect for effect in lost if not isinstance(effect, Close)], now)

    def _forget(self, peer: Peer) -> None:
        self._closing.discard(peer)
        self._blocked.discard(peer.fd)
        self._busy.pop(peer.fd, None)
        self._fanout.detach(peer.connection)
        del self._by_session[peer.session]
        del self._peers[peer.fd]
        self._figures.closed[peer.session.reason] += 1
        self._door.let_out(peer.session.host)
        peer.sock.close()


def main() -> int:
    """Run the server; return the exit code: 0 after SIGINT or SIGTERM, 1 when it can't start (2 is argparse's)."""
    options = parser().parse_args()
    set_limits(options)
    raise_descriptor_limit()
    sys.setswitchinterval(SWITCH_INTERVAL)
    finish_log = start_log(options.log_level)
    try:
        return serve(options)
    finally:
        finish_log()


def serve(options: argparse.Namespace) -> int:
    """Serve as `options` say, until a signal; return the exit code."""
    try:
        door = Acceptor(listen(options.host, options.port), Admission(tuple(options.trusted)))
    except OSError as error:
        print(why_not_listening(error, options.host, options.port), file=sys.stderr)
        return 1
    try:
        hub, backroom = begun(options)
    except CannotStartError as error:
        door.close()
        print(error, file=sys.stderr)
        return 1
    for line in invitation(options.host, options.port):
        log.info("%s", line)
    Server(door, hub, backroom, DIALECTS[options.dialect]).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
