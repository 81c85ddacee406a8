"""runtime/acceptor.py: who comes in by the listening sockets, and who is told that there is no room."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import resource
import select
import socket
from collections.abc import Iterator
from itertools import chain

import pytest

import runtime.acceptor
from chat import limits
from chat.admission import Admission
from protocol.errors import ErrorCode
from runtime.acceptor import Acceptor
from runtime.poller import SelectPoller
from runtime.sockets import listen, printable
from runtime.transport import PlainTransport
from tools.shared.sockets import room_for

FULL = b"The server is full. Try again later.\r\n"


@pytest.fixture
def admission() -> Admission:
    return Admission()


@pytest.fixture
def door(admission: Admission) -> Iterator[Acceptor]:
    made = Acceptor(listen("127.0.0.1", 0), admission, SelectPoller.descriptor_limit)
    yield made
    made.close()


@pytest.fixture
def callers() -> Iterator[list[socket.socket]]:
    """Three sockets that have not connected yet."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(socket.socket()) for _ in range(3)]


def listener(door: Acceptor) -> int:
    (descriptor,) = door.descriptors()
    return descriptor


def call(door: Acceptor, callers: list[socket.socket]) -> None:
    with socket.socket(fileno=os.dup(listener(door))) as same:
        address = same.getsockname()
    for caller in callers:
        caller.connect(address)
        caller.settimeout(10)


def heard(caller: socket.socket) -> bytes:
    """Return all that a caller is told, up to the end of file."""
    with caller.makefile("rb") as file:
        return file.read()


@contextlib.contextmanager
def no_descriptor_left() -> Iterator[None]:
    """Let the process open nothing more: its limit is the lowest descriptor that is free."""
    lowest = os.dup(0)
    os.close(lowest)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextlib.contextmanager
def every_descriptor_taken_below(limit: int) -> Iterator[None]:
    with room_for(limit + 100):
        held = [os.open(os.devnull, os.O_RDONLY)]
        while held[-1] < limit:
            held.append(os.dup(held[0]))
        os.close(held.pop())
        yield
        for descriptor in held:
            os.close(descriptor)


def test_who_comes_is_let_in_with_an_address(door: Acceptor, callers: list[socket.socket]) -> None:
    call(door, callers)
    let_in = door.let_in(listener(door), 100, now=0)
    for (transport, address), caller in zip(let_in, callers, strict=True):
        assert address == printable(caller.getsockname())
        assert isinstance(transport, PlainTransport)
        assert transport.sock.getpeername() == caller.getsockname()
        transport.close()


def test_nobody_at_the_door_is_nobody_let_in(door: Acceptor) -> None:
    assert door.let_in(listener(door), 100, now=0) == []


def test_a_turn_lets_in_so_many(door: Acceptor, callers: list[socket.socket], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TURN_ACCEPTS", 2)
    call(door, callers)
    turns = [door.let_in(listener(door), 100, now=0) for _ in range(3)]
    for transport, _ in chain(*turns):
        transport.close()
    assert [len(let_in) for let_in in turns] == [2, 1, 0]


def test_who_is_too_many_is_told_and_closed(door: Acceptor, callers: list[socket.socket]) -> None:
    call(door, callers)
    ((transport, _),) = door.let_in(listener(door), 1, now=0)
    assert [heard(caller) for caller in callers[1:]] == [FULL, FULL]
    transport.close()


def test_who_has_spoken_already_is_told_as_well(door: Acceptor, callers: list[socket.socket]) -> None:
    call(door, callers)
    callers[0].sendall(b"\0\0\0\2{}")
    assert door.let_in(listener(door), 0, now=0) == []
    assert heard(callers[0]) == FULL
    assert callers[0].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0  # closed, not reset


def test_a_descriptor_that_select_cannot_hold_is_told_and_closed(door: Acceptor, callers: list[socket.socket]) -> None:
    call(door, callers)
    with every_descriptor_taken_below(SelectPoller.descriptor_limit):
        assert door.let_in(listener(door), 100, now=0) == []
    assert [heard(caller) for caller in callers] == [FULL] * 3


def test_with_no_descriptor_left_each_turn_tells_one_and_none_stays_at_the_door(
    door: Acceptor, callers: list[socket.socket]
) -> None:
    call(door, callers)
    with no_descriptor_left():
        for _ in callers:
            assert door.let_in(listener(door), 100, now=0) == []
        assert select.select([listener(door)], [], [], 0)[0] == []
    assert [heard(caller) for caller in callers] == [FULL] * 3


def test_a_reserve_that_somebody_else_was_quicker_to_take_is_done_without(
    door: Acceptor, callers: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(*_: object) -> int:
        raise OSError(errno.ENFILE, "Too many open files in system")

    call(door, callers)
    with monkeypatch.context() as patch, no_descriptor_left():
        patch.setattr(os, "open", taken)
        assert door.let_in(listener(door), 100, now=0) == []
    assert heard(callers[0]) == FULL
    others = door.let_in(listener(door), 100, now=0)
    assert len(others) == 2
    for transport, _ in others:
        transport.close()


def test_the_log_tells_once_a_second_who_was_turned_away(
    door: Acceptor, callers: list[socket.socket], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "server")
    call(door, callers)
    door.let_in(listener(door), 0, now=0)
    with socket.create_connection(callers[0].getpeername()):
        select.select([listener(door)], [], [], 10)
        door.let_in(listener(door), 0, now=1.0)
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert "turned away, server-full (1 since the last such line)" in told[0]
    assert "(3 since the last such line)" in told[1]


def test_who_has_too_many_connections_is_told_and_may_come_when_one_has_ended(
    door: Acceptor, callers: list[socket.socket], admission: Admission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CONNECTIONS_PER_ADDRESS", 1)
    monkeypatch.setattr(runtime.acceptor, "host_of", lambda address: "192.0.2.1")  # loopback is not counted
    call(door, callers[:2])
    ((transport, _),) = door.let_in(listener(door), 100, now=0)
    transport.close()
    assert heard(callers[1]) == ErrorCode.TOO_MANY_CONNECTIONS.phrase.encode() + b"\r\n"
    door.let_out("192.0.2.1")
    call(door, callers[2:])
    ((transport, _),) = door.let_in(listener(door), 100, now=0)
    transport.close()


def test_a_shut_door_is_not_watched_and_refuses(door: Acceptor, callers: list[socket.socket]) -> None:
    with socket.socket(fileno=os.dup(listener(door))) as same:
        address = same.getsockname()
    door.shut()
    assert door.descriptors() == frozenset()
    with pytest.raises(ConnectionRefusedError):
        callers[0].connect(address)
