"""One connection to the server: frames go out, and payloads come in."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections import deque
from collections.abc import Iterable
from typing import cast

from client.cli import exits
from client.cli.exits import CONNECT_TIMEOUT
from client.core.session import ClientMessage
from protocol.errors import ErrorCode, ProtocolError
from protocol.events import Event
from protocol.framing import FrameCodec
from protocol.objects import FROM_SERVER, dump, load
from system.tcp import prepare_tcp

CHUNK = 64 * 1024  # bytes
PREAMBLE = 4096  # bytes of text, a greeting or a farewell, that may come before the first frame


class Link:
    """A connected socket and its codec. One thread receives, any thread may send or end it."""

    def __init__(self, sock: socket.socket) -> None:
        """Take over `sock`."""
        self._sock = sock
        self._codec = FrameCodec(PREAMBLE)
        self._outgoing: deque[ClientMessage] = deque()
        self._sending = threading.Lock()

    @property
    def address(self) -> str:
        """The address of the other end, in text; "" if the connection is gone already."""
        try:
            host, port = self._sock.getpeername()[:2]
        except OSError:
            return ""
        return f"{host}, port {port}"

    @property
    def preamble(self) -> bytes:
        """The text that came before the first frame."""
        return bytes(self._codec.preamble)

    def add(self, messages: Iterable[ClientMessage]) -> None:
        """Put messages in the queue of those to be sent."""
        self._outgoing.extend(messages)

    def flush(self) -> None:
        """Send what is queued, in its order; nothing if the connection is gone, which the receiving thread notices."""
        with self._sending:
            while self._outgoing:
                with contextlib.suppress(OSError):
                    self._sock.sendall(FrameCodec.encode(dump(self._outgoing.popleft())))

    def receive(self, timeout: float) -> list[bytes | ProtocolError] | None:
        """Return the payloads that came within `timeout` seconds, maybe none; None when the connection has ended."""
        try:
            readable, _, _ = select.select([self._sock], [], [], timeout)
            chunk = self._sock.recv(CHUNK) if readable else None
        except (OSError, ValueError):  # a ValueError: closed by the other thread
            return None
        if chunk is None:
            return []
        return self._codec.feed(chunk) if chunk else None

    def end(self) -> None:
        """End the connection; the receiving thread notices."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Free the socket; nobody receives any more."""
        self._sock.close()


def read(item: bytes | ProtocolError) -> Event | None:
    """Return the event in what was received; None for one that only newer clients know.

    Raises Ending where the stream has no meaning any more, ProtocolError where this one item has none.
    """
    if isinstance(item, ProtocolError):  # codecs report none but fatal ones
        raise exits.broken_stream(item)
    try:
        return cast(Event, load(item, FROM_SERVER))
    except ProtocolError as error:
        if error.fault is ErrorCode.UNKNOWN_TYPE:
            return None
        raise


def connect(host: str, port: int) -> Link:
    """Return a link to the server. Raises Ending."""
    try:
        sock = socket.create_connection((host, port), CONNECT_TIMEOUT)
    except (OSError, ValueError) as error:
        raise exits.why_not_connected(error, host, port) from None
    sock.settimeout(None)
    prepare_tcp(sock, idle=30, interval=10, count=3)  # a server that is gone is noticed though nobody types
    return Link(sock)
