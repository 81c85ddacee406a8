"""A chat server on one select.select loop: `python server.py 8001`, then `telnet localhost 8001` or myclient.py.

One thread moves bytes; what they mean is decided in chat/ and protocol/, which know no sockets. A turn of the loop:

    1 select   wait until something can be read or written, or a timer is due
    2 accept   newcomers, at most 64; those that a proxy brings when it has said who they are (runtime.proxies)
    3 read     at most 16 KiB from a peer -> its connection -> requests, 64 of each in turn -> the hub -> effects;
               at most 64 that are not in the room yet; 3 ms of TLS handshakes, or one
    4 deliver  what is new to the journal, then all effects of the turn together to their readers (chat.delivery.fanout)
    5 flush    the outboxes that hold what is left, at most 64 KiB each; what the kernel leaves waits for `select`
    6 close    those that are done, and only here

The rules that it keeps: no call blocks but `select`, and with --sync the journal's, for the disk; a socket is watched
for writing only while bytes are left for it; peers that were not served for lack of room in a turn come first in the
next; a peer's error, or a bug that a peer provokes, costs that peer alone; a turn looks only at the peers that have
something to do in it, and takes only the steps that have a peer to look at.

The poller (runtime.poller), the clock (runtime.clock) and each peer's transport (runtime.transport) are handed in.
"""

from __future__ import annotations

import argparse
import logging
import sys
from dataclasses import replace
from math import inf

from chat import limits
from chat.delivery import intake
from chat.delivery.connection import Connection
from chat.delivery.detection import Doors, Security
from chat.delivery.fanout import Fanout
from chat.effects import (
    Arrived,
    Broadcast,
    Close,
    CodecReply,
    Command,
    Delivery,
    Effect,
    Entered,
    Exited,
    LogLine,
    ReadAgain,
    Unicast,
)
from chat.hub import Hub
from chat.session import Phase, Session
from protocol.errors import ErrorCode
from protocol.events import Refused, refusal
from runtime import maintenance
from runtime.acceptor import Acceptor
from runtime.bootstrap import CannotStartError, open_acceptor, open_services
from runtime.cli import DIALECTS, invitation, options_of, set_limits
from runtime.clock import LoopClock
from runtime.encryption import Handshakes
from runtime.garbage import limit_collections
from runtime.log_writer import start_log
from runtime.metrics import Metrics, Snapshot, log_line
from runtime.operator_pages import operator_pages
from runtime.peers import Peer, Peers
from runtime.poller import OURS, POLLERS, Poller
from runtime.services import Services
from runtime.signals import Signals
from runtime.sockets import raise_descriptor_limit
from runtime.transport import Transport
from runtime.web_files import open_site

LONGEST_SLEEP = 1.0  # seconds; deadlines are checked at least this often
SWITCH_INTERVAL = 0.0002  # seconds that a worker's Python may keep the loop waiting after each of its system calls

log = logging.getLogger("server")


