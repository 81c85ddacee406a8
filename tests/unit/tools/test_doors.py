"""tools/crash/doors.py: frames and a WebSocket, at whose other end is the server's own codec."""

from __future__ import annotations

import pytest
from websockets.frames import Close, Frame, Opcode

from protocol.errors import ProtocolError
from protocol.framing import FrameCodec
from protocol.http import parse_head
from protocol.websocket import WebSocketCodec
from tools.crash.doors import FramesDoor, WebSocketDoor

CLOSED_FOR_A_MISTAKE = Frame(Opcode.CLOSE, Close(1002, "").serialize())


def opened() -> tuple[WebSocketDoor, WebSocketCodec]:
    """Return a door whose handshake is done, and the server's end."""
    door = WebSocketDoor()
    codec = WebSocketCodec(parse_head(door.to_send().removesuffix(b"\r\n\r\n")))
    assert door.hear(codec.replies()) == []
    return door, codec


def test_frames_go_both_ways() -> None:
    door = FramesDoor()
    door.say(b"one")
    door.say(b"two")
    assert door.to_send() == FrameCodec.encode(b"one") + FrameCodec.encode(b"two")
    assert door.to_send() == b""
    assert door.hear(b"a greeting" + FrameCodec.encode(b"three")) == [b"three"]


def test_what_is_said_before_the_handshake_is_done_goes_after_it() -> None:
    door = WebSocketDoor()
    door.say(b"one")
    codec = WebSocketCodec(parse_head(door.to_send().removesuffix(b"\r\n\r\n")))
    assert door.to_send() == b""
    agreed = codec.replies()
    assert door.hear(agreed[:10]) == []
    assert door.to_send() == b""
    assert door.hear(agreed[10:]) == []
    door.say(b"two")
    assert codec.feed(door.to_send()) == [b"one", b"two"]


def test_messages_are_heard_in_any_cut_and_pings_are_answered() -> None:
    door, codec = opened()
    stream = WebSocketCodec.encode(b"x" * 200) + Frame(Opcode.PING, b"there?").serialize(mask=False)
    assert [item for at in range(len(stream)) for item in door.hear(stream[at : at + 1])] == [b"x" * 200]
    assert codec.feed(door.to_send()) == []
    assert not codec.over


def test_a_goodbye_is_answered_and_nothing_is_said_after_it() -> None:
    door, codec = opened()
    assert door.hear(codec.farewell()) == []
    assert door.to_send()[:1] == b"\x88"
    door.say(b"too late")
    assert door.to_send() == b""


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(Frame(Opcode.BINARY, b"x"), id="binary"),
        pytest.param(Frame(Opcode.TEXT, b"x", fin=False), id="in fragments"),
        pytest.param(Frame(Opcode.CONT, b"x"), id="no frame"),
        pytest.param(CLOSED_FOR_A_MISTAKE, id="accused"),
    ],
)
def test_what_a_server_may_not_send_is_an_error_once(wrong: Frame) -> None:
    door, _ = opened()
    items = [*door.hear(wrong.serialize(mask=False)), *door.hear(b"")]
    assert [type(item) for item in items] == [ProtocolError]


def test_an_answer_that_is_no_answer_is_an_error() -> None:
    assert [type(item) for item in WebSocketDoor().hear(b"HTTP/1.1 101 Sure\r\n\r\n")] == [ProtocolError]


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 503 Full\r\nContent-Length: 0\r\n\r\n", b"Welcome. Your name?\r\nHTTP/1.1 101 Yes\r\n\r\n"]
)
def test_a_door_that_does_not_open_is_no_error(answer: bytes) -> None:
    door = WebSocketDoor()
    door.say(b"never sent")
    door.to_send()
    assert door.hear(answer) == []
    assert door.to_send() == b""
