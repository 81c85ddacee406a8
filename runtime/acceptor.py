"""The acceptor: accepts connections, and refuses those that there is no room for.

A connection that can't be served is accepted, gets an error message and is closed: if it stayed in the backlog, the
listener would stay readable and the loop would spin. One descriptor is kept in reserve, to be able to accept at all
when the process has no other left. A connection that a proxy has made waits until its header has told whose it is
(runtime.proxies), and then goes the way of the others; meanwhile it holds a place.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
from collections import Counter
from collections.abc import Callable, Set

from chat import limits
from chat.admission import Admission
from chat.networks import Network
from protocol.errors import ErrorCode
from protocol.events import Refused, refusal
from runtime.encryption import Encryption
from runtime.log_writer import RateLimitedLog
from runtime.poller import Poller
from runtime.proxies import Proxies
from runtime.refusals import Refusals
from runtime.sockets import Address, host_of, prepare, printable
from runtime.transport import PlainTransport, Transport

ARRIVALS_PER_SECOND = 10  # log lines for new connections: a scan must not flood the log

log = logging.getLogger("server")


class Acceptor:
    """Accepts connections from `listeners`, which it owns; `admission` limits the connections of an address.

    The `poller` watches the listeners and what comes from `proxies`. With `encryption` the port speaks TLS.
    """

    def __init__(
        self,
        listeners: list[socket.socket],
        admission: Admission,
        poller: Poller,
        encryption: Encryption | None = None,
        proxies: tuple[Network, ...] = (),
    ) -> None:
        self.encryption = encryption
        self._admission = admission
        self._poller = poller
        self._listeners = {listener.fileno(): listener for listener in listeners}
        self._refusals = Refusals()
        self._proxies = Proxies(proxies, poller, self._refusals)
        self.ban_of: Callable[[str], Refused | None] = lambda host: None  # what a banned address is told
        self._reserve = _open_reserve()
        self._arrivals = RateLimitedLog(log, ARRIVALS_PER_SECOND, "%d more have connected")
        for descriptor, listener in self._listeners.items():
            listener.setblocking(False)
            poller.watch(descriptor, reading=True, writing=False)

    def accept_all(self, ready: Set[int], room: int, now: float) -> list[tuple[Transport, str]]:
        """Read those of the descriptors `ready` that are ours; return the peers admitted by that, and their addresses.

        At most `room` are, and of each listener at most 64 connections are accepted.
        """
        accepted: list[tuple[Transport, str]] = []
        for sock, address in self._proxies.hear(ready, now):
            if self._admits(sock, address, now):
                accepted.append((PlainTransport(sock), printable(address)))
        for descriptor in ready & self._listeners.keys():
            self._accept_some(descriptor, room, accepted, now)
        return accepted

    def _accept_some(self, descriptor: int, room: int, accepted: list[tuple[Transport, str]], now: float) -> None:
        for _ in range(limits.TURN_ACCEPTS):
            try:
                sock, address = self._listeners[descriptor].accept()
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    self._turn_away_with_reserve(descriptor, now)
                    break
                continue  # the peer had gone before it was accepted
            is_full = len(accepted) + len(self._proxies) >= room
            if is_full or sock.fileno() >= self._poller.descriptor_limit:
                self._refusals.turn_away(sock, printable(address), refusal(ErrorCode.SERVER_FULL), now)
            elif not _is_ready(sock):
                continue
            elif self._proxies.include(address):
                self._proxies.add(sock, address, now)
            elif self._admits(sock, address, now):
                accepted.append((PlainTransport(sock), printable(address)))

    def _admits(self, sock: socket.socket, address: Address, now: float) -> bool:
        """Return whether the peer at `address` may come in; turn its connection away if not."""
        host = host_of(address)
        refused = self.ban_of(host)
        if refused is None and not self._admission.admit(host, now):
            refused = refusal(ErrorCode.TOO_MANY_CONNECTIONS)
        if refused is not None:
            self._refusals.turn_away(sock, printable(address), refused, now)
        return refused is None

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the certificate; "" if there is none."""
        return "" if self.encryption is None else self.encryption.certificate.fingerprint

    def log_arrival(self, address: str, now: float) -> None:
        """Log that a peer is there that may chat; at most so many in a second."""
        self._arrivals.info(now, "%s: connected, without a name yet", address)

    @property
    def turned_away(self) -> Counter[str]:
        """How many connections were not let in, by the code of the error that they were told."""
        return self._refusals.counts

    def tick(self, now: float) -> None:
        """Drop what has waited for too long, and log how many arrivals were not logged; to be called every second."""
        self._proxies.drop_late(now)
        self._arrivals.log_rest(now)

    def _turn_away_with_reserve(self, descriptor: int, now: float) -> None:
        self._give_up_reserve()
        with contextlib.suppress(OSError):
            sock, address = self._listeners[descriptor].accept()
            self._refusals.turn_away(sock, printable(address), refusal(ErrorCode.SERVER_FULL), now)
        self._reserve = _open_reserve()

    def _give_up_reserve(self) -> None:
        if self._reserve is not None:
            os.close(self._reserve)
            self._reserve = None

    def release(self, host: str, now: float, *, was_page: bool) -> None:
        """Count an accepted connection of `host` as closed; `was_page`: see Admission.leave."""
        self._admission.leave(host, now, was_page=was_page)

    def shut(self) -> None:
        """Close the listeners, and what waits for a header."""
        for descriptor, listener in self._listeners.items():
            self._poller.forget(descriptor)
            listener.close()
        self._listeners.clear()
        self._proxies.close()

    def close(self) -> None:
        """Close the listeners and the reserve."""
        self.shut()
        self._give_up_reserve()


def _is_ready(sock: socket.socket) -> bool:
    """Prepare an accepted socket; return whether it is still connected, which some systems report only here."""
    try:
        prepare(sock)
    except OSError:
        sock.close()
        return False
    return True


def _open_reserve() -> int | None:
    try:
        return os.open(os.devnull, os.O_RDONLY)
    except OSError:  # another process took it; the next refusal may get it back
        return None
