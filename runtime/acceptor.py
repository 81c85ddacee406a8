"""The acceptor: the listening sockets, and who comes in by them or is told that there is no room.

Nobody is left standing in the queue because descriptors have run out, which would keep the listener readable and the
loop spinning: a peer too many is accepted, told so and closed. For the case that the process can open nothing
more at all, one descriptor is kept in reserve.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
from math import inf

from chat import limits
from chat.admission import Admission
from protocol.errors import ErrorCode
from protocol.lines import LINE_END
from runtime.log_writer import FewLines
from runtime.sockets import host_of, prepare, printable
from runtime.transport import PlainTransport, Transport

ARRIVALS_TOLD = 10  # connections that the log is told of in a second, one by one: a scan must not flood it

log = logging.getLogger("server")


class Acceptor:
    """Takes over `listeners`; `admission` says who is too many for an address.

    The poller can watch descriptors below `descriptor_limit`.
    """

    def __init__(self, listeners: list[socket.socket], admission: Admission, descriptor_limit: int) -> None:
        self._admission = admission
        self._descriptor_limit = descriptor_limit
        self._listeners = {listener.fileno(): listener for listener in listeners}
        self._reserve = _opened_reserve()
        self._turned_away = 0  # since that was last logged, at `_logged_at`
        self._logged_at = -inf
        self._arrivals = FewLines(log, ARRIVALS_TOLD, "%d more have connected")
        for listener in listeners:
            listener.setblocking(False)

    def descriptors(self) -> frozenset[int]:
        """Return what the poller is to watch: none after `shut`."""
        return frozenset(self._listeners)

    def let_in(self, descriptor: int, room: int, now: float) -> list[tuple[Transport, str]]:
        """Accept at most 64 who wait at a listener; return those that there is room for, with their address."""
        let_in: list[tuple[Transport, str]] = []
        for _ in range(limits.TURN_ACCEPTS):
            try:
                sock, address = self._listeners[descriptor].accept()
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    self._turn_away_with_reserve(descriptor, now)
                    break
                continue  # that one was gone before we came to it
            if sock.fileno() >= self._descriptor_limit or len(let_in) >= room:
                self._turn_away(sock, printable(address), ErrorCode.SERVER_FULL, now)
            elif not self._admission.admit(host_of(address), now):
                self._turn_away(sock, printable(address), ErrorCode.TOO_MANY_CONNECTIONS, now)
            elif _is_ready(sock):
                let_in.append((PlainTransport(sock), printable(address)))
                self._arrivals.tell(now, "%s: connected, without a name yet", printable(address))
            else:
                self._admission.leave(host_of(address))
        return let_in

    def tell_rest(self, now: float) -> None:
        """Tell the log how many have connected besides those that it was told of; to be called each turn."""
        self._arrivals.tell_rest(now)

    def _turn_away_with_reserve(self, descriptor: int, now: float) -> None:
        self._give_up_reserve()
        with contextlib.suppress(OSError):
            sock, address = self._listeners[descriptor].accept()
            self._turn_away(sock, printable(address), ErrorCode.SERVER_FULL, now)
        self._reserve = _opened_reserve()

    def _give_up_reserve(self) -> None:
        if self._reserve is not None:
            os.close(self._reserve)
            self._reserve = None

    def _turn_away(self, sock: socket.socket, address: str, fault: ErrorCode, now: float) -> None:
        """Turn somebody away; the log is told once a second, whoever knocks and how often."""
        _tell_why(sock, fault)
        self._turned_away += 1
        if now >= self._logged_at + 1.0:
            log.info("%s: turned away, %s (%d since the last such line)", address, fault.code, self._turned_away)
            self._turned_away, self._logged_at = 0, now

    def let_out(self, host: str) -> None:
        """Take note that somebody who was let in has gone."""
        self._admission.leave(host)

    def shut(self) -> None:
        """Let nobody in any more."""
        for listener in self._listeners.values():
            listener.close()
        self._listeners.clear()

    def close(self) -> None:
        """Shut, and give up the reserve."""
        self.shut()
        self._give_up_reserve()


def _is_ready(sock: socket.socket) -> bool:
    """Prepare a newcomer's socket; some systems say only here that the peer is gone already."""
    try:
        prepare(sock)
    except OSError:
        sock.close()
        return False
    return True


def _opened_reserve() -> int | None:
    try:
        return os.open(os.devnull, os.O_RDONLY)
    except OSError:  # somebody else was quicker; the next who is turned away may bring it back
        return None


def _tell_why(sock: socket.socket, fault: ErrorCode) -> None:
    """Tell a peer, which may speak anything, in text why it can't come in, and close; our client shows it too."""
    with contextlib.suppress(OSError), sock:
        sock.setblocking(False)
        sock.send(fault.phrase.encode() + LINE_END)
        sock.shutdown(socket.SHUT_WR)
        sock.recv(limits.TURN_CHUNK)  # an unread hello would turn our close into a reset
