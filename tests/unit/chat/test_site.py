"""chat/delivery/site.py: what a browser finds, and who may open a WebSocket; and a connection that begins with HTTP."""

from __future__ import annotations

from http import HTTPStatus
from ipaddress import ip_network

import pytest

from chat.delivery.connection import Connection
from chat.delivery.detection import Doors, Security
from chat.delivery.site import File, Site, file_page, notice_page, operator_page, websocket_page
from chat.session import Session
from protocol.codec import Codec
from protocol.dialects import HTTP, SLASH, WEBSOCKET
from protocol.http import HttpError, Request, Response, parse_head
from protocol.websocket import WebSocketCodec
from tests.support.handshake import handshake

FILE = File("text/css; charset=utf-8", b"p {}", b"packed")
SITE = Site({"/": file_page(FILE), "/chat": websocket_page(["https://Example.org/"])})


def get(path: str = "/", method: str = "GET", **headers: str) -> Response:
    lines = "".join(f"\r\n{name.replace('_', '-')}: {value}" for name, value in headers.items())
    found = SITE.respond(parse_head(f"{method} {path} HTTP/1.1\r\nHost: localhost:8001{lines}".encode()), "192.0.2.1")
    assert isinstance(found, Response)
    return found


def refused(request: Request) -> HTTPStatus:
    with pytest.raises(HttpError) as error:
        SITE.respond(request, "192.0.2.1")
    return error.value.response.status


def test_a_file_comes_as_it_is_or_packed_where_that_is_understood() -> None:  # W1
    assert get().body == b"p {}"
    packed = get(accept_encoding="gzip, br")
    assert packed.body == b"packed"
    assert ("Content-Encoding", "gzip") in packed.headers
    for response in (get(), packed):
        assert {("Content-Type", FILE.kind), ("Cache-Control", "no-cache"), ("Vary", "Accept-Encoding")} <= set(
            response.headers
        )


def test_a_file_that_has_not_changed_is_not_sent_again() -> None:
    tag = dict(get().headers)["ETag"]
    assert get(if_none_match=tag).status is HTTPStatus.NOT_MODIFIED
    assert get(if_none_match=f'"other", W/{tag}').body == b""
    assert get(if_none_match='"other"').status is HTTPStatus.OK


