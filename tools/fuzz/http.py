"""One random stream that begins with a method, through a connection, whole and in pieces (tools.fuzz.connections).

- A request is answered once, by a response that is whole and has no line of the peer's making in it.
- It is answered by an error if it has a body, or is unclear about that, so that nobody can hide a second request in it.
"""

from __future__ import annotations

import random
import re
from http import HTTPStatus

from protocol.dialects import WEBSOCKET
from protocol.http import HEAD_LIMIT
from tools.fuzz.connections import heard
from tools.fuzz.pieces import cut

HEAD_END = b"\r\n\r\n"
HOST = b"Host: localhost:8001"
_METHODS = b"GET HEAD POST PUT DELETE OPTIONS TRACE CONNECT PATCH PRI get GETX".split()
_TARGETS = b"/ /chat /x /?a=b /chat?x # * // /%2e%2e/etc http://localhost/ HTTPS://x/chat /\xc3\xa9 /\0 /a\tb".split()
_VERSIONS = b"HTTP/1.1 HTTP/1.1 HTTP/1.1 HTTP/1.0 HTTP/2.0 HTTP/1.10 HTTP/11 http/1.1 HTTPS/1.1 x".split()
_LINE_ENDS = (b"\r\n",) * 12 + (b"\n", b"\n", b"\r", b"\n\r", b"\r\r\n", b" \r\n", b"\0\r\n")
UPGRADE = (
    *(b"Upgrade: websocket", b"Connection: keep-alive, Upgrade", b"Sec-WebSocket-Version: 13"),
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
_FIELDS = (
    *(HOST, b"Host: evil", b"host:", b"Content-Length: 0", b"Content-Length: 5", b"Content-Length: +0"),
    *(
        b"Content-Length: 0, 0",
        b"Content-Length:5",
        b"Content-Length : 5",
        b"content-length:\t7",
        b"Content-Length: -1",
    ),
    *(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", b"Transfer-Encoding:\x0bchunked"),
    *(b"transfer-encoding : chunked", b"Transfer-Encoding: \r chunked", b" Transfer-Encoding: chunked", b"\tfolded"),
    *(b"X: a\rSet-Cookie: b", b"X: \x00", b"X: \xff\xfe", b": x", b"no colon", b"\xe9: x", b"X: " + b"y" * 5000),
    *(b"Connection: close", b"Upgrade: h2c", b"Sec-WebSocket-Version: 8", b"Sec-WebSocket-Key: ?", b"Origin: null"),
    *(b"Origin: http://localhost:8001", b"Origin: https://example.org", b"Origin: http://evil", *UPGRADE),
    *(b"Accept-Encoding: gzip", b'If-None-Match: "x"', b"Expect: 100-continue", b"Sec-WebSocket-Extensions: x; y"),
    *(b"Sec-WebSocket-Extensions: permessage-deflate; ;", b"Sec-WebSocket-Protocol: ,", b"Connection: \xff,,"),
)
_BODIES = (
    b"",
    b"",
    b"5\r\nhello\r\n0\r\n\r\n",
    b"hello",
    b"GET /chat HTTP/1.1\r\n\r\n",
    b"\0\0\0\2{}",
    b"\x81\x80\0\0\0\0",
)
_HEAD = re.compile(rb"\A.*?\r?\n\r?\n", re.DOTALL)
_BODY_TOLD = re.compile(rb"^[ \t]*(transfer-encoding|content-length)[ \t]*:(?![ \t]*0[ \t]*\r?$)", re.MULTILINE | re.I)
_FIELD_SENT = re.compile(rb"[A-Za-z-]+: [\x20-\x7e]+")


def check_http(dice: random.Random) -> None:
    """Make a stream that begins with a method and check it, like check_opening."""
    stream = _head(dice) + b"".join(dice.choices(_BODIES, k=2))
    whole = heard([stream])
    assert heard(cut(dice, stream)) == whole
    if whole.replies:
        status = _status_of(whole.replies, is_head=stream.startswith(b"HEAD "))
        assert (status is HTTPStatus.SWITCHING_PROTOCOLS) == (whole.dialect == WEBSOCKET.name)
        sent = _HEAD.match(stream)
        assert status >= HTTPStatus.BAD_REQUEST or (sent and not _BODY_TOLD.search(sent[0])), "it may hide a request"


def _head(dice: random.Random) -> bytes:
    """Return the head of a request: mostly a right one with something wrong in it."""
    fields = [HOST, *(UPGRADE if dice.random() < 0.5 else ())]
    for _ in range(dice.choice((0, 0, 1, 1, 2, 4))):
        fields.insert(dice.randint(0, len(fields)), dice.choice(_FIELDS))
    if fields and dice.random() < 0.3:
        del fields[dice.randrange(len(fields))]
    first = [_mostly(dice, _METHODS), _mostly(dice, _TARGETS), _mostly(dice, _VERSIONS)]
    lines = [dice.choice((b" ",) * 20 + (b"  ", b"\t")).join(first), *fields]
    if dice.random() < 0.1:
        lines.append(b"X: " + b"y" * max(0, HEAD_LIMIT + dice.randint(-9, 3) - len(b"\r\n".join([*lines, b"X: "]))))
    return b"".join(line + dice.choice(_LINE_ENDS) for line in lines) + dice.choice(_LINE_ENDS)


def _mostly(dice: random.Random, words: list[bytes]) -> bytes:
    return words[dice.randint(0, 1)] if dice.random() < 0.7 else dice.choice(words)


def _status_of(replies: bytes, is_head: bool) -> HTTPStatus:
    """Return the status of the one response in `replies`, which has to be whole."""
    head, end, body = replies.partition(HEAD_END)
    first, *lines = head.split(b"\r\n")
    assert end
    assert all(_FIELD_SENT.fullmatch(line) for line in lines), head
    fields = dict(line.lower().split(b": ", 1) for line in lines)
    assert len(fields) == len(lines), head
    version, status, phrase = first.split(b" ", 2)
    found = HTTPStatus(int(status))
    assert (version, phrase) == (b"HTTP/1.1", found.phrase.encode())
    if found is not HTTPStatus.SWITCHING_PROTOCOLS:
        assert fields[b"connection"] == b"close"
        bare = is_head or found is HTTPStatus.NOT_MODIFIED
        assert len(body) == (0 if bare else int(fields[b"content-length"])), replies
    return found
