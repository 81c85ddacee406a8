"""tools/crash/link.py: a link that fails does so in the midst of the bytes, and as it was told to."""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Iterator

import pytest

from runtime.certificate import load_certificate
from runtime.tls import TlsTransport
from tests.support.certificates import Files
from tests.support.patience import PATIENCE
from tools.crash.link import CutError, Link, TlsLink


class Pair:
    """A link, and the server's end of it."""

    def __init__(self, listener: socket.socket) -> None:
        self.link = Link(listener.getsockname())
        self.peer, _ = listener.accept()
        self.peer.settimeout(PATIENCE)

    def arrives(self, content: bytes) -> None:
        """Send this from the server, and wait until it is there."""
        self.peer.sendall(content)
        assert select.select([self.link.sock], [], [], PATIENCE)[0]


@contextlib.contextmanager
def attempt(address: tuple[str, int]) -> Iterator[Link]:
    """Yield a link whose connection has been made or refused."""
    with contextlib.closing(Link(address)) as link:
        select.select([], [link.sock], [], PATIENCE)
        yield link


@pytest.fixture
def pair() -> Iterator[Pair]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Pair(listener)
        with made.peer, contextlib.closing(made.link):
            yield made


def test_what_is_sent_arrives_and_what_comes_is_received(pair: Pair) -> None:
    pair.link.waits = b"hello"
    pair.link.flush()
    assert (pair.link.waits, pair.peer.recv(100)) == (b"", b"hello")
    assert pair.link.receive() == b""
    pair.arrives(b"hi")
    assert pair.link.receive() == b"hi"
    pair.link.received(2)


@pytest.mark.parametrize("how", ["end", "hang"])
def test_a_link_that_fails_on_the_way_up_lets_so_much_through(pair: Pair, how: str) -> None:
    pair.link.fail(how, "up", 7)
    pair.link.waits = b"x" * 1000
    with pytest.raises(CutError):
        pair.link.flush()
    assert pair.peer.recv(1000) == b"x" * 7
    pair.link.close()
    assert pair.peer.recv(1000) == b""


def test_a_link_that_fails_with_a_reset_tells_the_server_so(pair: Pair) -> None:
    pair.link.fail("reset", "up", 0)
    pair.link.waits = b"x"
    with pytest.raises(CutError):
        pair.link.flush()
    pair.link.close()
    with pytest.raises(ConnectionResetError):
        pair.peer.recv(1000)


def test_a_link_that_fails_on_the_way_down_lets_so_much_through(pair: Pair) -> None:
    pair.link.fail("end", "down", 7)
    pair.arrives(b"x" * 1000)
    chunk = pair.link.receive()
    assert chunk == b"x" * 7
    with pytest.raises(CutError):
        pair.link.received(len(chunk))


def test_the_end_of_the_server_is_the_end_of_the_link(pair: Pair) -> None:
    pair.peer.close()
    assert select.select([pair.link.sock], [], [], PATIENCE)[0]
    with pytest.raises(CutError):
        pair.link.receive()


def test_where_nobody_listens_there_is_no_link() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
    with pytest.raises(CutError), attempt(address) as link:
        link.receive()


@pytest.mark.parametrize("down", [0, 700])
def test_a_link_in_tls_carries_what_is_said_and_fails_in_the_midst_of_a_record(certificate: Files, down: int) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        contextlib.closing(TlsLink(listener.getsockname())) as link,
    ):
        sock, _ = listener.accept()
        with contextlib.closing(TlsTransport(sock, load_certificate(*certificate).context, b"")) as server:
            sock.setblocking(False)
            link.say(b"hello")
            if down:
                link.fail("end", "down", down)
                with pytest.raises(CutError):
                    converse(link, server)
            else:
                assert converse(link, server) == (b"hello", b"hi")


def converse(link: TlsLink, server: TlsTransport) -> tuple[bytes, bytes]:
    """Return what was heard at both ends, once each has said something."""
    up = down = b""
    while not (up and down):
        link.flush()
        if not server.pending:
            select.select([server.sock, link.sock], [], [], PATIENCE)
        if server.handshaking:
            server.shake_hands()
        else:
            with contextlib.suppress(BlockingIOError):
                up += server.receive(100)
                server.send([b"hi"])
        chunk = link.receive()
        link.received(len(chunk))
        down += chunk
    return up, down
