"""server.py behind a proxy: after a PROXY header any protocol may begin, and its address counts for everything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from chat import limits
from chat.sanctions import Act, Sanction
from protocol.errors import ErrorCode
from protocol.requests import Hello
from runtime.encryption import Encryption
from tests.support.certificates import Files
from tests.support.live import Client, Live, frame

LOOPBACK, TRUSTED = ip_network("127.0.0.0/8"), ip_network("198.51.100.0/24")
LOCAL = bytes.fromhex("0d0a0d0a000d0a515549540a 20000000")


def header(host: str) -> bytes:
    return f"PROXY TCP4 {host} 203.0.113.1 50711 8001\r\n".encode()


@pytest.fixture
def live(tmp_path: Path, certificate: Files) -> Iterator[Live]:
    """Serve behind a proxy on this machine, which speaks TLS, too."""
    encryption = Encryption(*certificate)
    with Live(tmp_path, encryption=encryption, proxies=[LOOPBACK], trusted=[TRUSTED]) as made:
        yield made


def comes(live: Live, host: str, *, tls: bool = False) -> Client:
    return live.client(plain=not tls).connects(header=header(host))


def joins(live: Live, name: str, host: str, *, tls: bool = False) -> Client:
    client = comes(live, host, tls=tls)
    client.says(name)
    client.sees("Users here:")
    return client


def test_text_frames_http_and_tls_begin_behind_a_header(live: Live, log: pytest.LogCaptureFixture) -> None:  # N9
    ann = joins(live, "ann", "192.0.2.1")
    bob = joins(live, "bob", "192.0.2.2", tls=True)
    carl = comes(live, "192.0.2.3")
    carl.sends(frame(Hello(1, "a secret", "carl")))
    carl.sees('"type":"welcome"')
    dora = comes(live, "192.0.2.4")
    dora.sends(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    dora.sees("HTTP/1.1 200 OK")
    ann.says("hello all")
    bob.sees("ann: hello all")
    carl.sees('"text":"hello all"')
    joined = [f"{name} (192.0.2.{number}:50711) has joined" for number, name in enumerate(("ann", "bob", "carl"), 1)]
    assert all(line in log.text for line in joined)
    assert "127.0.0.1" not in log.text


def test_no_greeting_goes_before_the_header(live: Live) -> None:  # N9
    ann = live.client(plain=True).connects()
    live.turns(2)
    live.clock.now += limits.GREETING_GRACE + 1
    live.turns(2)
    assert ann.heard == b""
    ann.sends(header("192.0.2.1"))
    live.until(live.connected, "never came in")
    live.clock.now += limits.GREETING_GRACE - 0.01
    live.turns(2)
    assert ann.heard == b""
    live.clock.now += 0.02
    ann.sees("Welcome to this chat.")


def test_from_elsewhere_the_line_is_text_as_ever(tmp_path: Path) -> None:  # N9
    with Live(tmp_path, proxies=[TRUSTED]) as live:
        ann = live.connects()
        ann.sends(header("192.0.2.1"))
        ann.sees("PROXY TCP4 192.0.2.1 ")
        ann.sees("can't be a name")
        assert live.peer(ann).session.host == "127.0.0.1"


def test_an_address_has_as_many_connections_as_without_a_proxy(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:  # N9
    monkeypatch.setattr(limits, "CONNECTIONS_PER_ADDRESS", 2)
    first, second = joins(live, "ann", "192.0.2.1"), joins(live, "bob", "192.0.2.1")
    third = comes(live, "192.0.2.1")
    third.sees("Too many connections from your address.")
    third.sees_the_end()
    other = joins(live, "carl", "192.0.2.2")
    first.says("/quit")
    other.sees("* ann has left")
    first.ends_sending()
    live.until(lambda: live.connected() == 2, "never closed")
    joins(live, "dora", "192.0.2.1")
    second.sees("* dora has connected")
    for name in ("eve", "fay", "gil"):  # --trusted is by the peer's address, too
        joins(live, name, "198.51.100.7")


def test_a_ban_is_by_the_peers_address_and_told_before_anything_else(
    live: Live, log: pytest.LogCaptureFixture
) -> None:  # N9, M3
    live.hub.sanctions_are([Sanction(Act.BAN, ("192.0.2.0/24",), None, "op", "flood")], [])
    ann = comes(live, "192.0.2.1")
    ann.sees("You are banned")
    ann.sees_the_end()
    assert "192.0.2.1:50711: turned away, banned" in log.text
    joins(live, "bob", "203.0.113.1")


def test_a_peer_behind_a_proxy_on_this_machine_has_not_the_rights_of_this_machine(live: Live) -> None:  # N9, M1, W9
    live.hub.state.settings = replace(live.hub.state.settings, kept_names=frozenset({"chief"}))
    for start in (header("192.0.2.1"), b"PROXY UNKNOWN\r\n"):
        ann = live.client(plain=True).connects(header=start)
        ann.says("chief")
        ann.sees("chief is kept for an operator")
        bob = live.client(plain=True).connects(header=start)
        bob.sends(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        bob.sees("403 Forbidden")
    joins(live, "chief", "127.0.0.1")


@pytest.mark.parametrize("start", [LOCAL, header("198.51.100.7")])
def test_what_the_proxy_asks_for_itself_is_answered_as_to_its_machine(live: Live, start: bytes) -> None:  # N9, W9
    check = live.client(plain=True).connects(header=start)
    check.sends(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    check.sees("200 OK")


def test_who_may_speak_plain_is_by_the_peers_address(tmp_path: Path, certificate: Files) -> None:  # N9, T2
    encryption = Encryption(*certificate, plain_from=(LOOPBACK, TRUSTED))
    with Live(tmp_path, encryption=encryption, proxies=[LOOPBACK]) as live:
        ann = comes(live, "192.0.2.1")
        ann.says("ann")
        ann.sees("This chat is encrypted.")
        joins(live, "bob", "198.51.100.7")
        joins(live, "carl", "192.0.2.1", tls=True)


def test_wrong_passwords_are_counted_by_the_peers_address(live: Live) -> None:  # N9
    owner = joins(live, "ann", "198.51.100.7")
    owner.says("/register the password of ann")
    owner.sees("ann is yours now")

    def guesses(host: str) -> Client:
        client = comes(live, host)
        client.says("ann")
        client.sees("ann is registered")
        client.says("a guess")
        return client

    for _ in range(3):
        guesses("192.0.2.1").sees("That is not ann's password")
    guesses("192.0.2.1").sees("Too many wrong passwords for ann from where you are.")
    guesses("192.0.2.2").sees("That is not ann's password")


def test_a_turn_of_the_loop_refuses_what_has_waited_too_long(live: Live) -> None:  # N9
    ann = live.client(plain=True).connects()
    live.turns(2)
    live.clock.now += limits.TEXT_REGISTRATION
    ann.sees(ErrorCode.PROXY_HEADER_MISSING.phrase)
    ann.sees_the_end()
