"""runtime/poller.py: the same cases for every poller."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator

import pytest

from runtime.poller import POLLERS, EpollPoller, Poller, SelectPoller
from tests.support.patience import PATIENCE
from tools.shared.programs import ROOT
from tools.shared.sockets import room_for


@pytest.fixture(params=POLLERS)
def poller(request: pytest.FixtureRequest) -> Iterator[Poller]:
    made: Poller = POLLERS[request.param]()
    yield made
    made.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        yield ours, theirs


Pair = tuple[socket.socket, socket.socket]


def test_what_is_not_watched_is_not_reported(poller: Poller, pair: Pair) -> None:
    pair[1].send(b"x")
    assert poller.wait(0) == (set(), set())


def test_what_can_be_read_is_reported_until_it_was_read(poller: Poller, pair: Pair) -> None:
    ours, theirs = pair
    poller.watch(ours.fileno(), reading=True, writing=False)
    assert poller.wait(0) == (set(), set())
    theirs.send(b"x")
    assert poller.wait(PATIENCE) == ({ours.fileno()}, set())
    assert poller.wait(PATIENCE) == ({ours.fileno()}, set())
    ours.recv(1)
    assert poller.wait(0) == (set(), set())


def test_what_can_be_written_is_reported_only_when_that_is_wanted(poller: Poller, pair: Pair) -> None:
    ours, theirs = pair
    fd = ours.fileno()
    theirs.send(b"x")
    poller.watch(fd, reading=False, writing=True)
    assert poller.wait(PATIENCE) == (set(), {fd})
    poller.watch(fd, reading=True, writing=True)
    assert poller.wait(PATIENCE) == ({fd}, {fd})
    poller.watch(fd, reading=True, writing=False)
    assert poller.wait(PATIENCE) == ({fd}, set())
    poller.watch(fd, reading=False, writing=False)
    assert poller.wait(0) == (set(), set())


def test_a_full_socket_cannot_be_written_until_its_peer_reads(poller: Poller, pair: Pair) -> None:
    ours, theirs = pair
    with contextlib.suppress(BlockingIOError):
        while ours.send(bytes(65_536)):
            pass
    poller.watch(ours.fileno(), reading=True, writing=True)
    assert poller.wait(0) == (set(), set())
    while poller.wait(0) == (set(), set()):
        theirs.recv(65_536)
    assert poller.wait(0) == (set(), {ours.fileno()})


def test_what_is_forgotten_can_be_watched_again(poller: Poller, pair: Pair) -> None:
    ours, theirs = pair
    theirs.send(b"x")
    poller.watch(ours.fileno(), reading=True, writing=True)
    poller.forget(ours.fileno())
    poller.forget(ours.fileno())
    assert poller.wait(0) == (set(), set())
    poller.watch(ours.fileno(), reading=True, writing=False)
    assert poller.wait(PATIENCE) == ({ours.fileno()}, set())


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


@pytest.mark.parametrize(("reading", "writing"), [(True, False), (False, True), (True, True), (False, False)])
def test_a_peer_that_is_gone_is_reported_for_what_is_wanted_of_it(poller: Poller, reading: bool, writing: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
    with ours:
        fd = ours.fileno()
        poller.watch(fd, reading, writing)
        reset(peer)
        assert poller.wait(PATIENCE if reading or writing else 0) == (
            {fd} if reading else set(),
            {fd} if writing else set(),
        )


def test_a_descriptor_that_was_closed_harms_no_other(poller: Poller, pair: Pair) -> None:
    ours, theirs = pair
    lost = os.dup(ours.fileno())
    poller.watch(lost, reading=True, writing=False)
    poller.watch(ours.fileno(), reading=True, writing=False)
    theirs.send(b"x")
    os.close(lost)
    assert ours.fileno() in poller.wait(PATIENCE)[0]
    poller.forget(lost)
    assert poller.wait(PATIENCE) == ({ours.fileno()}, set())


def test_select_says_how_far_it_reaches() -> None:
    assert (SelectPoller.peers_limit, SelectPoller.descriptor_limit) == (1000, 1024)


def test_peers_leave_the_server_its_own_descriptors_where_there_are_few() -> None:  # A8
    few = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))"
    asked = f"{few}; from runtime.poller import OURS, SelectPoller; print(SelectPoller.peers_limit + OURS)"
    found = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout == "64\n"


@pytest.mark.skipif("epoll" not in POLLERS, reason="epoll is Linux's")
def test_epoll_watches_descriptors_that_select_cannot(pair: Pair) -> None:
    ours, theirs = pair
    number = SelectPoller.descriptor_limit + 10
    assert EpollPoller.peers_limit <= resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with room_for(number + 1), contextlib.closing(EpollPoller()) as poller:
        os.dup2(ours.fileno(), number)
        try:
            assert number < poller.descriptor_limit
            poller.watch(number, reading=True, writing=False)
            theirs.send(b"x")
            assert poller.wait(PATIENCE) == ({number}, set())
        finally:
            os.close(number)
