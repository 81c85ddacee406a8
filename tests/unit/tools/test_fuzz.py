"""A small share of tools/fuzz/: the rest is `python -m tools.fuzz`."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from ipaddress import ip_address

import pytest

from protocol import http, lines, proxy_header, websocket
from protocol.codec import Received
from protocol.errors import ProtocolError
from tools.fuzz.__main__ import CHECKS
from tools.fuzz.http import check_http
from tools.fuzz.proxy_header import check_proxy_header
from tools.fuzz.streams import check_lines
from tools.fuzz.websocket import check_websocket

Check = Callable[[random.Random], None]


@pytest.mark.parametrize("kind", CHECKS)
@pytest.mark.parametrize("seed", range(4))
def test_random_streams_give_messages_or_errors_and_the_same_in_any_cut(kind: str, seed: int) -> None:  # W8
    check_many(CHECKS[kind], seed)


def check_many(check: Check, seed: int = 1) -> None:
    dice = random.Random(seed)
    for _ in range(500):
        check(dice)


# --- the checks are checked ------------------------------------------------------------------------------------------


def test_a_codec_that_forgets_a_cut_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the memory of a CR, CR LF cut in two would be two line ends."""

    class Forgetful(lines.LineCodec):
        def feed(self, chunk: bytes) -> list[bytes | ProtocolError]:
            self._after_cr = False
            return super().feed(chunk)

    monkeypatch.setattr("tools.fuzz.streams.LineCodec", Forgetful)
    with pytest.raises(AssertionError):
        check_many(check_lines)


def test_an_end_of_a_head_that_is_overlooked_where_it_was_cut_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_BEGUN", 0)
    with pytest.raises(AssertionError):
        check_many(check_http)


def test_a_request_with_a_body_that_is_served_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    parse_head = http.parse_head
    blind = re.compile(rb"content-length|transfer-encoding", re.IGNORECASE)
    monkeypatch.setattr(http, "parse_head", lambda head: parse_head(blind.sub(b"X", head)))
    with pytest.raises(AssertionError, match="it may hide a request"):
        check_many(check_http)


def test_a_line_of_the_peers_in_a_response_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    response = http.text_response
    monkeypatch.setattr(
        http, "text_response", lambda status, text, *headers: response(status, text, *headers, ("X-Why", text + "\n"))
    )
    with pytest.raises(AssertionError):
        check_many(check_http)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda feed, codec, chunk: feed(codec, chunk)[:1], id="of a chunk only the first"),
        pytest.param(lambda feed, codec, chunk: feed(codec, chunk) * 2, id="twice"),
        pytest.param(lambda feed, codec, chunk: feed(codec, chunk.replace(b"\x89\x85", b"\x8a\x85")), id="no pong"),
    ],
)
def test_messages_and_pings_that_are_lost_or_doubled_are_found(
    monkeypatch: pytest.MonkeyPatch, wrong: Callable[..., list[Received]]
) -> None:
    feed = websocket.WebSocketCodec.feed
    monkeypatch.setattr(websocket.WebSocketCodec, "feed", lambda self, chunk: wrong(feed, self, chunk))
    with pytest.raises(AssertionError):
        check_many(check_websocket)


def test_a_message_without_a_limit_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "REQUEST_LIMIT", 1 << 20)
    with pytest.raises(AssertionError):
        check_many(check_websocket)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda feed, header, data: feed(header, data) and len(data), id="all that came"),
        pytest.param(lambda feed, header, data: feed(header, data) and 1, id="a byte"),
    ],
)
def test_a_proxy_header_that_takes_too_much_or_too_little_is_found(
    monkeypatch: pytest.MonkeyPatch, wrong: Callable[..., int]
) -> None:  # N9
    feed = proxy_header.ProxyHeader.feed
    monkeypatch.setattr(proxy_header.ProxyHeader, "feed", lambda self, data: wrong(feed, self, data))
    with pytest.raises(AssertionError):
        check_many(check_proxy_header)


def test_a_proxy_header_that_tells_another_address_is_found(monkeypatch: pytest.MonkeyPatch) -> None:  # N9
    monkeypatch.setattr(proxy_header, "ip_address", lambda packed: ip_address(packed[::-1]))
    with pytest.raises(AssertionError):
        check_many(check_proxy_header)
