"""protocol/http.py: requests of browsers and of whatever takes itself for one, in every cut."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.codec import Codec, Received
from protocol.dialects import HTTP, UNREADABLE
from protocol.errors import ErrorCode
from protocol.events import Dismissed, Said, refusal
from protocol.framing import FrameCodec
from protocol.http import HEAD_LIMIT, HttpCodec, HttpError, Request, Response, parse_head, text_response
from protocol.requests import Malformed
from tests.support.codec_cases import same_in_every_cut

GET = b"GET /app.js HTTP/1.1\r\nHost: localhost\r\n\r\n"


def echo(request: Request) -> Response | Codec:
    return Response(HTTPStatus.OK, (("Content-Type", "text/plain"),), f"{request.method} {request.path}".encode())


def answer(stream: bytes) -> bytes:
    """Return what is answered to `stream`, which is the same however it arrives."""

    def read(chunks: list[bytes]) -> tuple[list[Received], bytes, bool]:
        codec = HttpCodec(echo)
        items = [item for chunk in chunks for item in codec.feed(chunk)]
        return items, codec.replies(), codec.over

    items, replies, over = same_in_every_cut(read, stream)
    assert items == []
    assert over is bool(replies)
    return replies


@pytest.mark.parametrize(
    ("request_line", "told"),
    [
        ("GET / HTTP/1.1", b"GET /"),
        ("GET /app.js?v=1 HTTP/1.1", b"GET /app.js"),
        ("GET ? HTTP/1.1", b"GET /"),
        ("GET HTTP://localhost:8001/a HTTP/1.1", b"GET /a"),
        ("GET http://localhost HTTP/1.0", b"GET /"),
        ("DELETE /x HTTP/1.0", b"DELETE /x"),
    ],
)
@pytest.mark.parametrize("line_end", ["\r\n", "\n"])
def test_a_request_is_answered_once_and_the_connection_is_over(request_line: str, told: bytes, line_end: str) -> None:
    stream = line_end.join([request_line, "Host: localhost", "", ""]).encode()
    assert (
        answer(stream)
        == (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
            % len(told)
        )
        + told
    )
    assert answer(stream + GET) == answer(stream)


def test_the_head_of_a_response_is_all_that_head_asks_for() -> None:
    whole, head = answer(b"GET / HTTP/1.0\r\n\r\n"), answer(b"HEAD / HTTP/1.0\r\n\r\n")
    assert head == whole.replace(b"5\r\n\r\nGET /", b"6\r\n\r\n")


@pytest.mark.parametrize("wrong", [b" HTTP/9.9", b" HTTP/1.1", b" HTTP/1.0\r\nX: " + b"x" * HEAD_LIMIT])
def test_an_error_has_no_body_either_where_head_asks(wrong: bytes) -> None:
    told = answer(b"HEAD /" + wrong + b"\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 ")
    assert told.endswith(b"\r\n\r\n")


def test_what_did_not_change_has_no_length() -> None:
    assert Response(HTTPStatus.NOT_MODIFIED).encode() == b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET /", 400),
        ("GET  / HTTP/1.1", 400),
        ("GET / / HTTP/1.1", 400),
        ("GET /\u00e9 HTTP/1.1", 400),
        ("GET / HTTP/1.1", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\n folded", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nno colon", 400),
        ("GET / HTTP/1.1\r\nHost : a", 400),
        ("GET / HTTP/1.1\r\nHost: a\0b", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0", 400),
        ("PRI * HTTP/2.0", 505),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5", 413),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked", 413),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5", 405),
    ],
)
def test_what_is_wrong_is_said_in_http(head: str, status: int) -> None:  # W8
    told = answer(head.encode() + b"\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 %d " % status)
    assert b"Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff" in told
    assert (b"Allow: GET, HEAD" in told) == (status == 405)


def test_words_of_the_peer_are_quoted_short_and_in_ascii() -> None:
    told = answer(b"GET / HTTP/1.1\r\nHost: a\r\n\x1b[2J\xe9" + b"x" * 500 + b"\r\n\r\n")
    assert b"this is no header line: \\x1b[2J\\xe9xxx" in told
    assert len(told) < 400


@pytest.mark.parametrize("extra", [0, 4, 5000])  # less may be a part of the head's end
def test_a_head_has_a_limit_and_is_not_kept_beyond_it(extra: int) -> None:  # W8
    codec = HttpCodec(echo)
    start = b"GET / HTTP/1.1\r\nHost: a\r\nX: "
    codec.feed(start + b"x" * (HEAD_LIMIT - len(start) + extra))
    assert codec.over is (extra > 0)
    codec.feed(b"\r\n\r\n")
    assert codec.replies().startswith(b"HTTP/1.1 431 " if extra else b"HTTP/1.1 200 ")
    assert codec._buffer == b""
    assert codec.feed(b"x" * 5000) == []
    assert codec.replies() == b""


@pytest.mark.parametrize("extra", [0, 1])
@pytest.mark.parametrize("line_end", ["\r\n", "\n"])
def test_a_head_of_the_longest_length_may_be_cut_within_its_end(extra: int, line_end: str) -> None:  # W8
    start = f"GET / HTTP/1.1{line_end}Host: a{line_end}X: ".encode()
    told = answer(start + b"x" * (HEAD_LIMIT - len(start) + extra) + 2 * line_end.encode())
    assert told.startswith(b"HTTP/1.1 431 " if extra else b"HTTP/1.1 200 ")


def test_a_head_may_end_right_at_its_limit_whatever_comes_behind_it() -> None:
    stream = GET + b"x" * 2 * HEAD_LIMIT
    codec = HttpCodec(echo)
    codec.feed(stream)
    assert codec.replies().startswith(b"HTTP/1.1 200 ")


def test_headers_are_found_in_any_case_and_joined() -> None:
    request = parse_head(b"GET / HTTP/1.1\r\nHOST:a\r\nAccept: x\r\naccept:\ty \r\nEmpty:")
    assert request.headers == {"host": "a", "accept": "x, y", "empty": ""}
    assert parse_head(request.head.removesuffix(b"\r\n\r\n")) == request


def test_another_codec_may_go_on_with_what_is_behind_the_head() -> None:
    other = FrameCodec()
    codec = HttpCodec(lambda request: other)
    assert codec.feed(GET + FrameCodec.encode(b"hello")) == [b"hello"]
    assert codec.successor is other
    assert (codec.over, codec.replies()) == (False, b"")


def test_an_error_of_the_responder_is_its_response() -> None:
    def respond(request: Request) -> Response:
        raise HttpError(HTTPStatus.NOT_FOUND, "There is no such page.", ("X", "y"))

    codec = HttpCodec(respond)
    codec.feed(GET)
    told = codec.replies()
    assert told.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert told.endswith(b"X: y\r\nConnection: close\r\nContent-Length: 23\r\n\r\nThere is no such page.\n")


def test_the_end_of_a_stream_makes_no_request() -> None:
    codec = HttpCodec(echo)
    assert codec.feed(GET[:-2]) == []
    assert (codec.end(), codec.replies(), codec.farewell()) == ([], b"", b"")


@given(st.binary(max_size=300))
def test_junk_is_answered_or_waited_for_and_nothing_else(junk: bytes) -> None:  # W8
    told = answer(b"GET " + junk + b"\r\n\r\n")
    assert told.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 505 ", b"HTTP/1.1 413 ", b"HTTP/1.1 200 "))


# --- the dialect: what a session is told before its request is answered --------------------------------------------


@pytest.mark.parametrize(
    ("error", "status"), [(ErrorCode.TOO_SLOW_TO_JOIN, 408), (ErrorCode.TOO_FAR_BEHIND, 503), (ErrorCode.SILENT, 503)]
)
def test_a_refusal_is_a_response(error: ErrorCode, status: int) -> None:  # W8
    event = refusal(error, seconds=10, why="slow")
    told = HTTP.codec.encode(HTTP.render(event))
    assert told.startswith(b"HTTP/1.1 %d " % status)
    assert told.endswith(event.text.encode() + b"\n")


def test_for_anything_else_http_has_no_words() -> None:
    assert HTTP.render(Dismissed("Goodbye.")) == HTTP.render(Said(1, "ann", "hi", 0.0)) == b""


def test_http_asks_the_chat_for_nothing() -> None:
    assert isinstance(HTTP.parse(b"x", named=False), Malformed)
    assert HTTP.word(b"x", named=False) == UNREADABLE


def test_a_response_of_text_is_kept_by_nobody() -> None:
    assert ("Cache-Control", "no-store") in text_response(HTTPStatus.OK, "x").headers
