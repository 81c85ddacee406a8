"""server.py and TLS: who may come in how, and what handshakes cost the others. Also: what holds with and without TLS
(test_server.py, test_server_backpressure.py, test_regressions.py), and runtime/tls.py by itself (test_tls.py)."""

from __future__ import annotations

import shutil
import socket
import ssl
from collections.abc import Iterator
from ipaddress import ip_network
from itertools import pairwise
from pathlib import Path

import pytest

from chat import limits
from chat.effects import Effect
from chat.session import Session
from protocol.errors import ErrorCode
from protocol.framing import FrameCodec
from protocol.requests import Hello, Line
from runtime.encryption import Encryption
from runtime.tls import TlsTransport
from tests.support.certificates import Certificates, Files
from tests.support.live import Client, Live, frame
from tools.shared.tls import TlsSocket, client_context

LOCAL, ELSEWHERE = ip_network("127.0.0.0/8"), ip_network("192.0.2.0/24")
CLIENT_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"


@pytest.fixture
def files(tmp_path: Path, certificate: Files) -> Files:
    """Return copies of a certificate and its key, for a test to change."""
    copies = tmp_path / "a.crt", tmp_path / "a.key"
    for path, copy in zip(certificate, copies, strict=True):
        shutil.copy(path, copy)
    return copies


@pytest.fixture
def live(tmp_path: Path, files: Files) -> Iterator[Live]:
    with Live(tmp_path, encryption=Encryption(*files)) as made:
        yield made


@pytest.fixture
def tls_only(tmp_path: Path, files: Files) -> Iterator[Live]:
    with Live(tmp_path, encryption=Encryption(*files, plain_from=())) as made:
        yield made


def begins(live: Live, start: bytes = CLIENT_HELLO) -> Client:
    """Return a client that has begun a handshake, and goes on with nothing."""
    client = live.connects(plain=True)
    client.sends(start)
    live.turns(3)
    return client


def shown(client: Client) -> bytes | None:
    """Return the certificate that a client was shown."""
    assert isinstance(client.sock, TlsSocket)
    return client.sock.tls.getpeercert(binary_form=True)


# --- one port ----------------------------------------------------------------------------------------------------


def test_text_and_frames_plain_and_in_tls_are_in_one_room(live: Live) -> None:  # T1
    ann, bob = live.joins("ann"), live.joins("bob", plain=True)
    carl = live.joins_framed("carl")
    ann.says("from TLS")
    bob.sees("ann: from TLS")
    carl.sees('"text":"from TLS"')
    bob.says("from telnet")
    ann.sees("bob: from telnet")
    carl.sends(frame(Line("in frames", 1)))
    ann.sees("carl: in frames")
    bob.sees("carl: in frames")


def test_inside_tls_there_is_no_other(live: Live) -> None:
    ann = live.connects()
    ann.sends(CLIENT_HELLO)
    ann.sees("That was no text.")
    ann.sees_the_end()


def test_who_keeps_silent_is_greeted_once_and_not_before_the_handshake_is_done(live: Live) -> None:  # A2
    stalled = begins(live)
    live.clock.now += 1
    live.turns(3)
    ann = live.connects()
    live.turns(3)
    assert ann.heard == b""
    live.clock.now += limits.GREETING_GRACE
    ann.sees("Type the name you want")
    live.clock.now += 1
    live.turns(3)
    assert len(ann.lines("Welcome to this chat.")) == 1
    assert stalled.heard == b""


def test_who_was_slow_to_shake_hands_has_its_time_to_register(live: Live) -> None:
    client = live.connects(plain=True)
    client.sock = secured = TlsSocket(client.sock, client_context())  # type: ignore[arg-type]
    secured.is_secure()
    client.stalls()
    live.turns(3)
    live.clock.now += limits.HANDSHAKE - 1
    live.until(secured.is_secure, "never secured")
    live.turns()
    live.clock.now += limits.TEXT_REGISTRATION - 1
    client.says("ann")
    client.sees("Welcome, ann.")


# --- TLS only ----------------------------------------------------------------------------------------------------


def test_whoever_speaks_plain_text_is_told_in_one_line_and_closed(tls_only: Live) -> None:  # T2
    ann, eve = tls_only.joins("ann"), tls_only.connects(plain=True)
    eve.says("eve", "hello", "my password")
    eve.sees_the_end()
    assert eve.heard.decode() == f"! {ErrorCode.TLS_REQUIRED.phrase}\r\nGoodbye.\r\n"
    tls_only.turns(3)
    assert not ann.was_told("eve")


