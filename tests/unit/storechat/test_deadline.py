"""storechat.deadline: a connection whose every step, all in all, ends at one time."""

from __future__ import annotations

import socket
import time

import pytest

from storechat.deadline import TimedSocket, dial, left
from tests.support.patience import PATIENCE
from tools.shared.programs import free_port


def soon() -> float:
    return time.monotonic() + PATIENCE


def test_what_is_over_is_over() -> None:
    assert 0 < left(soon()) <= PATIENCE
    with pytest.raises(TimeoutError):
        left(time.monotonic() - 1)


def test_each_address_of_a_host_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        kind = (socket.AF_INET, socket.SOCK_STREAM, 0, "")
        found = [(*kind, ("127.0.0.1", free_port())), (*kind, listener.getsockname())]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        with dial("two.example", 80, soon(), None) as sock:
            assert sock.getpeername() == listener.getsockname()
    with pytest.raises(ConnectionRefusedError):
        dial("two.example", 80, soon(), None)


def test_a_peer_who_takes_nothing_is_given_up() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(TimeoutError):
        TimedSocket(ours, time.monotonic() + 0.05).sendall(b"x" * 10_000_000)


def test_what_is_sent_arrives_and_what_comes_is_read() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        timed = TimedSocket(ours, soon())
        timed.sendall(b"hello")
        assert theirs.recv(100) == b"hello"
        theirs.sendall(b"one\ntwo\n")
        with timed.makefile("rb") as file:
            assert file.readline() == b"one\n"
