"""runtime/acceptor.py: accepting and refusing connections."""

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
from protocol.events import Refused, refusal
from runtime.acceptor import Acceptor
from runtime.poller import SelectPoller
from runtime.sockets import listen, printable
from runtime.transport import PlainTransport
from tests.support.patience import PATIENCE
from tools.shared.sockets import room_for

FULL = b"The server is full. Try again later.\r\n"


@pytest.fixture
def admission() -> Admission:
    return Admission()


@pytest.fixture
def acceptor(admission: Admission) -> Iterator[Acceptor]:
    made = Acceptor(listen("127.0.0.1", 0), admission, SelectPoller())
    yield made
    made.close()


@pytest.fixture
def callers() -> Iterator[list[socket.socket]]:
    """Three sockets that have not connected yet."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(socket.socket()) for _ in range(3)]


def listener(acceptor: Acceptor) -> int:
    (descriptor,) = acceptor._listeners
    return descriptor


def call(acceptor: Acceptor, callers: list[socket.socket]) -> None:
    with socket.socket(fileno=os.dup(listener(acceptor))) as same:
        address = same.getsockname()
    for caller in callers:
        caller.connect(address)
        caller.settimeout(PATIENCE)


def heard(caller: socket.socket) -> bytes:
    """Return all that the server sent to a caller, up to the end of file."""
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


def test_connections_are_accepted_with_their_addresses(acceptor: Acceptor, callers: list[socket.socket]) -> None:
    call(acceptor, callers)
    accepted = acceptor.accept_all({listener(acceptor)}, 100, now=0)
    for (transport, address), caller in zip(accepted, callers, strict=True):
        assert address == printable(caller.getsockname())
        assert isinstance(transport, PlainTransport)
        assert transport.sock.getpeername() == caller.getsockname()
        transport.close()


def test_an_empty_backlog_yields_no_connection(acceptor: Acceptor) -> None:
    assert acceptor.accept_all({listener(acceptor)}, 100, now=0) == []


def test_a_turn_accepts_a_limited_number(
    acceptor: Acceptor, callers: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "TURN_ACCEPTS", 2)
    call(acceptor, callers)
    turns = [acceptor.accept_all({listener(acceptor)}, 100, now=0) for _ in range(3)]
    for transport, _ in chain(*turns):
        transport.close()
    assert [len(accepted) for accepted in turns] == [2, 1, 0]


def test_connections_beyond_the_limit_are_refused_and_closed(acceptor: Acceptor, callers: list[socket.socket]) -> None:
    call(acceptor, callers)
    ((transport, _),) = acceptor.accept_all({listener(acceptor)}, 1, now=0)
    assert [heard(caller) for caller in callers[1:]] == [FULL, FULL]
    transport.close()


def test_a_refused_peer_that_has_sent_something_gets_the_message_too(
    acceptor: Acceptor, callers: list[socket.socket]
) -> None:
    call(acceptor, callers)
    callers[0].sendall(b"\0\0\0\2{}")
    assert acceptor.accept_all({listener(acceptor)}, 0, now=0) == []
    assert heard(callers[0]) == FULL
    assert callers[0].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0  # closed, not reset


def test_a_descriptor_that_select_cannot_hold_is_refused_and_closed(
    acceptor: Acceptor, callers: list[socket.socket]
) -> None:
    call(acceptor, callers)
    with every_descriptor_taken_below(SelectPoller.descriptor_limit):
        assert acceptor.accept_all({listener(acceptor)}, 100, now=0) == []
    assert [heard(caller) for caller in callers] == [FULL] * 3


def test_with_no_descriptor_left_each_turn_refuses_one_until_the_backlog_is_empty(
    acceptor: Acceptor, callers: list[socket.socket]
) -> None:
    call(acceptor, callers)
    with no_descriptor_left():
        for _ in callers:
            assert acceptor.accept_all({listener(acceptor)}, 100, now=0) == []
        assert select.select([listener(acceptor)], [], [], 0)[0] == []
    assert [heard(caller) for caller in callers] == [FULL] * 3


def test_without_a_reserve_the_acceptor_goes_on(
    acceptor: Acceptor, callers: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(*_: object) -> int:
        raise OSError(errno.ENFILE, "Too many open files in system")

    call(acceptor, callers)
    with monkeypatch.context() as patch, no_descriptor_left():
        patch.setattr(os, "open", taken)
        assert acceptor.accept_all({listener(acceptor)}, 100, now=0) == []
    assert heard(callers[0]) == FULL
    others = acceptor.accept_all({listener(acceptor)}, 100, now=0)
    assert len(others) == 2
    for transport, _ in others:
        transport.close()


def test_refusals_are_logged_once_a_second(
    acceptor: Acceptor, callers: list[socket.socket], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "server")
    call(acceptor, callers)
    acceptor.accept_all({listener(acceptor)}, 0, now=0)
    with socket.create_connection(callers[0].getpeername()):
        select.select([listener(acceptor)], [], [], PATIENCE)
        acceptor.accept_all({listener(acceptor)}, 0, now=1.0)
    logged = [record.getMessage() for record in caplog.records]
    assert len(logged) == 2
    assert "turned away, server-full (1 since the last such line)" in logged[0]
    assert "(3 since the last such line)" in logged[1]


def test_an_address_with_too_many_connections_is_refused_until_one_has_ended(
    acceptor: Acceptor, callers: list[socket.socket], admission: Admission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CONNECTIONS_PER_ADDRESS", 1)
    monkeypatch.setattr(runtime.acceptor, "host_of", lambda address: "192.0.2.1")  # loopback is not counted
    call(acceptor, callers[:2])
    ((transport, _),) = acceptor.accept_all({listener(acceptor)}, 100, now=0)
    transport.close()
    assert heard(callers[1]) == ErrorCode.TOO_MANY_CONNECTIONS.phrase.encode() + b"\r\n"
    acceptor.release("192.0.2.1", 0.0, was_page=False)
    call(acceptor, callers[2:])
    ((transport, _),) = acceptor.accept_all({listener(acceptor)}, 100, now=0)
    transport.close()


def test_after_shut_nothing_is_watched_and_connections_are_refused(
    acceptor: Acceptor, callers: list[socket.socket]
) -> None:
    with socket.socket(fileno=os.dup(listener(acceptor))) as same:
        address = same.getsockname()
    acceptor.shut()
    assert not acceptor._listeners
    with pytest.raises(ConnectionRefusedError):
        callers[0].connect(address)


def test_a_banned_address_gets_one_line_and_takes_no_place(  # M3
    acceptor: Acceptor, callers: list[socket.socket], caplog: pytest.LogCaptureFixture
) -> None:
    banned: list[str] = []

    def ban_of(host: str) -> Refused:
        banned.append(host)
        return refusal(ErrorCode.BANNED, left="for another 2 h", reason=": flood")

    acceptor.ban_of = ban_of
    call(acceptor, callers)
    with caplog.at_level(logging.INFO):
        assert acceptor.accept_all({listener(acceptor)}, 10, now=100.0) == []
    for caller in callers:
        assert caller.recv(4096) == b"You are banned for another 2 h: flood.\r\n"
        assert caller.recv(4096) == b""
    assert banned == ["127.0.0.1"] * 3
    assert [record.getMessage().partition("turned away, ")[2] for record in caplog.records] == [
        "banned (1 since the last such line)"
    ]