def test_whoever_speaks_plain_frames_is_told_in_a_frame_and_closed(tls_only: Live) -> None:  # T2
    eve = tls_only.connects(plain=True)
    eve.sends(frame(Hello(1, "a secret", "eve")))
    eve.sees('"number":740,"code":"tls-required"')
    eve.sees('"type":"goodbye"')
    eve.sees_the_end()
    assert all(isinstance(payload, bytes) for payload in FrameCodec().feed(eve.heard))


def test_whoever_waits_for_a_greeting_is_told_when_the_time_for_a_handshake_is_over(tls_only: Live) -> None:  # T2
    eve = tls_only.connects(plain=True)
    tls_only.turns(3)
    tls_only.clock.now += limits.HANDSHAKE - 0.1
    tls_only.turns(3)
    assert eve.heard == b""
    tls_only.clock.now += 0.1
    eve.sees(ErrorCode.TLS_REQUIRED.phrase)
    eve.sees_the_end()


@pytest.mark.parametrize(("network", "is_let_in"), [(LOCAL, True), (ELSEWHERE, False)])
def test_plain_may_be_spoken_from_a_network_alone(
    tmp_path: Path, certificate: Files, network: object, is_let_in: bool
) -> None:
    with Live(tmp_path, encryption=Encryption(*certificate, plain_from=(network,))) as live:  # type: ignore[arg-type]
        live.joins("ann")
        bob = live.connects(plain=True)
        bob.says("bob")
        bob.sees("Welcome, bob." if is_let_in else ErrorCode.TLS_REQUIRED.phrase)


# --- handshakes that come to nothing -----------------------------------------------------------------------------


def test_a_handshake_that_stalls_has_ten_seconds_and_costs_its_peer_alone(live: Live) -> None:  # T6
    ann, bob = live.joins("ann"), live.joins("bob", plain=True)
    stalled = [begins(live), begins(live, CLIENT_HELLO[:1])]
    live.clock.now += limits.HANDSHAKE - 0.1
    ann.says("hi")
    bob.sees("ann: hi")
    assert live.connected() == 4
    live.clock.now += 0.1
    for client in stalled:
        client.sees_the_end()
        assert client.heard == b""
    bob.says("hello")
    ann.sees("bob: hello")


