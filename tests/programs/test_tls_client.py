"""The client over TLS beside real programs: openssl as the server."""

from __future__ import annotations

import pytest

from client.net.stream import dial
from client.net.tls import TlsStream, unchecked
from tests.support.certificates import Certificates
from tests.support.programs import PATIENCE, Program, Programs, needs
from tools.shared.programs import free_port

pytestmark = needs("openssl")


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
