"""A connection as a stream of bytes, plain; client.net.tls has the one over TLS. One thread receives, another sends."""

from __future__ import annotations

import contextlib
import select
import socket
from typing import Protocol

from client.cli.exits import CONNECT_TIMEOUT, why_not_connected
from system.tcp import prepare_tcp

CHUNK = 64 * 1024  # bytes


class Stream(Protocol):
    """A connection to a server. `receive` is for one thread, `send` for one at a time, `end` for any."""

    address: str  # of the other end, as people read it
    key: str  # of the certificate that the server has shown; "" for a plain connection

    def send(self, data: bytes) -> None:
        """Send all of it, however long the other end makes us wait. Raises OSError."""

    def receive(self, timeout: float) -> bytes | None:
        """Return what came within `timeout` seconds: None for nothing, b"" for the end. Raises OSError, ValueError."""

    def end(self) -> None:
        """End the connection; the receiving thread notices."""

    def close(self) -> None:
        """Free the socket; nobody receives any more."""


class PlainStream:
    """A connected socket, which it takes over."""

    key = ""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.address = address_of(sock)
        self.send = sock.sendall

    def receive(self, timeout: float) -> bytes | None:
        """See Stream."""
        return received(self._sock, timeout)

    def end(self) -> None:
        """See Stream."""
        shut_down(self._sock)

    def close(self) -> None:
        """See Stream."""
        self._sock.close()


def dial(host: str, port: int, address: str = "") -> socket.socket:
    """Return a socket that is connected to the server, at one of the addresses of `host`. Raises Ending."""
    try:
        sock = socket.create_connection((address or host, port), CONNECT_TIMEOUT)
    except (OSError, ValueError) as error:
        raise why_not_connected(error, host, port) from None
    sock.settimeout(None)
    prepare_tcp(sock, idle=30, interval=10, count=3)  # a server that is gone is noticed though nobody types
    return sock


def received(sock: socket.socket, timeout: float) -> bytes | None:
    """Return what came within `timeout` seconds: None for nothing, b"" for the end. Raises OSError, ValueError."""
    readable, _, _ = select.select([sock], [], [], timeout)
    return sock.recv(CHUNK) if readable else None


def address_of(sock: socket.socket) -> str:
    """Return the address of the other end, in text; "" if the connection is gone already."""
    try:
        host, port = sock.getpeername()[:2]
    except OSError:
        return ""
    return printable(host, port)


def printable(address: str, port: int) -> str:
    """Return an IP address and a port as people read them."""
    return f"{address}, port {port}"


def shut_down(sock: socket.socket) -> None:
    """End both ways of a connection, whatever is left of it."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
