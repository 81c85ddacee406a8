"""One connection to the server: frames go out, and payloads come in."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Iterable
from typing import cast

from client.cli import exits, tls_endings
from client.core.credential import Server
from client.core.step import ClientMessage
from client.net.stream import PlainStream, Stream, dial
from protocol.errors import ErrorCode, ProtocolError
from protocol.events import Event
from protocol.framing import FrameCodec
from protocol.objects import FROM_SERVER, dump, load

PREAMBLE = 4096  # bytes of text, a greeting or a farewell, that may come before the first frame
_ALERT = b"\x15\x03"  # how a server that speaks TLS begins its answer to one that doesn't


class Link:
    """A stream to the server and its codec. One thread receives, any thread may send or end it."""

    def __init__(self, stream: Stream, note: str = "") -> None:
        """Take over `stream`. `note`: what the user has to know about how it was made."""
        self.note = note
        self.named: frozenset[str] = frozenset()  # the addresses of all servers that the user has named
        self._stream = stream
        self._codec = FrameCodec(PREAMBLE)
        self._outgoing: deque[ClientMessage] = deque()
        self._sending = threading.Lock()
        self._has_received = False

    @property
    def server(self) -> Server:
        """Which server is at the other end."""
        return Server(self._stream.address, self._stream.key, self.named)

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
                    self._stream.send(FrameCodec.encode(dump(self._outgoing.popleft())))

    def receive(self, timeout: float) -> list[bytes | ProtocolError] | None:
        """Return the payloads that came within `timeout` seconds, maybe none; None when the connection has ended.

        Raises Ending when the server speaks TLS and we don't.
        """
        try:
            chunk = self._stream.receive(timeout)
        except (OSError, ValueError):  # a ValueError: closed by the other thread
            return None
        if chunk is None:
            return []
        if chunk.startswith(_ALERT) and not self._has_received:
            raise tls_endings.speaks_tls()
        self._has_received = True
        return self._codec.feed(chunk) if chunk else None

    def end(self) -> None:
        """End the connection; the receiving thread notices."""
        self._stream.end()

    def close(self) -> None:
        """Free the socket; nobody receives any more."""
        self._stream.close()


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


def connect(host: str, port: int, note: str = "", address: str = "") -> Link:
    """Return a plain link to the server, at one of the addresses of `host`. Raises Ending."""
    return Link(PlainStream(dial(host, port, address)), note)
