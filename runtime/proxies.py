"""Proxies: the connections from the networks of --proxy-protocol, until it is known whose each of them is.

A proxy begins a connection with a header (protocol.proxy_header). Until that has come, there is no peer: no session, no
greeting, and nothing that goes by an address. The bytes are looked at (MSG_PEEK) and only those of the header taken, so
what follows is still in the socket, as the first bytes of any other connection are:

    accepted --add--> waits --hear--> the socket and an address, which the acceptor admits like any other

Whose it is:
- an address in the header: that one. But a loopback address from a proxy elsewhere means that machine, not this one,
  so the proxy's own address counts.
- LOCAL: the proxy's own, so its address.
- UNKNOWN: nobody's (0.0.0.0), so that those behind a proxy on this machine do not get the rights of this machine.

The last two are nearly always health checks, which connect and close. So nothing is made of them, and nothing logged,
before they say something behind the header.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Set

from chat import limits
from chat.networks import Network, address_of, is_loopback
from protocol.errors import ErrorCode, ProtocolError
from protocol.events import Refused, refusal
from protocol.proxy_header import LONGEST, UNKNOWN, ProxyHeader
from runtime.poller import Poller
from runtime.refusals import Refusals
from runtime.sockets import Address, host_of, printable


class Call:
    """A connection that a proxy has made."""

    __slots__ = ("_header", "_proxy", "due", "sock")

    def __init__(self, sock: socket.socket, proxy: Address, due: float) -> None:
        self.sock = sock
        self._proxy = proxy  # its address
        self._header = ProxyHeader()
        self.due = due  # loop time until which it may wait

    @property
    def address(self) -> Address:
        """Whose connection it is, as far as is known."""
        source = self._header.source
        if source is None or (is_loopback(source.host) and not is_loopback(host_of(self._proxy))):
            return self._proxy
        return source

    @property
    def is_late_with(self) -> ErrorCode:
        """What it has not sent, when its time is over."""
        return ErrorCode.TOO_SLOW_TO_JOIN if self._header.is_whole else ErrorCode.PROXY_HEADER_MISSING

    def hear(self) -> bool:
        """Take in what has come of the header; return whether there is a peer now.

        Raises ProtocolError if it is no header, BlockingIOError if nothing has come, or OSError if the proxy has gone.
        """
        data = self.sock.recv(LONGEST, socket.MSG_PEEK)
        if not data:
            raise ConnectionAbortedError
        if self._header.is_whole:
            return True
        self.sock.recv(self._header.feed(data))
        return self._header.source not in (None, UNKNOWN)


class Proxies:
    """The connections from `networks` that wait. `poller` watches them; `refusals` has those that are turned away."""

    def __init__(self, networks: tuple[Network, ...], poller: Poller, refusals: Refusals) -> None:
        self._networks = networks
        self._poller = poller
        self._refusals = refusals
        self._calls: dict[int, Call] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def include(self, address: Address) -> bool:
        """Return whether connections from `address` begin with a header."""
        return any(address_of(host_of(address)) in network for network in self._networks)

    def add(self, sock: socket.socket, address: Address, now: float) -> None:
        """Let the connection `sock` of the proxy at `address` wait for its header."""
        self._calls[sock.fileno()] = Call(sock, address, now + limits.TEXT_REGISTRATION)
        self._poller.watch(sock.fileno(), reading=True, writing=False)

    def hear(self, ready: Set[int], now: float) -> Iterator[tuple[socket.socket, Address]]:
        """Read those of the descriptors `ready` that wait; yield the connections that wait no more, with their
        addresses."""
        for fd in ready & self._calls.keys():
            call = self._calls[fd]
            try:
                if call.hear():
                    self._remove(fd)
                    yield call.sock, call.address
            except ProtocolError as error:
                self._turn_away(fd, refusal(error.fault, None, **error.details), now)
            except (BlockingIOError, InterruptedError):
                pass
            except OSError:
                self._remove(fd).sock.close()

    def drop_late(self, now: float) -> None:
        """Turn away those whose time is over; to be called every second."""
        for fd in [fd for fd, call in self._calls.items() if call.due <= now]:
            error = self._calls[fd].is_late_with
            self._turn_away(fd, refusal(error, None, seconds=limits.TEXT_REGISTRATION), now)

    def close(self) -> None:
        """Close all connections."""
        for fd in list(self._calls):
            self._remove(fd).sock.close()

    def _turn_away(self, fd: int, refused: Refused, now: float) -> None:
        call = self._remove(fd)
        self._refusals.turn_away(call.sock, printable(call.address), refused, now, f"{refused.code}: {refused.text}")

    def _remove(self, fd: int) -> Call:
        self._poller.forget(fd)
        return self._calls.pop(fd)
