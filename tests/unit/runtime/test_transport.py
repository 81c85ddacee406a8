"""runtime/transport.py: bytes to and from a peer, over a socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from chat.delivery.outbox import Buffer
from runtime.transport import PlainTransport


@pytest.fixture
def pair() -> Iterator[tuple[PlainTransport, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        yield PlainTransport(ours), theirs


@pytest.mark.parametrize("buffers", [[b"one"], [b"one", memoryview(b" and two")]])
def test_the_buffers_are_written_in_their_order(
    pair: tuple[PlainTransport, socket.socket], buffers: list[Buffer]
) -> None:
    ours, theirs = pair
    assert ours.send(buffers) == len(b"".join(buffers))
    assert theirs.recv(100) == b"".join(buffers)


def test_send_returns_how_much_the_kernel_took(pair: tuple[PlainTransport, socket.socket]) -> None:
    ours, theirs = pair
    taken = ours.send([b"a" * 5_000_000, b"b"])
    assert 0 < taken < 5_000_001
    with pytest.raises(BlockingIOError):
        ours.send([b"c"])
    assert theirs.recv(1) == b"a"


class WithoutSendmsg:
    """A socket as Windows has it."""

    def __init__(self) -> None:
        self.sent = b""

    def send(self, data: bytes) -> int:
        self.sent += data
        return len(data)

    def recv(self, limit: int) -> bytes:
        raise NotImplementedError


def test_the_buffers_are_joined_where_there_is_no_sendmsg() -> None:
    sock = WithoutSendmsg()
    assert PlainTransport(sock).send([b"one", memoryview(b" and two")]) == 11  # type: ignore[arg-type]
    assert sock.sent == b"one and two"


def test_nothing_received_is_distinguished_from_the_end(pair: tuple[PlainTransport, socket.socket]) -> None:
    ours, theirs = pair
    with pytest.raises(BlockingIOError):
        ours.receive(10)
    theirs.send(b"hello")
    assert (ours.receive(2), ours.receive(10)) == (b"he", b"llo")
    theirs.shutdown(socket.SHUT_WR)
    assert ours.receive(10) == b""


def test_after_shut_the_peer_sees_the_end_and_may_go_on(pair: tuple[PlainTransport, socket.socket]) -> None:
    ours, theirs = pair
    ours.send([b"goodbye"])
    ours.shut()
    assert (theirs.recv(100), theirs.recv(100)) == (b"goodbye", b"")
    theirs.send(b"thanks")
    assert ours.receive(10) == b"thanks"
    ours.close()
    ours.shut()  # what is closed is shut already
    assert ours.fileno() == -1


def test_it_is_watched_for_what_is_wanted_and_hides_nothing_from_the_poller(
    pair: tuple[PlainTransport, socket.socket],
) -> None:
    ours, _ = pair
    for wanted in ((False, False), (False, True), (True, False), (True, True)):
        assert ours.wants(*wanted) == wanted
    assert not ours.pending