class Server:
    """The loop. `step` is one turn of it; `run` turns until a signal stops it.

    It has many attributes, because it owns one of each part of the server, and little else: two times, its descriptors.
    """

    def __init__(
        self, acceptor: Acceptor, hub: Hub, services: Services, doors: Doors, poller: Poller, clock: LoopClock
    ) -> None:
        """Serve `hub` to all who come in by `doors`, and own the rest."""
        self._acceptor = acceptor
        self._hub = hub
        self._services = services
        self._doors = replace(doors, site=doors.site.and_pages(operator_pages(doors.trusted, self._look)))
        self._poller = poller
        self._clock = clock
        self._fanout = Fanout()
        self._peers = Peers(poller)
        self._handshakes = Handshakes(acceptor.encryption, clock.now)
        self._signals = Signals()
        self._metrics = Metrics()
        self._now = clock.now()  # loop time at the end of the last turn
        self._log_at = 0.0  # loop time at which the acceptor logs what it has only counted
        for fd in (self._signals.fileno(), *services.descriptors()):
            poller.watch(fd, reading=True, writing=False)

    # --- the loop ----------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM, then say goodbye to everyone; a second signal ends it at once."""
        self._signals.install()
        while not (self._signals.stops or self._services.has_failed):
            self.step()
        self._shut_down()

    def step(self, longest: float = LONGEST_SLEEP) -> None:
        """Do one turn; sleep up to `longest` seconds if there is nothing to do.

        A step that few turns need stands behind a look at what there is for it to do.
        """
        peers = self._peers
        paused = peers.many_lag(self._fanout.readers, self._now)
        peers.pause(paused)
        readable, writable, now = self._wait(longest)
        if paused:
            self._hub.read_nobody(now)
        effects = self._hub.tick(now, self._clock.time())
        if ours := readable.difference(self._peers.by_fd):
            readable -= ours
            effects += self._collect(ours)
            self._accept(ours, now)
        if now >= self._log_at:
            self._log_at = now + 1.0
            self._acceptor.tick(now)
            self._handshakes.log_rest(now)
        if peers.failed or self._services.has_waiting:
            effects += self._lose_broken()
        if (readable or peers.busy) and not paused:
            self._serve_all(readable, effects, now)
        if peers.silent:  # after reading: a hello that came late is no silence
            effects += self._greet(now)
        if peers.blocked:
            effects += self._drop_laggards(writable, now)
        self._carry_out(effects, now)
        if self._fanout.waiting:
            self._flush_all(writable, now)
        if peers.closing:
            self._close_done(now)
        self._now = self._clock.now()
        self._metrics.count_turn(self._now - now)

    def close(self, wait: bool = True) -> None:
        """Close every socket at once, and `wait` for all to be on the disk."""
        for peer in self._peers.by_fd.values():
            peer.transport.close()
        self._acceptor.close()
        self._poller.close()
        self._signals.close()
        if wait:
            self._services.close()

    def _wait(self, longest: float) -> tuple[set[int], set[int], float]:
        """Wait; return the descriptors that can be read, those that can be written, and the time after it."""
        silent = self._peers.silent
        due = min(silent[0][0] if silent else inf, self._hub.next_due())
        longest = max(0.0, min(longest, due - self._now))
        readable, writable = self._peers.wait(longest)
        return readable, writable, self._clock.now(longest)

    def _collect(self, ours: set[int]) -> list[Effect]:
        """Act on signals; return the effects of the services' results."""
        if self._signals.fileno() in ours:
            self._signals.clear()
            if self._signals.take("SIGHUP"):
                self._services.reload()
                self._handshakes.reload()
            if self._signals.take("SIGUSR1"):
                log_line(self._look())
        return self._services.collect(ours)

    def _look(self) -> Snapshot:
        connections = [peer.connection for peer in self._peers.by_fd.values()]
        entries, turned_away = self._services.entries, self._acceptor.turned_away
        return Snapshot(self._metrics, self._hub.room, entries, connections, self._fanout.sent, turned_away)

    def _lose_broken(self) -> list[Effect]:
        """Lose the peers whose connections broke in the last turn's flush, or while they wait for an account task."""
        broken, ended = self._peers.take_broken(self._services.waiting())
        self._services.note_ended(ended)
        return [effect for peer in broken for effect in self._lost(peer, "connection lost")]

    def _shut_down(self) -> None:
        log.info("Shutting down. Users: %d", len(self._hub.room))
        self._acceptor.shut()
        self._carry_out(self._hub.shut_down(), self._clock.now())
        deadline = self._clock.now() + limits.SHUTDOWN
        while self._peers.by_fd and self._signals.stops < 2 and self._clock.now() < deadline:
            self.step(0.1)
        self.close(wait=self._signals.stops < 2)

    # --- accepting -----------------------------------------------------------------------------------------------

    def _accept(self, ours: set[int], now: float) -> None:
        room = self._poller.peers_limit - len(self._peers.by_fd)
        for transport, address in self._acceptor.accept_all(ours, room, now):
            self._welcome(transport, address, now)

    def _welcome(self, transport: Transport, address: str, now: float) -> None:
        session = Session(address)
        security = self._handshakes.security_for(session.host)
        peer = Peer(transport, Connection(session, self._doors, security))
        self._peers.add(peer)
        self._begin(peer, now)
        if security is Security.REQUIRED:
            self._hub.await_tls(session)

    def _begin(self, peer: Peer, now: float) -> None:
        """Let a peer speak that has connected, or whose TLS handshake is done."""
        self._use(peer, peer.transport)
        self._hub.connect(peer.session)
        self._peers.silent.append((now + limits.GREETING_GRACE, peer.connection))

    def _use(self, peer: Peer, transport: Transport) -> None:
        """Send and receive by `transport` from now on."""
        peer.transport = transport
        self._fanout.attach(peer.connection, transport.send_one)

    def _greet(self, now: float) -> list[Effect]:
        return [effect for silent in self._peers.take_silent(now) for effect in intake.greet(self._hub, silent)]

    # --- reading -------------------------------------------------------------------------------------------------

    def _serve_all(self, readable: set[int], effects: list[Effect], now: float) -> None:
        """Serve the peers that have sent something, round-robin, until none has more or the turn's input is used up."""
        queue = self._peers.by_turns(readable)
        room = limits.TURN_INPUT
        while queue and room > 0:
            peer = queue.popleft()
            if peer.transport.handshaking:
                self._handshakes.add(peer)
                continue
            before = peer.connection.weight
            self._serve(peer, effects)
            room -= peer.connection.weight - before
            if self._peers.served(peer):
                queue.append(peer)
        if self._handshakes.ready:
            self._shake_hands(effects, now)

    def _serve(self, peer: Peer, effects: list[Effect]) -> None:
        """Read from a peer, unless it has requests left over; what its requests lead to is added to `effects`."""
        try:
            connection = peer.connection
            if not (connection.has_requests or connection.ended):  # of a closing peer, the rest is read and dropped
                effects += self._read(peer)
            intake.serve(self._hub, connection, effects)
        except Exception:  # a bug costs the peer that provokes it, and nobody else; what came before it is kept
            log.exception("%s: a bug in the server; closing", peer.session.label)
            effects += self._lost(peer, "internal error")

    def _read(self, peer: Peer) -> list[Effect]:
        transport, connection = peer.transport, peer.connection
        try:
            chunk = transport.receive(limits.TURN_CHUNK)
        except (BlockingIOError, InterruptedError):
            return intake.charge_overhead(self._hub, connection, transport.take_overhead())
        except OSError:
            return self._lost(peer, "connection lost")
        self._metrics.bytes_in += len(chunk)
        if not chunk:
            connection.end(cut_off=transport.truncated)
            return []
        effects = intake.receive(self._hub, connection, chunk)
        if peer.session.phase is Phase.SECURING and connection.detection.begins_tls:
            self._fanout.detach(connection)  # until the handshake is done
            self._handshakes.begin(peer, chunk)
        if not transport.is_plain:
            effects += intake.charge_overhead(self._hub, connection, transport.take_overhead())
        return effects

    def _shake_hands(self, effects: list[Effect], now: float) -> None:
        """Go on with TLS handshakes, as many as a turn has room for."""
        for peer, has_failed in self._handshakes.go_on(now):
            if has_failed:
                effects += self._hub.lost(peer.session, "no TLS handshake")
            elif not peer.transport.handshaking:
                self._begin(peer, now)
            self._peers.update(peer)

    def _lost(self, peer: Peer, reason: str) -> list[Effect]:
        peer.broken = True
        self._peers.closing.add(peer)
        self._peers.update(peer)
        return self._hub.lost(peer.session, reason)

    def _drop_laggards(self, writable: set[int], now: float) -> list[Effect]:
        """Dismiss the readers that are too far behind."""
        effects: list[Effect] = []
        for peer, why in self._peers.laggards(writable, now):
            effects += self._hub.dismiss(peer.session, refusal(ErrorCode.TOO_FAR_BEHIND, why=why), "too far behind")
        return effects

    # --- writing and closing -------------------------------------------------------------------------------------

    def _carry_out(self, effects: list[Effect], now: float) -> None:
        effects = effects + self._services.write_journal(now)  # first into the journal, then delivered
        deliveries: list[Delivery] = []
        for effect in effects:
            match effect:
                case Broadcast() | CodecReply() | Entered() | Exited():
                    deliveries.append(effect)
                case Unicast():
                    deliveries.append(effect)
                    if type(effect.event) is Refused:
                        self._metrics.refused[effect.event.code] += 1
                case _:
                    self._execute(effect, now, deliveries)
        self._metrics.deliveries += self._fanout.deliver(deliveries, now)

    def _execute(self, command: Command, now: float, deliveries: list[Delivery]) -> None:
        """Carry out what is no delivery; a farewell that it leads to is added to `deliveries`."""
        match command:
            case LogLine():
                (log.debug if command.debug else log.info)("%s", command.text)
            case Arrived():
                self._acceptor.log_arrival(command.session.address, now)
            case Close():
                peer = self._peers.by_session[command.session]
                peer.deadline = now + (limits.SHUTDOWN if self._signals.stops else limits.FAREWELL)
                self._peers.closing.add(peer)
                if farewell := peer.connection.farewell():
                    deliveries.append(CodecReply(command.session, farewell))
            case ReadAgain():
                if command.session in self._peers.by_session:
                    self._peers.update(self._peers.by_session[command.session])
            case _:
                self._services.submit(command)

    def _flush_all(self, writable: set[int], now: float) -> None:
        """Flush the outboxes that hold something, unless the kernel takes no more of them yet."""
        for session in list(self._fanout.waiting):
            peer = self._peers.by_session[session]
            if peer.fd not in self._peers.blocked or peer.fd in writable:
                self._metrics.bytes_out += self._peers.flush(peer, now)
                if not peer.outbox.size:
                    self._fanout.flushed(session)

    def _close_done(self, now: float) -> None:
        """Close the peers that are done; before that flush, shut down writing, and wait for the peer's end of file."""
        for peer in list(self._peers.closing):
            flushed = not peer.outbox.size
            late = peer.deadline is not None and now >= peer.deadline
            if peer.broken or late or (flushed and peer.connection.ended):
                self._forget(peer, now)
                continue
            self._peers.update(peer)  # it is read to its end, whatever it was waiting for
            if flushed and not peer.shut:
                peer.shut = peer.transport.shut()

    def _forget(self, peer: Peer, now: float) -> None:
        self._fanout.detach(peer.connection)
        self._metrics.count_closed(peer.session.reason)
        self._acceptor.release(peer.session.host, now, was_page=peer.connection.was_page)
        self._peers.remove(peer)


