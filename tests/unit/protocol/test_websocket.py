"""protocol/websocket.py: what a WebSocket may carry, in every cut, beside the client of the package `websockets`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from protocol.codec import Received
from protocol.dialects import JSON, WEBSOCKET
from protocol.events import Said
from protocol.framing import FRAME_LIMIT, REQUEST_LIMIT
from protocol.http import HttpError, parse_head
from protocol.websocket import WebSocketCodec
from tests.support.codec_cases import same_in_every_cut
from tests.support.handshake import HANDSHAKE, handshake


def opened() -> WebSocketCodec:
    codec = WebSocketCodec(parse_head(HANDSHAKE))
    codec.replies()
    return codec


def frame(opcode: Opcode, data: bytes, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=True)


def text(data: bytes, fin: bool = True) -> bytes:
    return frame(Opcode.TEXT, data, fin)


def read(chunks: list[bytes]) -> tuple[list[Received], bytes, bool]:
    codec = opened()
    items = [item for chunk in chunks for item in codec.feed(chunk)]
    return items, codec.replies(), codec.over


def heard(*frames: bytes) -> tuple[list[Received], bytes, bool]:
    """Return the payloads, the replies, and whether it is over, the same however the frames arrive."""
    return same_in_every_cut(read, b"".join(frames))


def closed(code: int) -> bytes:
    """Return what begins a close frame of ours, behind its length."""
    return code.to_bytes(2, "big")


def test_the_handshake_is_accepted_as_the_rfc_says() -> None:  # W2
    codec = WebSocketCodec(parse_head(HANDSHAKE))
    told = codec.replies()
    assert told.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in told  # RFC 6455, section 1.3
    assert not codec.over
    assert codec.replies() == b""


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("Upgrade", None, 426),
        ("Upgrade", "h2c", 426),
        ("Connection", "close", 426),
        ("Sec-WebSocket-Key", None, 400),
        ("Sec-WebSocket-Key", "short", 400),
        ("Sec-WebSocket-Version", "8", 400),
        ("Sec-WebSocket-Key", "x" * 9000, 400),
    ],
)
def test_a_wrong_handshake_is_answered_in_http(header: str, value: str | None, status: int) -> None:  # W8
    with pytest.raises(HttpError) as error:
        WebSocketCodec(parse_head(handshake(**{header: value})))
    told = error.value.response.encode()
    assert told.startswith(b"HTTP/1.1 %d " % status)
    assert b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" in told


def test_the_other_headers_of_a_handshake_may_be_long_and_many() -> None:  # W2
    others = {"Cookie": "x" * 9000, **{f"X-{number}": "y" for number in range(200)}}
    codec = WebSocketCodec(parse_head(handshake(**others)))
    assert codec.replies().startswith(b"HTTP/1.1 101 ")


def test_a_text_message_is_a_payload() -> None:  # W2
    assert heard(text(b"one"), text("zw\u00f6lf".encode()), text(b"")) == (
        [b"one", "zw\u00f6lf".encode(), b""],
        b"",
        False,
    )


def test_fragments_are_one_payload_and_a_ping_may_stand_between_them() -> None:
    parts = (
        text("\u00e9".encode()[:1], fin=False),
        frame(Opcode.PING, b"you?"),
        frame(Opcode.CONT, "\u00e9".encode()[1:]),
    )
    items, replies, over = heard(*parts, text(b"two"))
    assert (items, over) == (["\u00e9".encode(), b"two"], False)
    assert replies == Frame(Opcode.PONG, b"you?").serialize(mask=False)


def test_a_pong_that_nobody_asked_for_is_nothing() -> None:
    assert heard(frame(Opcode.PONG, b"x")) == ([], b"", False)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        pytest.param(Frame(Opcode.TEXT, b"x").serialize(mask=False), 1002, id="not masked"),
        pytest.param(b"\xc1\x80\0\0\0\0", 1002, id="a reserved bit"),
        pytest.param(b"\x83\x80\0\0\0\0", 1002, id="an unknown opcode"),
        pytest.param(frame(Opcode.CONT, b"x"), 1002, id="a fragment of nothing"),
        pytest.param(text(b"x", fin=False) + text(b"y"), 1002, id="a message within a message"),
        pytest.param(b"\x09\x80\0\0\0\0", 1002, id="a ping in fragments"),
        pytest.param(b"\x88\x81\0\0\0\0x", 1002, id="half a close code"),
        pytest.param(frame(Opcode.BINARY, b"x"), 1003, id="binary"),
        pytest.param(frame(Opcode.BINARY, b"x", fin=False) + frame(Opcode.CONT, b"x"), 1003, id="binary in fragments"),
        pytest.param(text(b"\xff"), 1007, id="not UTF-8"),
        pytest.param(text(b"\xc3", fin=False) + frame(Opcode.CONT, b"x"), 1007, id="not UTF-8 together"),
        pytest.param(b"\x81\xfe" + (REQUEST_LIMIT + 1).to_bytes(2, "big"), 1009, id="too large"),
        pytest.param(b"\x81\xff" + (2**63).to_bytes(8, "big"), 1009, id="far too large"),
        pytest.param(text(b"x" * REQUEST_LIMIT, fin=False) + frame(Opcode.CONT, b"x"), 1009, id="too large together"),
    ],
)
def test_what_the_rfc_forbids_closes_with_a_code(wrong: bytes, code: int) -> None:  # W8
    items, replies, over = heard(text(b"before"), wrong, text(b"behind"))
    assert (items, over) == ([b"before"], True)
    assert replies[:1] == b"\x88"
    assert replies[2:4] == closed(code)


def test_a_close_frame_is_answered_and_nothing_behind_it_counts() -> None:
    close = b"\x88\x82\0\0\0\0" + closed(1001)
    assert heard(text(b"last"), close, text(b"behind")) == ([b"last"], b"\x88\x02" + closed(1001), True)


def test_our_own_goodbye_is_said_once() -> None:
    codec = opened()
    assert codec.farewell() == b"\x88\x02" + closed(1000)
    assert codec.farewell() == b""
    codec = opened()
    codec.feed(frame(Opcode.BINARY, b"x"))
    assert codec.farewell()[2:4] == closed(1003)
    assert codec.end() == []


@pytest.mark.parametrize("size", [1, 125, 126, 127, FRAME_LIMIT])
def test_what_we_send_is_what_the_package_sends(size: int) -> None:
    payload = b"x" * size
    assert WebSocketCodec.encode(payload) == Frame(Opcode.TEXT, payload).serialize(mask=False)


@pytest.mark.parametrize("size", [0, FRAME_LIMIT + 1])
def test_a_payload_of_ours_has_a_size(size: int) -> None:
    with pytest.raises(ValueError, match="a payload has 1 to 65535 bytes"):
        WebSocketCodec.encode(b"x" * size)


def test_a_message_is_rendered_as_in_a_frame() -> None:  # W2
    event = Said(7, "ann", "hi", 1.5)
    assert WEBSOCKET.render(event) == JSON.render(event)
    assert WEBSOCKET.codec.encode(b"x") != JSON.codec.encode(b"x")


@given(st.lists(st.text(max_size=300), max_size=5), st.integers(1, 50))
def test_what_a_client_sends_in_any_fragments_is_what_is_read(texts: list[str], size: int) -> None:
    client = ClientProtocol(parse_uri("ws://localhost/chat"), state=State.OPEN)
    for payload in (one.encode() for one in texts):
        pieces = [payload[at : at + size] for at in range(0, len(payload), size)] or [b""]
        client.send_text(pieces[0], fin=len(pieces) == 1)
        for number, piece in enumerate(pieces[1:], 2):
            client.send_continuation(piece, fin=number == len(pieces))
    assert read([b"".join(client.data_to_send())]) == ([one.encode() for one in texts], b"", False)


@given(st.binary(max_size=200))
def test_junk_gives_payloads_or_a_close_frame_and_nothing_else(junk: bytes) -> None:  # W8
    codec = opened()
    assert all(isinstance(item, bytes) for item in codec.feed(junk))
    replies = codec.replies()
    assert (b"\x88" in replies) or not codec.over
