"""runtime/sockets.py: opening the listening sockets, and what the machine's addresses and limits are."""

from __future__ import annotations

import contextlib
import resource
import select
import socket
import struct
import sys
from collections.abc import Iterator

import pytest

from runtime import sockets
from runtime.sockets import SEND_BUFFER, find_ended, listen, own_addresses, printable, raise_descriptor_limit
from tests.support.patience import PATIENCE

# --- addresses ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (("192.0.2.1", 4711), "192.0.2.1:4711"),
        (("::ffff:192.0.2.1", 4711, 0, 0), "192.0.2.1:4711"),
        (("2001:db8::1", 4711, 0, 0), "[2001:db8::1]:4711"),
    ],
)
def test_addresses_are_shown_as_people_write_them(address: tuple[str, int], shown: str) -> None:
    assert printable(address) == shown


def test_own_addresses_are_addresses() -> None:
    for address in own_addresses():
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        assert socket.inet_pton(family, address)


def test_a_machine_without_a_route_has_no_addresses_to_hand_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr(socket.socket, "connect", fail)
    assert own_addresses() == []


# --- listening ---------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def listening(host: str | None) -> Iterator[list[socket.socket]]:
    listeners = listen(host, 0)
    with contextlib.ExitStack() as stack:
        for listener in listeners:
            stack.enter_context(listener)
        yield listeners


def can_connect(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port)):
            return True
    except OSError:
        return False


def test_with_no_host_every_interface_is_listened_on_in_ipv4_and_ipv6() -> None:
    with listening(None) as (listener,):
        port = listener.getsockname()[1]
        assert can_connect("127.0.0.1", port)
        assert can_connect("::1", port) == socket.has_dualstack_ipv6()


def test_with_a_host_nothing_but_that_is_listened_on() -> None:
    with listening("127.0.0.1") as (listener,):
        assert listener.getsockname()[0] == "127.0.0.1"
        assert not can_connect("::1", listener.getsockname()[1])


def test_a_name_is_listened_on_at_each_of_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    two = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{n}", 0)) for n in (1, 2, 1)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: two)
    with listening("a-name") as listeners:
        assert [listener.getsockname()[0] for listener in listeners] == ["127.0.0.1", "127.0.0.2"]


def test_a_machine_whose_sockets_know_no_dual_stack_is_listened_on_in_ipv4(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)
    with listening(None) as (listener,):
        assert listener.family == socket.AF_INET


def test_a_machine_with_ipv6_switched_off_is_listened_on_in_ipv4(monkeypatch: pytest.MonkeyPatch) -> None:
    bind = socket.socket.bind

    def bind_ipv4(sock: socket.socket, address: tuple[str, int]) -> None:
        if sock.family == socket.AF_INET6:
            raise OSError("cannot assign requested address")
        bind(sock, address)

    monkeypatch.setattr(socket.socket, "bind", bind_ipv4)
    with listening(None) as (listener,):
        assert listener.family == socket.AF_INET


def test_what_is_accepted_inherits_a_small_send_buffer() -> None:
    with listening("127.0.0.1") as (listener,), socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            size = accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
            assert size in (SEND_BUFFER, 2 * SEND_BUFFER)  # Linux doubles it


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host", "a..b", "x" * 64])
def test_a_host_that_cannot_be_listened_on_is_an_os_error(host: str) -> None:
    with pytest.raises(OSError, match=r".+"):
        listen(host, 0)


# --- the limit of descriptors ------------------------------------------------------------------------------------


class Limits:
    """Stands in for the module `resource`."""

    RLIMIT_NOFILE = resource.RLIMIT_NOFILE

    def __init__(self, soft: int, hard: int) -> None:
        self.now = (soft, hard)

    def getrlimit(self, what: int) -> tuple[int, int]:
        return self.now

    def setrlimit(self, what: int, limit: tuple[int, int]) -> None:
        self.now = limit


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((256, 4096), (1088, 4096)),
        ((256, 512), (512, 512)),
        ((256, -1), (1088, -1)),
        ((4096, 8192), (4096, 8192)),
    ],
)
def test_the_limit_of_descriptors_is_raised_as_far_as_it_may_and_has_to(
    monkeypatch: pytest.MonkeyPatch, before: tuple[int, int], after: tuple[int, int]
) -> None:
    faked = Limits(*before)
    monkeypatch.setattr(sockets, "resource", faked)
    raise_descriptor_limit(1088)
    assert faked.now == after


def test_a_limit_that_cannot_be_raised_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(what: int, limit: tuple[int, int]) -> None:
        raise ValueError("not allowed to raise maximum limit")

    faked = Limits(256, 4096)
    monkeypatch.setattr(faked, "setrlimit", refuse)
    monkeypatch.setattr(sockets, "resource", faked)
    raise_descriptor_limit(1088)
    assert faked.now == (256, 4096)


def test_a_machine_without_such_a_limit_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    monkeypatch.setattr(sockets, "resource", None)
    raise_descriptor_limit(1088)
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before


# --- ends, found without reading ---------------------------------------------------------------------------------


needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="POLLRDHUP is Linux's")


@needs_linux
def test_an_end_of_file_and_a_broken_connection_are_distinguished() -> None:  # issue 10, 16
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peers = [socket.create_connection(listener.getsockname()) for _ in range(3)]
        ours = [listener.accept()[0] for _ in peers]
        fds = [sock.fileno() for sock in ours]
        assert find_ended(fds) == (set(), set())
        for peer in peers:
            peer.send(b"unread")
        peers[1].shutdown(socket.SHUT_WR)
        peers[2].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peers[2].close()
        watch = select.poll()
        for fd in fds[1:]:
            watch.register(fd, select.POLLRDHUP)
            watch.poll(PATIENCE * 1000)
        assert find_ended(fds) == ({fds[1]}, {fds[2]})
        for sock in [*peers, *ours]:
            sock.close()


def test_no_ends_are_found_without_sockets_or_without_pollrdhup(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_ended([]) == (set(), set())
    monkeypatch.setattr(sockets, "_PEER_ENDED", 0)
    assert find_ended([99999]) == (set(), set())
