"""runtime/peers.py: what the poller watches of each peer, with a transport that needs something else than is wanted."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from chat.delivery.connection import Connection
from chat.delivery.detection import Doors
from chat.delivery.outbox import Buffer
from chat.session import Session
from protocol.dialects import SLASH
from runtime.peers import Peer, Peers

FD = 7
Ready = tuple[set[int], set[int]]


class FakePoller:
    """Keeps what it was to watch, and reports `ready`."""

    peers_limit = descriptor_limit = 100

    def __init__(self) -> None:
        self.watched: dict[int, tuple[bool, bool]] = {}
        self.ready: Ready = set(), set()
        self.waited = -1.0

    def watch(self, fd: int, reading: bool, writing: bool) -> None:
        self.watched[fd] = reading, writing

    def forget(self, fd: int) -> None:
        del self.watched[fd]

    def wait(self, seconds: float) -> Ready:
        self.waited = seconds
        return set(self.ready[0]), set(self.ready[1])

    def close(self) -> None:
        raise NotImplementedError


class FakeTransport:
    """As TLS can be: it `needs` to read or to write, whichever of them is wanted of it."""

    sock: socket.socket
    handshaking = truncated = False

    def __init__(self) -> None:
        self.pending = self.is_plain = False
        self.needs: tuple[bool, bool] | None = None
        self.is_closed = False

    def fileno(self) -> int:
        return FD

    def wants(self, reading: bool, writing: bool) -> tuple[bool, bool]:
        return self.needs or (reading, writing)

    def shake_hands(self) -> None:
        raise NotImplementedError

    def receive(self, limit: int) -> bytes:
        raise NotImplementedError

    def take_overhead(self) -> int:
        raise NotImplementedError

    def send(self, buffers: list[Buffer]) -> int:
        raise NotImplementedError

    def send_one(self, buffer: Buffer) -> int:
        raise NotImplementedError

    def shut(self) -> bool:
        raise NotImplementedError

    def close(self) -> None:
        self.is_closed = True


class House:
    """Peers, one of them with a fake transport, and a fake poller."""

    def __init__(self) -> None:
        self.poller, self.transport = FakePoller(), FakeTransport()
        self.peers = Peers(self.poller)
        self.peer = Peer(self.transport, Connection(Session("a host:1"), Doors(SLASH)))
        self.peers.add(self.peer)

    def updates(self, *, writing: bool, needs: tuple[bool, bool] | None) -> None:
        self.peer.writing, self.transport.needs = writing, needs
        self.peers.update(self.peer)


@pytest.fixture
def house() -> Iterator[House]:
    made = House()
    yield made
    made.peers.remove(made.peer)
    assert (made.poller.watched, made.transport.is_closed) == ({}, True)


READS, WRITES = (True, False), (False, True)


@pytest.mark.parametrize(
    ("writing", "needs", "ready", "reported"),
    [
        pytest.param(False, None, ({FD}, set()), ({FD}, set()), id="reads"),
        pytest.param(True, None, (set(), {FD}), (set(), {FD}), id="writes"),
        pytest.param(False, WRITES, (set(), {FD}), ({FD}, set()), id="must write before it can read"),
        pytest.param(True, READS, ({FD}, set()), ({FD}, {FD}), id="must read before it can write"),
        pytest.param(True, READS, (set(), set()), (set(), set()), id="waits"),
    ],
)
def test_what_was_wanted_is_tried_when_what_is_needed_is_there(
    house: House, writing: bool, needs: tuple[bool, bool] | None, ready: Ready, reported: Ready
) -> None:
    house.updates(writing=writing, needs=needs)
    assert house.poller.watched[FD] == (needs or (True, writing))
    house.poller.ready = ready
    assert house.peers.wait(1.0) == reported


def test_each_update_asks_anew_what_is_needed(house: House) -> None:
    house.updates(writing=True, needs=READS)
    house.updates(writing=True, needs=None)
    assert house.poller.watched[FD] == (True, True)
    house.poller.ready = {FD}, set()
    assert house.peers.wait(1.0) == ({FD}, set())  # what can be read says nothing of writing any more


def test_what_the_transport_holds_itself_is_served_without_the_poller(house: House) -> None:
    house.transport.pending = True
    house.peers.served(house.peer)
    assert house.poller.watched[FD] == (False, False)
    assert house.peers.wait(1.0) == (set(), set())
    assert house.poller.waited == 0.0
    assert list(house.peers.by_turns(set())) == [house.peer]
    house.transport.pending = False
    house.peers.served(house.peer)
    assert house.poller.watched[FD] == (True, False)
    house.peers.wait(1.0)
    assert house.poller.waited == 1.0
    assert not house.peers.by_turns(set())
