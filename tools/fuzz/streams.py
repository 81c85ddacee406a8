"""One random stream, fed whole and in pieces: what must hold, whatever the bytes are.

- The codecs raise nothing; what they make of the stream is payloads and ProtocolErrors.
- The same stream in any cut gives the same items, and the same telnet replies.
- A codec keeps no more than its limit.
- Each dialect makes a request of each payload, and raises nothing.

Streams are made of pieces that mean something to a codec or a parser, and of junk between them.
"""

from __future__ import annotations

import random

from protocol.dialects import JSON, SLASH, VERBS, detect
from protocol.framing import FRAME_LIMIT, HEADER_SIZE, FrameCodec
from protocol.lines import LINE_LIMIT, LineCodec
from tools.fuzz.pieces import Item, comparable, cut, junk

LINE_PIECES = (
    *(b"\r\n", b"\r\0", b"\n", b"\r", b"\0", b"\x04", b"\xff", b"\xff\xff", b"\xff\xfd\x06", b"\xff\xfb\x01"),
    *(b"\xff\xfa\x18", b"\xff\xf0", b"\xff\xec", b"\xff\xf4", b"\xc3", b"\xc3\xa9", b"\xed\xa0\x80", b"\xe2\x80\xae"),
    *b"/|/whisper |/W bob |/reply|/nick |/help |/quit|JOIN |mesg |LIST|bcst x|ann|admin| |\t|hello".split(b"|"),
    *(b"\x1b[2J", b"x" * 300, b"y" * LINE_LIMIT),
)
JSON_PIECES = (
    *b'{"type":"line","text":"|","cseq":|"}|}|{|[|{"type":"hello","version":1,|"client_id":"x"'.split(b"|"),
    *rb'{"type":"pong"}|1|-1|1e999|NaN|true|null|"|\ud800|\u0000|,|:|/whisper bob hi|text'.split(b"|"),
    *(b"\xff", b"[" * 200),
)


def check_lines(dice: random.Random) -> None:
    """Make one stream for LineCodec and check it. Raises AssertionError, or whatever a codec wrongly raises."""
    stream = junk(dice, LINE_PIECES)
    codec = LineCodec()
    whole = [*map(comparable, codec.feed(stream))], codec.replies()
    cut_codec, items = LineCodec(), list[Item]()
    for chunk in cut(dice, stream):
        items += map(comparable, cut_codec.feed(chunk))
        assert len(cut_codec._partial) <= LINE_LIMIT
    assert (items, cut_codec.replies()) == whole
    for item in whole[0]:
        if isinstance(item, bytes):
            for dialect in (SLASH, VERBS, detect(item, SLASH)):
                dialect.parse(item, named=dice.random() < 0.5)
            SLASH.parse(item, named=False, asked=True)


def check_frames(dice: random.Random) -> None:
    """Make one stream for FrameCodec and check it, like check_lines."""
    preamble = dice.choice((0, 0, 0, 16))
    stream = b"".join(_frame(dice) for _ in range(dice.randint(0, 4)))
    codec = FrameCodec(preamble)
    whole = [*map(comparable, codec.feed(stream))]
    cut_codec, items = FrameCodec(preamble), list[Item]()
    for chunk in cut(dice, stream):
        items += map(comparable, cut_codec.feed(chunk))
        assert len(cut_codec._buffer) <= FRAME_LIMIT + HEADER_SIZE
    assert items == whole
    for item in whole:
        if isinstance(item, bytes):
            JSON.parse(item, named=dice.random() < 0.5)


def _frame(dice: random.Random) -> bytes:
    payload = junk(dice, JSON_PIECES) or b"{}"
    if dice.random() < 0.1:
        return payload
    length = len(payload) + (dice.choice((-1, 1, -len(payload), 65536)) if dice.random() < 0.05 else 0)
    return max(0, length).to_bytes(HEADER_SIZE, "big") + payload