@pytest.mark.parametrize("headers", [{}, {"if_none_match": "*"}, {"accept_encoding": "gzip"}])
def test_every_page_forbids_what_it_does_not_need(headers: dict[str, str]) -> None:  # W6
    told = dict(get(**headers).headers)
    policy = told["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy
    assert "http" not in policy
    assert told["X-Content-Type-Options"] == "nosniff"
    assert told["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in told


@pytest.mark.parametrize("path", ["/x", "/../etc/passwd", "/%2e%2e/x", "//", "/chat/", "*", "/INDEX.HTML"])
def test_there_is_nothing_but_what_there_is(path: str) -> None:  # W8
    assert refused(parse_head(f"GET {path} HTTP/1.0".encode())) is HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("method", ["POST", "PUT", "OPTIONS", "TRACE", "get"])
def test_there_are_no_methods_but_two(method: str) -> None:  # W8
    assert refused(parse_head(f"{method} / HTTP/1.0".encode())) is HTTPStatus.METHOD_NOT_ALLOWED
    assert get(method="HEAD").body == b"p {}"  # which HttpCodec leaves out


@pytest.mark.parametrize(
    "origin",
    [None, "http://localhost:8001", "HTTPS://LocalHost:8001", "https://example.org", "HTTPS://EXAMPLE.ORG"],
)
def test_scripts_of_this_site_and_of_those_named_may_open_a_websocket(origin: str | None) -> None:  # W6
    opened = SITE.respond(parse_head(handshake(Origin=origin)), "192.0.2.1")
    assert isinstance(opened, WebSocketCodec)


@pytest.mark.parametrize(
    "origin",
    ["http://localhost", "http://localhost:8002", "https://evil.example", "null", "http://localhost:8001.evil"],
)
def test_scripts_of_other_sites_may_not(origin: str) -> None:  # W6
    assert refused(parse_head(handshake(Origin=origin))) is HTTPStatus.FORBIDDEN


def test_a_site_may_say_why_it_has_nothing() -> None:
    site = Site({"/": notice_page(HTTPStatus.SERVICE_UNAVAILABLE, "Install it.")})
    told = site.respond(parse_head(b"GET / HTTP/1.0"), "192.0.2.1")
    assert isinstance(told, Response)
    assert (told.status, told.body) == (HTTPStatus.SERVICE_UNAVAILABLE, b"Install it.\n")


# --- a connection that begins with HTTP ------------------------------------------------------------------------------


def connection() -> Connection:
    return Connection(Session("192.0.2.1:4711"), Doors(None, SITE))


def test_a_request_is_answered_and_the_connection_is_over() -> None:
    made = connection()
    assert not made.receive(b"GE")
    assert not made.over
    assert made.receive(b"T / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert made.session.dialect is HTTP
    assert not made.has_requests
    assert made.replies().endswith(b"\r\n\r\np {}")
    assert made.over
    assert made.farewell() == b""


def test_a_page_is_told_which_address_asks() -> None:
    asked: list[str] = []

    def page(request: Request, address: str) -> Response | Codec:
        asked.append(address)
        return Response(HTTPStatus.OK)

    made = Connection(Session("[2001:db8::1]:4711"), Doors(None, Site({"/": page})))
    made.receive(b"GET / HTTP/1.0\r\n\r\n")
    assert asked == ["2001:db8::1"]


def test_the_addresses_that_asked_last_are_known() -> None:
    site = Site({"/": file_page(FILE)})
    request = parse_head(b"GET / HTTP/1.0")
    for number in range(1_001):
        site.respond(request, f"2001:db8::{number:x}")
    assert not site.knows("2001:db8::0")
    assert site.knows("2001:db8::1")
    site.respond(request, "2001:db8::1")
    site.respond(request, "192.0.2.1")
    assert site.knows("2001:db8::1")
    assert not site.knows("2001:db8::2")


def test_a_handshake_makes_a_websocket_whose_messages_are_requests() -> None:  # W2
    made = connection()
    frame = bytes.fromhex("81 84 00 00 00 00") + b"junk"
    made.receive(handshake() + b"\r\n\r\n" + frame)
    assert made.replies().startswith(b"HTTP/1.1 101 ")
    assert made.session.dialect is WEBSOCKET
    assert made.has_requests
    assert not made.over
    assert made.farewell() == b"\x88\x02\x03\xe8"


def test_a_websocket_may_end_with_the_chunk_that_it_began_with() -> None:  # W8
    made = connection()
    made.receive(handshake() + b"\r\n\r\n" + b"\x83\x80")
    assert made.replies().endswith(b"invalid opcode")
    assert made.over


@pytest.mark.parametrize("start", [b"GET", b"P", b"OPTIONS"])
def test_a_method_alone_is_a_line_of_text_once_that_is_clear(start: bytes) -> None:
    by_end, by_line = connection(), connection()
    by_end.receive(start)
    assert not by_end.detection.decided
    by_end.end()
    by_line.receive(start + b"\r\n")
    for made in (by_end, by_line):
        assert made.session.dialect is SLASH
        assert [type(request).__name__ for request in made.requests(9)] == ["Nick"]


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("localhost:8001", "https://localhost:8001/chat"),
        ("[::1]:8001", "https://[::1]:8001/chat"),
        ("evil/@x", None),
        ("", None),
    ],
)
def test_a_port_that_speaks_tls_only_leads_to_https(host: str, place: str | None) -> None:  # T2
    connection = Connection(Session("192.0.2.1:4711"), Doors(site=SITE), Security.REQUIRED)
    connection.receive(handshake(Host=host) + b"\r\n\r\n")
    answer = connection.replies().decode()
    assert not connection.has_requests
    assert connection.over
    assert "This chat is encrypted" in answer
    assert (f"\r\nLocation: {place}\r\n" in answer) if place else ("\r\nLocation:" not in answer)
    assert answer.startswith("HTTP/1.1 307 " if place else "HTTP/1.1 403 ")


# --- for the operator's programs -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "header", "is_served"),
    [
        ("127.0.0.1", "", True),
        ("::1", "", True),
        ("::ffff:127.0.0.1", "", True),
        ("192.0.2.7", "", True),
        ("198.51.100.1", "", False),
        ("2001:db8::1", "", False),
        ("127.0.0.1", "\r\nX-Forwarded-For: 198.51.100.1", False),  # a proxy that asks for somebody else
        ("192.0.2.7", "\r\nForwarded: for=198.51.100.1", False),
    ],
)
def test_what_is_for_the_operator_is_for_this_machine_and_trusted_networks(
    address: str, header: str, is_served: bool
) -> None:  # W9
    page = operator_page([ip_network("192.0.2.0/24")], lambda: ("text/plain", "ok"))
    site = SITE.and_pages({"/healthz": page})
    request = parse_head(f"GET /healthz HTTP/1.1\r\nHost: localhost:8001{header}".encode())
    if not is_served:
        with pytest.raises(HttpError) as error:
            site.respond(request, address)
        assert error.value.response.status is HTTPStatus.FORBIDDEN
        assert b"--trusted" in error.value.response.body
        return
    found = site.respond(request, address)
    assert isinstance(found, Response)
    assert (found.status, found.body) == (HTTPStatus.OK, b"ok")
    assert ("Cache-Control", "no-store") in found.headers
    assert site.respond(parse_head(b"GET / HTTP/1.1\r\nHost: x"), address) == get()
