"""The acceptor: accepts connections, and refuses those that there is no room for.

A connection that can't be served is accepted, gets an error message and is closed: if it stayed in the backlog, the
listener would stay readable and the loop would spin. One descriptor is kept in reserve, to be able to accept at all
when the process has no other left.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
from collections import Counter
from collections.abc import Callable
from math import inf

from chat import limits
from chat.admission import Admission
from protocol.errors import ErrorCode
from protocol.events import Refused, refusal
from protocol.lines import LINE_END
from runtime.encryption import Encryption
from runtime.log_writer import RateLimitedLog
from runtime.sockets import host_of, prepare, printable
from runtime.transport import PlainTransport, Transport

ARRIVALS_PER_SECOND = 10  # log lines for new connections: a scan must not flood the log

log = logging.getLogger("server")


class Acceptor:
    """Accepts connections from `listeners`, which it owns; `admission` limits the connections of an address.

    The poller can watch descriptors below `descriptor_limit`. With `encryption` the port speaks TLS.
    """

    def __init__(
        self,
        listeners: list[socket.socket],
        admission: Admission,
        descriptor_limit: int,
        encryption: Encryption | None = None,
    ) -> None:
        self.encryption = encryption
        self._admission = admission
        self._descriptor_limit = descriptor_limit
        self._listeners = {listener.fileno(): listener for listener in listeners}
        self.ban_of: Callable[[str], Refused | None] = lambda host: None  # what a banned address is told
        self._reserve = _open_reserve()
        self.turned_away: Counter[str] = Counter()  # connections, by the code of the error that they were told
        self._turned_away = 0  # connections since the last log line about them, at `_logged_at`
        self._logged_at = -inf
        self._arrivals = RateLimitedLog(log, ARRIVALS_PER_SECOND, "%d more have connected")
        for listener in listeners:
            listener.setblocking(False)

    def descriptors(self) -> frozenset[int]:
        """Return the descriptors of the listeners; none after `shut`."""
        return frozenset(self._listeners)

    def accept_all(self, descriptor: int, room: int, now: float) -> list[tuple[Transport, str]]:
        """Accept at most 64 connections of a listener; return those admitted, at most `room`, and their addresses."""
        accepted: list[tuple[Transport, str]] = []
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
            if ban := self.ban_of(host_of(address)):
                self._turn_away(sock, printable(address), ban, now)
            elif sock.fileno() >= self._descriptor_limit or len(accepted) >= room:
                self._turn_away(sock, printable(address), refusal(ErrorCode.SERVER_FULL), now)
            elif not self._admission.admit(host_of(address), now):
                self._turn_away(sock, printable(address), refusal(ErrorCode.TOO_MANY_CONNECTIONS), now)
            elif _is_ready(sock):
                accepted.append((PlainTransport(sock), printable(address)))
            else:
                self._admission.leave(host_of(address))
        return accepted

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the certificate; "" if there is none."""
        return "" if self.encryption is None else self.encryption.certificate.fingerprint

    def log_arrival(self, address: str, now: float) -> None:
        """Log that a peer is there that may chat; at most so many in a second."""
        self._arrivals.info(now, "%s: connected, without a name yet", address)

    def log_rest(self, now: float) -> None:
        """Log how many connections were not logged one by one; to be called every second."""
        self._arrivals.log_rest(now)

    def _turn_away_with_reserve(self, descriptor: int, now: float) -> None:
        self._give_up_reserve()
        with contextlib.suppress(OSError):
            sock, address = self._listeners[descriptor].accept()
            self._turn_away(sock, printable(address), refusal(ErrorCode.SERVER_FULL), now)
        self._reserve = _open_reserve()

    def _give_up_reserve(self) -> None:
        if self._reserve is not None:
            os.close(self._reserve)
            self._reserve = None

    def _turn_away(self, sock: socket.socket, address: str, refused: Refused, now: float) -> None:
        """Refuse a connection, and log that at most once a second."""
        self.turned_away[refused.code] += 1
        _refuse(sock, refused.text)
        self._turned_away += 1
        if now >= self._logged_at + 1.0:
            log.info("%s: turned away, %s (%d since the last such line)", address, refused.code, self._turned_away)
            self._turned_away, self._logged_at = 0, now

    def release(self, host: str, now: float, *, was_page: bool) -> None:
        """Count an accepted connection of `host` as closed; `was_page`: see Admission.leave."""
        self._admission.leave(host, now, was_page=was_page)

    def shut(self) -> None:
        """Close the listeners."""
        for listener in self._listeners.values():
            listener.close()
        self._listeners.clear()

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


def _refuse(sock: socket.socket, text: str) -> None:
    """Send `text`, which the custom client shows, too, and close."""
    with contextlib.suppress(OSError), sock:
        sock.setblocking(False)
        sock.send(text.encode() + LINE_END)
        sock.shutdown(socket.SHUT_WR)
        sock.recv(limits.TURN_CHUNK)  # an unread hello would turn our close into a reset
