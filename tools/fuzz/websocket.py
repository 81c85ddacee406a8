"""One random stream of a WebSocket, from its handshake on, through a connection, whole and in pieces.

- It is answered with pongs, one for each ping, and at most one close frame, the last.
- Its messages arrive in order, up to the first mistake, which closes it with the code that RFC 6455 has for it.
"""

from __future__ import annotations

import random
from typing import NamedTuple

from protocol.framing import REQUEST_LIMIT
from tools.fuzz.connections import Heard, heard
from tools.fuzz.http import HEAD_END, HOST, UPGRADE
from tools.fuzz.pieces import cut
from tools.fuzz.streams import JSON_PIECES

_OPENING = b"\r\n".join((b"GET /chat HTTP/1.1", HOST, *UPGRADE)) + HEAD_END
_CONT, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0, 1, 2, 8, 9, 10
_FINAL, _MASKED = 0x80, 0x80
_OF_CONTENT = (1003, 1007)  # close codes
_WORDS = (*JSON_PIECES[:-1], "é".encode(), "\U0001f600".encode(), b"x" * 125, b"y" * 4000)


class Said(NamedTuple):
    """What a client has sent in a piece of a stream: payloads, pings, or a mistake and its close code."""

    payloads: tuple[bytes, ...] = ()
    pings: tuple[bytes, ...] = ()
    code: int = 0  # of the close frame that this is answered with
    is_clear: bool = True  # False: only chance knows what it is


def check_websocket(dice: random.Random) -> None:
    """Make a stream that begins with a handshake and check it, like check_opening."""
    stream, said = _OPENING, list[Said]()
    for _ in range(dice.randint(0, 6)):
        content, one = _piece(dice)
        stream += content
        said.append(one)
        if one.code or not one.is_clear:
            stream += b"".join(_piece(dice)[0] for _ in range(dice.randint(0, 2)))
            break
    for result in (heard([stream]), heard(cut(dice, stream))):
        _compare(result, said)


def _compare(result: Heard, said: list[Said]) -> None:
    """Compare what was heard with what was said, the last of it perhaps a mistake, with more behind it.

    What a message holds is looked at when the frames of its chunk have been: until then a later ping may be answered,
    and a later mistake be the one that is told.
    """
    pongs, code = _answers(result.replies.partition(HEAD_END)[2])
    payloads = [payload for one in said for payload in one.payloads]
    pings = [ping for one in said for ping in one.pings]
    assert result.payloads[: len(payloads)] == payloads
    assert pongs[: len(pings)] == pings
    assert result.over == bool(code)
    last = said[-1] if said else Said()
    if last.is_clear:
        assert len(result.payloads) == len(payloads)
        assert bool(code) == bool(last.code)
    if last.is_clear and last.code not in _OF_CONTENT:
        assert code == last.code
        assert len(pongs) == len(pings), "it was answered after its mistake"


def _answers(stream: bytes) -> tuple[list[bytes], int]:
    """Return the pongs in `stream`, and the code of the close frame at its end: 0 without one, 1005 if it is empty."""
    pongs: list[bytes] = []
    while stream:
        first, size = stream[:2]
        content, stream = stream[2 : 2 + size], stream[2 + size :]
        assert size <= 125
        assert len(content) == size
        if first == _FINAL | _CLOSE:
            assert not stream, "something was said after the goodbye"
            return pongs, int.from_bytes(content[:2], "big") if content else 1005
        assert first == _FINAL | _PONG
        pongs.append(content)
    return pongs, 0


def _piece(dice: random.Random) -> tuple[bytes, Said]:
    """Return a message, a control frame, or now and then a mistake."""
    chance = dice.random()
    if chance < 0.5:
        return _message(dice)
    if chance < 0.7:
        ping = dice.randbytes(dice.choice((0, 5, 125)))
        return _frame(dice, _PING, ping), Said(pings=(ping,))
    if chance < 0.75:
        return _frame(dice, _PONG, dice.randbytes(9)), Said()
    if chance < 0.8:
        return dice.randbytes(dice.randint(1, 30)), Said(is_clear=False)
    return _mistake(dice)


def _message(dice: random.Random) -> tuple[bytes, Said]:
    """Return a text message, perhaps in fragments, with pings between them."""
    payload = b"".join(dice.choices(_WORDS, k=dice.randint(0, 4)))[:REQUEST_LIMIT]
    payload = payload.decode(errors="ignore").encode()
    pieces = cut(dice, payload) if dice.random() < 0.5 else []
    pieces = pieces or [payload]
    stream, pings = b"", list[bytes]()
    for number, piece in enumerate(pieces, 1):
        stream += _frame(dice, _CONT if number > 1 else _TEXT, piece, fin=number == len(pieces))
        if number < len(pieces) and dice.random() < 0.2:
            pings.append(b"%d" % number)
            stream += _frame(dice, _PING, pings[-1])
    return stream, Said((payload,), tuple(pings))


def _mistake(dice: random.Random) -> tuple[bytes, Said]:
    """Return what ends a WebSocket, and the code that it is ended with."""
    open_message = _frame(dice, _TEXT, b"a", fin=False)
    too_much = bytes(REQUEST_LIMIT)
    content, code = dice.choice(
        (
            (bytes((_FINAL | _TEXT, 1)) + b"x", 1002),  # not masked
            (bytes((_FINAL | dice.choice((0x10, 0x20, 0x40, 0x70)) | _TEXT, _MASKED)) + bytes(4), 1002),
            (_frame(dice, dice.choice((3, 7, 11, 15)), b""), 1002),
            (_frame(dice, dice.choice((_PING, _PONG, _CLOSE)), b"", fin=False), 1002),
            (_frame(dice, dice.choice((_PING, _PONG, _CLOSE)), bytes(126)), 1002),
            (_frame(dice, _CONT, b"x"), 1002),
            (open_message + _frame(dice, _TEXT, b"b"), 1002),
            (open_message + _frame(dice, _CLOSE, b""), 1002),
            (_frame(dice, _CLOSE, b"\x03"), 1002),
            (_frame(dice, _CLOSE, dice.choice((0, 999, 1005, 1006, 2999)).to_bytes(2, "big")), 1002),
            (_frame(dice, _CLOSE, b"\x03\xe8\xff"), 1007),
            (_frame(dice, _BINARY, b"x"), 1003),
            (_frame(dice, _TEXT, dice.choice((b"\xff", b"\xc3", b"\xed\xa0\x80", b"a\xc0\x80"))), 1007),
            (open_message + _frame(dice, _CONT, b"\xc3"), 1007),
            (_frame(dice, _TEXT, too_much + b"x"), 1009),
            (open_message + _frame(dice, _CONT, too_much), 1009),
            (bytes((_FINAL | _TEXT, _MASKED | 127)) + dice.randbytes(1) + b"\xff" * 7, 1009),
            (_frame(dice, _CLOSE, b""), 1005),
            (_frame(dice, _CLOSE, b"\x03\xe9gone"), 1001),
            (_frame(dice, _CLOSE, b"\x0f\xa0"), 4000),
        )
    )
    return content, Said(code=code)


def _frame(dice: random.Random, opcode: int, content: bytes, fin: bool = True) -> bytes:
    """Return a masked frame."""
    size, mask = len(content), dice.randbytes(4)
    if size <= 125:
        length = bytes((_MASKED | size,))
    else:
        length = bytes((_MASKED | 126,)) + size.to_bytes(2, "big")
    key = (mask * (size // 4 + 1))[:size]
    masked = (int.from_bytes(content, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
    return bytes((_FINAL * fin | opcode,)) + length + mask + masked
