"""The client over TLS beside real programs: openssl as the server, and the real server."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from client.cli.exits import Exit
from client.net.stream import dial
from client.net.tls import TlsStream, unchecked
from tests.integration.test_myclient import client, pipe
from tests.support.certificates import Certificate, Certificates
from tests.support.patience import PATIENCE
from tests.support.programs import CTRL_D, Program, Programs, needs
from tools.shared.programs import free_port

pytestmark = [pytest.mark.long, needs("openssl"), needs("nc")]


def openssl_server(run: Programs, certificates: Certificates, version: str) -> tuple[Program, TlsStream]:
    """Start openssl as a server; return it, and a stream to it."""
    shown, port = certificates.self_signed(), free_port()
    arguments = ("-accept", f"127.0.0.1:{port}", version, "-cert", str(shown.cert), "-key", str(shown.key))
    server = run.program("openssl", "s_server", *arguments, on_terminal=True)
    server.sees("ACCEPT")
    stream = TlsStream(dial("127.0.0.1", port), unchecked(), "localhost")
    stream.shake_hands()
    server.sees("Secure Renegotiation IS")  # the last line about the handshake
    return server, stream


# A line that openssl is typed: with K it takes other keys and has the client do the same, with k it takes them alone.
@pytest.mark.parametrize("command", ["K", "k"])
def test_other_keys_in_between_lose_nothing(run: Programs, certificates: Certificates, command: str) -> None:
    server, stream = openssl_server(run, certificates, "-tls1_3")
    for number in range(3):
        server.types(command, f"said by the server {number}")
        heard = b""
        while not heard.endswith(f"said by the server {number}\n".encode()):
            heard += stream.receive(PATIENCE) or b""
        stream.send(f"said by the client {number}\n".encode())
        server.sees(f"said by the client {number}\r\n")
    stream.end()
    stream.close()


def test_another_handshake_in_between_is_refused(run: Programs, certificates: Certificates) -> None:
    server, stream = openssl_server(run, certificates, "-tls1_2")
    server.types("R")
    assert stream.receive(PATIENCE) is None  # no more than a request came
    stream.send(b"said by the client\n")  # it does not wait for a handshake, which would lose it
    server.sees("no renegotiation")
    stream.end()
    stream.close()


# --- the client, on a terminal and without, and the server ------------------------------------------------------------


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config"


def tls_server(run: Programs, shown: Certificate, *options: str, port: int = 0) -> Program:
    return run.server("--tls-cert", str(shown.cert), "--tls-key", str(shown.key), *options, port=port)


def by_tls(run: Programs, *options: str) -> Program:
    """Start the client on a terminal."""
    return client(run, "127.0.0.1", str(run.port), "--tls", "--name", "ann", *options)


def in_words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.usefixtures("config")
def test_a_server_is_met_once(run: Programs, certificates: Certificates) -> None:  # T1, T3
    shown = certificates.self_signed()
    server = tls_server(run, shown)
    server.sees(shown.fingerprint)
    ann = by_tls(run)
    ann.sees(shown.fingerprint)
    ann.sees("anything else leaves: ")
    ann.types("yes")
    ann.sees("ann>")
    bob = run.joins(run.nc(), "bob")  # without TLS
    bob.types("hello ann")
    ann.sees("bob: hello ann")
    ann.types("hello bob")
    bob.sees("ann: hello bob")
    ann.sees("ann: hello bob")
    ann.sees("ann>")  # between two prompts the terminal itself would take the key
    ann.presses(CTRL_D)
    assert ann.ends() == Exit.GOODBYE.code
    ann = by_tls(run)
    ann.sees("ann>")
    assert "fingerprint" not in ann.text
    ann.presses(CTRL_D)


def test_a_changed_certificate_is_refused_and_may_be_forgotten(
    run: Programs, certificates: Certificates, config: Path
) -> None:  # T3
    before, now = certificates.self_signed(), certificates.self_signed()
    known = config / "select-chat" / "known_hosts"
    server = tls_server(run, before)
    ann = by_tls(run)
    ann.sees("anything else leaves: ")
    ann.types(before.fingerprint)
    ann.sees("ann>")
    server.signals(signal.SIGTERM)
    server.ends()
    tls_server(run, now, port=run.port)
    ann.sees("HAS CHANGED. Nothing was sent")  # and it goes on trying
    bob = by_tls(run)
    assert bob.ends() == Exit.CANNOT_CONNECT.code
    told = in_words(bob.text)
    assert f"HAS CHANGED. Nothing was sent to it. Accepted was: {before.fingerprint}" in told
    assert "delete line 5 of" in told
    known.write_text("".join(known.read_text().splitlines(keepends=True)[:4]))
    bob = client(run, "127.0.0.1", str(run.port), "--tls", "--name", "bob")
    bob.sees(now.fingerprint)
    bob.sees("anything else leaves: ")
    bob.types("yes")
    bob.sees("bob>")
    ann.sees("bob has connected")  # what one client was told holds for the other


@pytest.mark.usefixtures("config")
def test_no_is_no(run: Programs, certificates: Certificates) -> None:  # T3
    server = tls_server(run, certificates.self_signed())
    ann = by_tls(run)
    ann.sees("anything else leaves: ")
    ann.types("no")
    assert ann.ends() == Exit.CANNOT_CONNECT.code
    server.signals(signal.SIGTERM)
    server.ends()
    assert "ann" not in server.text


@pytest.mark.usefixtures("config")
def test_scripts_name_what_they_trust(run: Programs, certificates: Certificates) -> None:  # T3
    shown = certificates.self_signed()
    tls_server(run, shown, "--tls-only")
    ended = pipe(run, "", "--tls", "--name", "bot", "--once", "hello")
    assert ended.returncode == Exit.CANNOT_CONNECT.code
    assert f"Its SHA-256 fingerprint: {shown.fingerprint} Nothing was sent" in in_words(ended.stderr)
    for trust in (("--tls-fingerprint", shown.fingerprint), ("--tls-ca", str(shown.cert))):
        assert pipe(run, "", *trust, "--name", "bot", "--once", "hello").returncode == Exit.GOODBYE.code
    ended = pipe(run, "", "--name", "bot", "--once", "hello")
    assert ended.returncode == Exit.REFUSED.code  # T2
    assert ended.stderr.startswith("Not let in: This chat is encrypted. ")


@pytest.mark.usefixtures("config")
def test_a_killed_server_is_rejoined_over_tls(run: Programs, certificates: Certificates) -> None:  # T4, T7
    shown = certificates.self_signed()
    server = tls_server(run, shown)
    ann = by_tls(run, "--tls-fingerprint", shown.fingerprint)
    ann.sees("ann>")
    server.signals(signal.SIGKILL)
    ann.sees("next try in")
    ann.types("typed while away")
    tls_server(run, shown, port=run.port)
    ann.sees("ann: typed while away")
    bob = run.joins(run.nc(), "bob")
    bob.types("/history")
    bob.sees("ann: typed while away")
    assert bob.text.count("typed while away") <= 2  # the greeting's history, and the one that was asked for
