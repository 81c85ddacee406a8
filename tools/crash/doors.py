"""Doors: the ways in which a member's messages go over a connection, without its socket: frames, and a WebSocket.

    door = FramesDoor()        one for each connection
    door.say(payload)          once it is open; before that the payload waits
    door.hear(chunk)           -> payloads, and what is wrong with the stream as a ProtocolError
    door.to_send()             -> bytes

The WebSocket is that of the package `websockets`, which keeps to RFC 6455 by itself, so that the server's own code is
checked by somebody else's. What the server may not send (a wrong frame, a binary message, a close code that accuses us)
is an error like a frame that is none. A handshake that is refused in HTTP is not, as by a server that is full; nor is
text before the answer, which a server that greets or shuts down sends to those who have not shown yet what they speak.
A browser takes both for a lost connection.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from protocol.codec import Received
from protocol.errors import ErrorCode, ProtocolError
from protocol.framing import FRAME_LIMIT, FrameCodec

PREAMBLE = 4096  # bytes of text that may come before the first frame, as for the client
_URI = parse_uri("ws://localhost/chat")
_HTTP = b"HTTP/"
_GOODBYES = (1000, 1001)  # close codes that accuse nobody
_CONTROL = (Opcode.PING, Opcode.PONG, Opcode.CLOSE)


class Door(Protocol):
    """What a member needs of one."""

    def say(self, payload: bytes) -> None:
        """Send a payload, now or once the door is open; never, if it is closed."""

    def hear(self, chunk: bytes) -> list[Received]:
        """Return what `chunk` completes."""

    def to_send(self) -> bytes:
        """Return what is to be sent now, and forget it."""


class FramesDoor:
    """A length before each payload, as the Python client has it."""

    def __init__(self) -> None:
        self._codec = FrameCodec(PREAMBLE)
        self._to_send = b""

    def say(self, payload: bytes) -> None:
        """Send a payload."""
        self._to_send += FrameCodec.encode(payload)

    def hear(self, chunk: bytes) -> list[Received]:
        """Return the payloads that `chunk` completes."""
        return self._codec.feed(chunk)

    def to_send(self) -> bytes:
        """Return the frames since the last call."""
        sending, self._to_send = self._to_send, b""
        return sending


class WebSocketDoor:
    """A text message for each payload, as a browser has it."""

    def __init__(self) -> None:
        self._protocol = ClientProtocol(_URI, max_size=FRAME_LIMIT)
        self._protocol.send_request(self._protocol.connect())
        self._waits: list[bytes] = []  # for the handshake
        self._start = b""
        self._is_broken = False

    def say(self, payload: bytes) -> None:
        """Send a payload, once the handshake is done; a browser drops what it would send after a close frame, too."""
        if self._protocol.state is State.CONNECTING:
            self._waits.append(payload)
        elif self._protocol.state is State.OPEN:
            self._protocol.send_text(payload)

    def hear(self, chunk: bytes) -> list[Received]:
        """Return the messages that `chunk` completes; what is wrong is the last, once."""
        self._start = (self._start + chunk)[: len(_HTTP)]
        self._protocol.receive_data(chunk)
        frames = [event for event in self._protocol.events_received() if isinstance(event, Frame)]
        items = [_payload(frame) for frame in frames if frame.opcode not in _CONTROL]
        if self._protocol.state is State.OPEN:
            waits, self._waits = self._waits, []
            for payload in waits:
                self._protocol.send_text(payload)
        if not self._is_broken and (why := self._what_is_wrong()):
            self._is_broken = True
            items.append(_error(why))
        return items

    def to_send(self) -> bytes:
        """Return the handshake, messages, pongs and close frames since the last call."""
        return b"".join(self._protocol.data_to_send())

    def _what_is_wrong(self) -> str:
        protocol = self._protocol
        refused = protocol.handshake_exc
        if refused is not None and self._start == _HTTP and not isinstance(refused, InvalidStatus):
            return f"no answer to a handshake: {refused}"
        if protocol.parser_exc is not None:
            return f"no frame: {protocol.parser_exc}"
        if protocol.close_rcvd is not None and protocol.close_rcvd.code not in _GOODBYES:
            return f"closed with {protocol.close_rcvd}"
        return ""


def _payload(frame: Frame) -> Received:
    if frame.opcode is Opcode.TEXT and frame.fin:
        return bytes(frame.data)
    return _error(f"no whole text message: {frame}")


def _error(why: str) -> ProtocolError:
    return ProtocolError(ErrorCode.BAD_MESSAGE, fatal=True, why=why)


DOORS: dict[str, Callable[[], Door]] = {"frames": FramesDoor, "websocket": WebSocketDoor}
