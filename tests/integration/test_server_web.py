"""The browser's door on real sockets: the page, WebSockets, and what takes itself for HTTP."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from chat import limits
from protocol import websocket
from protocol.http import HEAD_LIMIT
from protocol.telnet import IS_TELNET
from runtime.web_files import open_site
from tests.support.handshake import handshake
from tests.support.live import Client, Live

WEB = Path(__file__).parents[2] / "web"


pytestmark = pytest.mark.variants("plain", "tls")  # T1: inside TLS the first byte decides again


def asks(live: Live, head: str) -> Client:
    client = live.connects()
    client.sends(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
    client.sees_the_end()
    client.ends_sending()
    return client


class Browser:
    """A WebSocket, driven by the I/O-free core of a client."""

    def __init__(self, live: Live, name: str) -> None:
        self.client = live.connects()
        self._protocol = ClientProtocol(parse_uri("ws://localhost/chat"))
        self._protocol.send_request(self._protocol.connect())
        self._taken = 0
        self.messages: list[dict[str, Any]] = []
        self._send()
        self.client.sees("\r\n\r\n")
        self._take()
        self.says({"type": "hello", "version": 1, "client_id": f"the secret of {name}", "name": name})
        self.sees("welcome")

    def says(self, message: dict[str, Any]) -> None:
        self._protocol.send_text(json.dumps(message).encode())
        self._send()

    def sees(self, kind: str) -> dict[str, Any]:
        """Return the next message of that type."""
        found: list[dict[str, Any]] = []

        def has_it() -> bool:
            self._take()
            while self.messages and not found:
                message = self.messages.pop(0)
                found.extend([message] if message["type"] == kind else [])
            return bool(found)

        self.client.reading = True
        self.client._live.until(has_it, f"never told {kind}")
        return found[0]

    @property
    def close_code(self) -> int | None:
        self._take()
        return self._protocol.close_rcvd.code if self._protocol.close_rcvd else None

    def _take(self) -> None:
        heard = self.client.heard
        self._protocol.receive_data(heard[self._taken :])
        self._taken = len(heard)
        events = self._protocol.events_received()
        frames = [event for event in events if isinstance(event, Frame)]
        self.messages += [json.loads(bytes(frame.data)) for frame in frames if frame.opcode is Opcode.TEXT]

    def _send(self) -> None:
        self.client.sends(b"".join(self._protocol.data_to_send()))


def line(text: str, cseq: int) -> dict[str, Any]:
    return {"type": "line", "text": text, "cseq": cseq}


# --- the page ----------------------------------------------------------------------------------------------------


def test_the_page_is_whole_and_nothing_in_it_is_from_elsewhere(live: Live) -> None:  # W1, W6
    page = asks(live, "GET / HTTP/1.1\nHost: localhost").heard.decode()
    assert page.startswith("HTTP/1.1 200 OK\r\n")
    assert "Content-Type: text/html; charset=utf-8\r\n" in page
    for name in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert asks(live, f"GET /{name} HTTP/1.1\nHost: a").heard.startswith(b"HTTP/1.1 200 OK\r\n")
    for path in WEB.glob("*.js"):
        imported = re.findall(r'from "\./([^"]+)"', path.read_text(encoding="utf-8"))
        assert all((WEB / name).exists() for name in imported), path


def test_nothing_in_the_page_makes_markup_or_code_of_text() -> None:  # W6
    dangerous = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|srcdoc|cookie")
    files = [*WEB.glob("*.js"), *WEB.glob("*.html")]
    assert len(files) > 5
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert not dangerous.search(text), path
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script>|javascript:", (WEB / "index.html").read_text())


def test_the_page_is_small(live: Live) -> None:  # W1
    paths = ["", *(path.name for path in WEB.iterdir() if path.suffix in (".js", ".css", ".svg"))]
    heard = [asks(live, f"GET /{path} HTTP/1.1\nHost: a\nAccept-Encoding: gzip").heard for path in paths]
    assert sum(map(len, heard)) < 60 * 1024


def test_an_http_connection_is_nobody_in_the_room(live: Live) -> None:
    ann = live.joins("ann")
    asks(live, "GET / HTTP/1.0")
    ann.says("/users")
    ann.sees("Connected users: 1")
    live.until(lambda: live.connected() == 1, "the browser's connection was never forgotten")


def test_a_browser_that_connects_ahead_is_not_greeted_as_a_text_user(live: Live) -> None:  # W1, A2
    asks(live, "GET / HTTP/1.0")
    ahead, telnet, silent = (live.connects() for _ in range(3))
    live.turns(5)
    live.clock.now += limits.GREETING_GRACE
    live.turns(5)
    ahead.sends(b"GET /style.css HTTP/1.0\r\n\r\n")
    ahead.sees_the_end()
    assert ahead.heard.startswith(IS_TELNET + b"HTTP/1.1 200 ")  # browsers overlook three bytes
    assert telnet.heard == silent.heard == IS_TELNET
    telnet.sends(b"\xff\xfc\x06")
    telnet.sees("Welcome to this chat.")
    telnet.says("ann")
    telnet.sees("Welcome, ann.")
    assert silent.heard == IS_TELNET
    silent.says("bob")  # it speaks text after all
    silent.sees("Welcome, bob.")
    assert telnet.heard.count(b"Welcome to this chat.") == 1


def test_without_the_package_the_page_says_how_to_have_it(monkeypatch: pytest.MonkeyPatch, live: Live) -> None:
    monkeypatch.setattr(websocket, "AVAILABLE", False)
    monkeypatch.setattr(live.server, "_doors", replace(live.server._doors, site=open_site()))
    for path in ("/", "/chat"):
        told = asks(live, f"GET {path} HTTP/1.1\nHost: a").heard
        assert told.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b"pip install websockets" in told
    live.joins("ann")


# --- WebSockets --------------------------------------------------------------------------------------------------


def test_browsers_telnet_and_frames_are_in_one_room(live: Live) -> None:  # W1, W2
    bob, carl, ann = live.joins("bob"), live.joins_framed("carl"), Browser(live, "ann")
    ann.says(line("hello all", 1))
    bob.sees("ann: hello all")
    carl.sees('"text":"hello all"')
    assert ann.sees("said")["cseq"] == 1
    bob.says("hi ann")
    said = ann.sees("said")
    assert (said["name"], said["text"], "cseq" in said) == ("bob", "hi ann", False)
    ann.says(line("/whisper bob between us", 2))
    bob.sees("ann whispers: between us")


def test_a_goodbye_ends_with_a_close_frame(live: Live) -> None:
    ann = Browser(live, "ann")
    ann.says(line("/quit", 1))
    assert ann.sees("goodbye")["reason"] == "Goodbye."
    ann.client.sees_the_end()
    assert ann.close_code == 1000


def test_a_browser_that_closes_has_left_and_what_it_said_before_was_said(live: Live) -> None:
    bob, ann = live.joins("bob"), Browser(live, "ann")
    ann._protocol.send_text(json.dumps(line("last words", 1)).encode())
    ann._protocol.send_close(1001)
    ann._send()
    bob.sees("ann: last words")
    bob.sees("ann has left")
    ann.client.sees_the_end()
    assert ann.close_code == 1001


def test_a_message_that_is_too_large_closes_the_connection(live: Live) -> None:  # W8
    bob, ann = live.joins("bob"), Browser(live, "ann")
    ann.says(line("x" * 20_000, 1))
    ann.client.sees_the_end()
    assert ann.close_code == 1009
    bob.sees("ann has left")


def test_a_wrong_object_is_refused_and_the_chat_goes_on(live: Live) -> None:
    ann = Browser(live, "ann")
    ann.says({"type": "nothing"})
    assert ann.sees("refused")["code"] == "unknown-type"
    ann.says(line("x" * 4097, 1))
    assert ann.sees("refused")["code"] == "too-long"
    ann.says(line("hi", 2))
    assert ann.sees("said")["text"] == "hi"


def test_older_messages_are_told_as_of_a_number(live: Live) -> None:  # W4
    ann = Browser(live, "ann")
    for number in range(1, 6):
        ann.says(line(f"line {number}", number))
    seqs = [ann.sees("said")["seq"] for _ in range(5)]
    welcome_epoch = live.hub.room.epoch
    ann.says(line("/history 2", 0) | {"as_of": seqs[2], "epoch": welcome_epoch})
    assert [entry["text"] for entry in ann.sees("history")["entries"]] == ["line 2", "line 3"]
    ann.says(line("/history 2", 0) | {"as_of": seqs[2], "epoch": "another log"})
    assert [entry["text"] for entry in ann.sees("history")["entries"]] == ["line 4", "line 5"]


def test_a_browser_that_answers_no_ping_is_gone(live: Live) -> None:
    bob, ann = live.joins("bob"), Browser(live, "ann")
    live.clock.now += limits.PING_AFTER + 1
    assert ann.sees("ping")
    live.clock.now += limits.PONG_WITHIN + 1
    bob.sees("ann has left")
    assert ann.sees("refused")["code"] == "silent"


# --- what takes itself for HTTP ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET /nothing HTTP/1.1\nHost: a", 404),
        ("GET /../server.py HTTP/1.1\nHost: a", 404),
        ("GET / HTTP/1.1", 400),
        ("GET / HTTP/3.0", 505),
        ("DELETE / HTTP/1.1\nHost: a", 405),
        ("GET /chat HTTP/1.1\nHost: a", 426),
        (handshake(Origin="https://evil.example").decode().replace("\r", ""), 403),
        ("GET / HTTP/1.1\nHost: a\nX: " + "x" * HEAD_LIMIT, 431),
    ],
)
def test_what_is_wrong_is_answered_in_http_and_closed(live: Live, head: str, status: int) -> None:  # W8
    assert asks(live, head).heard.startswith(b"HTTP/1.1 %d " % status)
    live.until(lambda: live.connected() == 0, "the connection was never forgotten")


def test_a_body_that_nobody_wants_does_not_swallow_the_answer(live: Live) -> None:  # W8
    client = live.connects()
    client.sends(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000)
    client.sees("HTTP/1.1 405 ")
    client.sees_the_end()


def test_endless_headers_end(live: Live) -> None:  # W8
    client = live.connects()
    client.sends(b"GET / HTTP/1.1\r\n")
    for number in range(2000):
        client.sends(b"X-%d: y\r\n" % number)
    client.sees("HTTP/1.1 431 ")


def test_slow_headers_have_the_time_of_any_hello(live: Live) -> None:  # W8
    client = live.connects()
    client.sends(b"GET / HTTP/1.1\r\n")
    live.turns(2)
    live.clock.now += limits.FRAMED_REGISTRATION - 1
    client.sends(b"Host: a\r\n")
    live.turns(2)
    assert client.heard == b""
    live.clock.now += 2
    client.sees("HTTP/1.1 408 ")
    client.sees_the_end()


def test_a_websocket_that_says_no_hello_is_closed_in_time(live: Live) -> None:  # W8
    client = live.connects()
    client.sends(handshake() + b"\r\n\r\n")
    client.sees("HTTP/1.1 101 ")
    live.clock.now += limits.FRAMED_REGISTRATION + 1
    client.sees('"code":"too-slow-to-join"')
    client.sees_the_end()


# --- for the operator's programs -----------------------------------------------------------------------------------


def test_the_server_tells_programs_of_its_operator_how_it_is(live: Live) -> None:  # W9
    ann, _bob = live.joins("ann"), Browser(live, "bob")
    ann.says("hello", "/whisper bob psst", "/whisper nobody psst")
    ann.sees("nobody")
    well = asks(live, "GET /healthz HTTP/1.1\nHost: x").heard
    assert well.startswith(b"HTTP/1.1 200 OK")
    assert well.endswith(b"\r\n\r\nok\n")
    answer = asks(live, "GET /metrics HTTP/1.1\nHost: x").heard.decode()
    assert "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n" in answer
    told = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.partition("\r\n\r\n")[2])
        for sample in family.samples
    }
    in_tls = "yes" if live.peer(ann).connection.detection.is_secure else "no"
    assert told["chat_users", "text", in_tls] == told["chat_users", "browser", in_tls] == 1
    assert told["chat_room_events_total", "said"] == told["chat_room_events_total", "whispered"] == 1
    assert told["chat_room_events_total", "joined"] == 2
    assert told["chat_refusals_total", "not-connected"] == 1
    assert told[("chat_received_bytes_total",)] > 0
    assert told[("chat_sent_bytes_total",)] > 0
    assert told[("chat_turn_duration_seconds_count",)] > 0
    assert told["chat_connections_closed_total", "connection closed"] == 1


def test_the_log_has_no_line_for_each_file_of_the_page(live: Live, log: pytest.LogCaptureFixture) -> None:  # C14
    for path in ("/", "/app.js", "/healthz", "/nothing"):
        asks(live, f"GET {path} HTTP/1.1\nHost: x")
    assert log.messages == []
    Browser(live, "ann")
    assert [line.partition(": ")[2] for line in log.messages][:1] == ["connected, without a name yet"]
    assert len([line for line in log.messages if "without a name yet" in line]) == 1