def main() -> int:
    """Run the server; return the exit code: 0 after SIGINT or SIGTERM, 1 when it can't start or go on."""
    if (code := maintenance.run(sys.argv[1:])) is not None:
        return code
    options = options_of()
    set_limits(options)
    sys.setswitchinterval(SWITCH_INTERVAL)
    finish_log = start_log(options.log_level, options.log_json)
    try:
        return serve(options)
    except CannotStartError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        finish_log()


def serve(options: argparse.Namespace) -> int:
    """Serve as `options` say, until a signal; return the exit code. Raises CannotStartError."""
    poller = POLLERS[options.poller]()
    raise_descriptor_limit(poller.peers_limit + OURS + limits.TURN_ACCEPTS)  # some are refused, once accepted
    acceptor = open_acceptor(options, poller)
    try:
        hub, services = open_services(options)
    except CannotStartError:
        acceptor.close()
        raise
    acceptor.ban_of = hub.ban_of
    plain, fingerprint = not options.tls_only, acceptor.fingerprint
    for line in invitation(options.host, options.port, plain, fingerprint, options.proxy_protocol):
        log.info("%s", line)
    doors = Doors(DIALECTS[options.dialect], open_site(options.origin), tuple(options.trusted))
    limit_collections()
    Server(acceptor, hub, services, doors, poller, LoopClock()).run()
    return 1 if services.has_failed else 0


if __name__ == "__main__":
    sys.exit(main())
