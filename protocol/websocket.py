"""WebSocketCodec: text messages of a WebSocket <-> payloads. (RFC 6455)

A message is one payload, whole or in fragments. Pings are answered, and a close frame with a close frame. What the RFC
forbids ends the connection with a close code that says why: 1002 a frame that is wrong or not masked, 1003 a binary
message, 1007 text that is not UTF-8, 1009 a message over REQUEST_LIMIT.

The I/O-free core of the package `websockets` knows all that. It is the one package that the server can use and does not
need: without it, `AVAILABLE` is False and everything but WebSockets works. What goes out does not pass through it: a
server's frames are not masked, so the frame of a payload is the same for every reader, and is made once.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from protocol.codec import Received
from protocol.framing import FRAME_LIMIT, REQUEST_LIMIT
from protocol.http import HttpError, Request

try:
    from websockets.frames import CloseCode, Opcode
    from websockets.server import ServerProtocol
except ImportError:  # pragma: no cover  (the tests have it)
    AVAILABLE = False
else:
    AVAILABLE = True

_HEADERS = ("host", "connection", "upgrade", "origin", "sec-websocket-")  # that a handshake consists of
_FINAL_TEXT = 0x81
_TWO_BYTES, _SHORT = 126, 125  # what stands for a length in two bytes, and the longest that needs none


class _Silence:
    """A logger that writes nothing: what a peer does is for the server's own log."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802  (the name that logging has for it)
        return False

    def info(self, *_: object) -> None: ...

    error = info


_SILENCE: Any = _Silence()


class WebSocketCodec:
    """bytes <-> payloads, from the handshake on."""

    over = hides_typing = False
    dropped = 0

    def __init__(self, request: Request) -> None:
        """Accept the handshake `request`; what agrees to it is the first of `replies`. Raises HttpError."""
        self._protocol = ServerProtocol(max_size=REQUEST_LIMIT, logger=_SILENCE)
        self._message = bytearray()  # the newest, as far as it has come
        self._is_text = True
        self._failed = False  # what came behind a mistake does not count
        self._protocol.receive_data(_handshake(request).head)
        events = self._protocol.events_received()
        if not events:
            raise _refused(HTTPStatus.BAD_REQUEST, "That is no handshake of a WebSocket: a header of it is too long.")
        response = self._protocol.accept(events[0])  # type: ignore[arg-type]
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            raise _refused(HTTPStatus(response.status_code), response.body.decode().partition("\n")[0])
        self._protocol.send_response(response)

    def feed(self, chunk: bytes) -> list[Received]:
        """Return the messages that `chunk` completes. See Codec; what is wrong ends the connection by itself."""
        self._protocol.receive_data(chunk)
        items: list[Received] = []
        for frame in self._protocol.events_received():
            message = self._take(frame)
            if self._failed:
                break
            if message is not None:
                items.append(message)
        self.over = self._protocol.close_expected()
        return items

    def _take(self, frame: Any) -> bytes | None:
        """Return the message that `frame` completes; None if there is none."""
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            self._message, self._is_text = bytearray(frame.data), frame.opcode is Opcode.TEXT
        elif frame.opcode is Opcode.CONT:
            self._message += frame.data
        else:
            return None  # a ping, a pong or a close frame, which is answered already
        return self._complete(bytes(self._message)) if frame.fin else None

    def _complete(self, message: bytes) -> bytes | None:
        if not self._is_text:
            self._fail(CloseCode.UNSUPPORTED_DATA, "a message here is text")
        elif not _is_utf8(message):
            self._fail(CloseCode.INVALID_DATA, "that is not UTF-8")
        return None if self._failed else message

    def _fail(self, code: CloseCode, why: str) -> None:
        self._failed = True
        self._protocol.fail(code, why)

    def end(self) -> list[Received]:
        """Return nothing: a part of a message is no payload."""
        return []

    def replies(self) -> bytes:
        """Return what the handshake, pings and close frames have to be answered."""
        return b"".join(self._protocol.data_to_send())

    def farewell(self) -> bytes:
        """Return the frame that closes the connection, unless it has been sent."""
        if not self._protocol.close_expected():
            self._protocol.send_close(CloseCode.NORMAL_CLOSURE)
        return self.replies()

    @staticmethod
    def encode(payload: bytes) -> bytes:
        """Return the frame of `payload`. Raises ValueError if it is empty or over 65,535 bytes: our own mistake."""
        size = len(payload)
        if not 1 <= size <= FRAME_LIMIT:
            raise ValueError(f"a payload has 1 to {FRAME_LIMIT} bytes, not {size}")
        if size <= _SHORT:
            return bytes((_FINAL_TEXT, size)) + payload
        return bytes((_FINAL_TEXT, _TWO_BYTES)) + size.to_bytes(2, "big") + payload


def _handshake(request: Request) -> Request:
    """Return what of `request` is about WebSockets. The package has limits for the rest, such as a browser's cookies
    for other servers on this host, which are less than HTTP's here.
    """
    headers = request.headers.items()
    return request._replace(headers={name: value for name, value in headers if name.startswith(_HEADERS)})


def _refused(status: HTTPStatus, why: str) -> HttpError:
    return HttpError(status, why, ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"))


def _is_utf8(message: bytes) -> bool:
    try:
        message.decode()
    except UnicodeDecodeError:
        return False
    return True