@pytest.mark.parametrize("ends", ["its time", "the server"])
def test_a_handshake_that_is_done_in_the_turn_of_its_end_comes_too_late(
    live: Live, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:  # T6
    ann, late = live.joins("ann"), live.connects()  # what ends its handshake is sent, and not read yet
    if ends == "the server":
        monkeypatch.setattr(live.clock, "pace", 0.01)
        live.server._shut_down()
        live._over = True
        return
    live.clock.now += limits.HANDSHAKE
    live.turns()
    live.until(lambda: late.ended, "never closed")  # in the clear: for the server there is no TLS yet
    live.clock.now += limits.FAREWELL
    live.until(lambda: live.connected() == 1, "never forgotten")
    live.clock.now += 2 * limits.TEXT_REGISTRATION
    ann.says("/ping")
    ann.sees("pong")


def test_junk_is_closed_and_logged_but_not_without_end(live: Live, log: pytest.LogCaptureFixture) -> None:  # T6
    ann = live.joins("ann")
    for _ in range(12):
        begins(live, b"\x16\x03\x01\x00\x05junk!").sees_the_end()
    failed = [line for line in log.messages if "the TLS handshake failed" in line]
    assert len(failed) == 10
    assert failed[0].endswith("(unexpected message); closed")
    live.clock.now += 1
    live.turns()
    assert "2 more TLS handshakes have failed" in log.messages
    ann.says("/ping")
    ann.sees("pong")


@pytest.mark.parametrize("how", ["ends_sending", "resets"])
def test_who_goes_in_the_handshake_is_gone(live: Live, log: pytest.LogCaptureFixture, how: str) -> None:  # T6
    ann = live.joins("ann")
    getattr(begins(live), how)()
    live.until(lambda: live.connected() == 1, "never forgotten")
    assert "the TLS handshake failed (the peer has gone); closed" in log.text
    assert not ann.was_told("has left")


def test_a_turn_has_time_for_a_few_handshakes_and_for_everybody_else(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:  # T6
    ann, bob = live.joins("ann"), live.joins("bob")
    monkeypatch.setattr(limits, "TURN_HANDSHAKES", 0)  # so that each turn has one
    served: list[TlsTransport] = []
    shake_hands = TlsTransport.shake_hands

    def count_and_shake_hands(transport: TlsTransport) -> None:
        served.append(transport)
        shake_hands(transport)

    monkeypatch.setattr(TlsTransport, "shake_hands", count_and_shake_hands)
    for _ in range(5):
        live.connects(plain=True).sends(CLIENT_HELLO)
    ann.says("hi")
    bob_was_told = []
    for _ in range(6):
        live.turns()
        bob_was_told.append(bob.was_told("ann: hi"))
    assert bob_was_told == [True] * 6
    assert len(served) == len(set(served)) == 5


def test_what_is_no_content_counts_for_the_peer_and_for_the_turn(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:  # T6
    clients = [live.joins(name) for name in ("ann", "bob", "carl")]
    peers = [live.peer(client) for client in clients]
    weights = [peer.connection.weight for peer in peers]
    received: list[int] = []

    def count(session: Session, size: int) -> list[Effect]:
        received.append(size)
        return []

    monkeypatch.setattr(live.hub, "received", count)
    monkeypatch.setattr(limits, "TURN_INPUT", 1)  # so that one of them fills a turn
    for client in clients:
        assert isinstance(client.sock, TlsSocket)
        client.sock.tls.write(b"x" * 1000)
        client.sock.sock.send(client.sock.outgoing.read(800))
    served = [0]

    def are_served() -> bool:
        served.append(len(received))
        return served[-1] == len(clients)

    live.until(are_served, "not all were read")
    assert all(later - earlier <= 1 for earlier, later in pairwise(served))
    assert received == [800] * 3
    assert [peer.connection.weight for peer in peers] == [weight + 800 * limits.OVERHEAD_COST for weight in weights]


# --- the certificate ---------------------------------------------------------------------------------------------


def test_the_certificate_is_read_again_and_connections_stay(
    live: Live, files: Files, certificates: Certificates
) -> None:  # T5
    ann = live.joins("ann")
    for path, new in zip(files, certificates.self_signed().files, strict=True):
        shutil.copy(new, path)
    live.server._handshakes.reload()
    bob = live.joins("bob")
    assert shown(bob) == ssl.PEM_cert_to_DER_cert(files[0].read_text()) != shown(ann)
    ann.says("hi")
    bob.sees("ann: hi")


def test_one_that_cannot_be_used_is_logged_and_the_old_one_stays(
    live: Live, files: Files, log: pytest.LogCaptureFixture
) -> None:  # T5
    ann = live.joins("ann")
    files[1].write_text("no key")
    live.server._handshakes.reload()
    assert shown(live.joins("bob")) == shown(ann)
    assert f"There is no private key in {files[1]}" in log.text
    assert "The certificate of before stays." in log.text


def test_one_that_has_expired_is_used_with_a_warning(
    live: Live, files: Files, certificates: Certificates, log: pytest.LogCaptureFixture
) -> None:  # T5
    for path, new in zip(files, certificates.authority().issues(days=-1).files, strict=True):
        shutil.copy(new, path)
    live.server._handshakes.reload()
    assert f"Clients will not accept {files[0]}: certificate has expired." in log.messages
    live.joins("ann")


def test_without_tls_there_is_nothing_to_read_again(tmp_path: Path) -> None:
    with Live(tmp_path) as plain:
        plain.server._handshakes.reload()
        plain.joins("ann")


# --- the end -----------------------------------------------------------------------------------------------------


def test_a_last_line_that_may_be_cut_off_is_not_said(live: Live) -> None:  # T7
    ann, bob = live.joins("ann"), live.joins("bob")
    bob.sends(b"a whole line\r\n/kick e")
    assert isinstance(bob.sock, TlsSocket)
    bob.sock.sock.shutdown(socket.SHUT_WR)
    ann.sees("bob: a whole line\r\n* bob has left (connection closed)")
    bob.sees_the_end()  # what waits for it still comes, and a close_notify


def test_a_server_that_stops_waits_for_no_handshake(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, stalled = live.joins("ann"), begins(live)
    monkeypatch.setattr(live.clock, "pace", 0.01)
    live.server._shut_down()
    live._over = True
    for client in (ann, stalled):
        client.listens()
        assert client.ended
    assert ann.was_told("The server is shutting down. Goodbye.")
