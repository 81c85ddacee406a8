"""One random stream through a connection as the server has it, whole and in pieces: whatever protocol it begins.

- The connection raises nothing, whatever the bytes are.
- The same stream in any cut is the same protocol, and gives the same payloads and the same answers.
- No more is kept than a head, or a message.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from typing import NamedTuple

from chat.delivery.connection import Connection
from chat.delivery.detection import Doors
from chat.delivery.site import File, Site, file_page, websocket_page
from chat.session import Session
from protocol.framing import REQUEST_LIMIT
from protocol.http import HEAD_LIMIT, HttpCodec
from protocol.websocket import WebSocketCodec
from tools.fuzz.pieces import Item, comparable, cut, junk
from tools.fuzz.streams import JSON_PIECES, LINE_PIECES

_SITE = Site({"/": file_page(File("text/html", b"<p>", b"packed")), "/chat": websocket_page(["https://example.org"])})
_DATE = re.compile(rb"Date: .* GMT\r\n")  # of a handshake: the next one may be of the next second
_LONGEST_END, _LONGEST_HEADER = 3, 14  # of a head, as far as it may wait; of a frame


class Heard(NamedTuple):
    """What a connection made of a stream."""

    payloads: list[Item]
    replies: bytes
    over: bool
    dialect: str


def heard(chunks: Iterable[bytes]) -> Heard:
    """Have a new connection read the chunks, and parse what is in them."""
    connection = Connection(Session("192.0.2.1:4711"), Doors(None, _SITE))
    replies, payloads = b"", list[Item]()
    for chunk in chunks:
        if chunk and not connection.over:
            connection.receive(chunk)
            replies += connection.replies()
            assert _kept(connection) == 0, "more is kept than may be"
            payloads += map(comparable, connection.inbox)
            list(connection.requests(len(connection.inbox)))
    return Heard(payloads, _DATE.sub(b"", replies), connection.over, connection.session.dialect.name)


def _kept(connection: Connection) -> int:
    """Return how many bytes more are kept than may be."""
    codec = connection._codec
    kept = len(connection.detection._start) - 8
    if isinstance(codec, HttpCodec):
        kept = len(codec._buffer) - HEAD_LIMIT - _LONGEST_END
    elif isinstance(codec, WebSocketCodec):
        waits = len(codec._protocol.reader.buffer) - _LONGEST_HEADER
        kept = max(waits, len(codec._message)) - REQUEST_LIMIT
    return max(0, kept)


_STARTS = (
    *(b"GET ", b"GE", b"HEAD ", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"OPTIONS", b"P", b"GET\r\n", b"SSH-2.0-x\r\n"),
    *(
        b"\0",
        b"\0\0\0\2{}",
        b"\xff",
        b"\xff\xfb\x01",
        b"\x16\x03\x01",
        b"\x03\0",
        b"\x1b[A",
        b"\xff\xff\xff\xff",
        b"\x80",
    ),
    *(b"/", b"JOIN ann\r\n", b"\r\n", b"\x04"),
)


def check_opening(dice: random.Random) -> None:
    """Make a stream that may be of any protocol and check it. Raises AssertionError, or what the connection raises."""
    stream = dice.choice(_STARTS) + junk(dice, dice.choice((_STARTS, LINE_PIECES, JSON_PIECES)))
    assert heard(cut(dice, stream)) == heard([stream])
