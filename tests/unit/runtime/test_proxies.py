"""runtime/proxies.py: connections wait until their PROXY header has told whose they are."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from chat import limits
from chat.admission import Admission
from protocol.errors import ErrorCode
from protocol.events import refusal
from runtime.acceptor import Acceptor
from runtime.poller import SelectPoller
from runtime.proxies import Call
from runtime.sockets import listen
from tests.support.live import RESET_ON_CLOSE
from tests.support.patience import PATIENCE
from tests.support.rows import for_each

LOOPBACK = ip_network("127.0.0.0/8")
V1 = b"PROXY TCP4 192.0.2.7 203.0.113.1 50711 8001\r\n"
V1_UNKNOWN = b"PROXY UNKNOWN\r\n"
V2 = bytes.fromhex("0d0a0d0a000d0a515549540a 2111000c c0000207 cb007101 c617 1f41")
V2_LOCAL = bytes.fromhex("0d0a0d0a000d0a515549540a 20000000")
MISSING = ErrorCode.PROXY_HEADER_MISSING.phrase.encode() + b"\r\n"
NOW = 100.0


class Door:
    """An acceptor that expects headers from loopback, and the proxy's ends of connections to it."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack
        (listener,) = listeners = listen("127.0.0.1", 0)
        self.address = listener.getsockname()
        self.poller = SelectPoller()
        self.acceptor = Acceptor(listeners, Admission(), self.poller, proxies=(LOOPBACK,))
        stack.callback(self.acceptor.close)
        self.come: list[tuple[bytes, str]] = []  # what each peer's own transport found first, and its address

    def proxy(self, *says: bytes) -> socket.socket:
        """Return a connection that a proxy has made and that was accepted; then it says this, a turn for each."""
        sock = self._stack.enter_context(socket.create_connection(self.address, 10))
        self.turn()
        for data in says:
            sock.sendall(data)
            self.turn()
        return sock

    def turn(self, room: int = 100) -> None:
        """Have the acceptor do what the poller reports, as soon as it reports something."""
        ready, _ = self.poller.wait(PATIENCE)
        for transport, address in self.acceptor.accept_all(ready, room, NOW):
            with contextlib.suppress(BlockingIOError):
                self.come.append((transport.receive(1000), address))
                transport.close()
                continue
            self.come.append((b"", address))
            transport.close()

    @property
    def waiting(self) -> int:
        return len(self.acceptor._proxies)


@pytest.fixture
def door() -> Iterator[Door]:
    with contextlib.ExitStack() as stack:
        yield Door(stack)


def heard(proxy: socket.socket) -> bytes:
    with proxy.makefile("rb") as file:
        return file.read()


@pytest.mark.parametrize("header", [V1, V2])
def test_a_peer_is_there_when_its_header_is_whole(door: Door, header: bytes) -> None:  # N9
    door.proxy(header[:5], header[5:-1])
    assert (door.waiting, door.come) == (1, [])
    door.proxy(header + b"ann\r\n")
    assert door.come == [(b"ann\r\n", "192.0.2.7:50711")]
    assert door.waiting == 1


def test_a_header_may_come_byte_by_byte(door: Door) -> None:  # N9
    proxy = door.proxy(*(V2[i : i + 1] for i in range(len(V2) - 1)))
    assert (door.waiting, door.come) == (1, [])
    proxy.sendall(V2[-1:])
    door.turn()
    assert (door.waiting, door.come) == (0, [(b"", "192.0.2.7:50711")])


def test_while_nothing_comes_the_loop_can_sleep(door: Door) -> None:  # N9
    door.proxy(V1[:20])
    assert door.poller.wait(0) == (set(), set())


def test_several_come_in_one_turn(door: Door) -> None:  # N9
    proxies = [door.proxy() for _ in range(3)]
    for proxy in proxies:
        proxy.sendall(V1)
    while door.waiting:
        door.turn()
    assert door.come == [(b"", "192.0.2.7:50711")] * 3


@pytest.mark.parametrize("header", [V1_UNKNOWN, V2_LOCAL, b"", V1[:9]])
@pytest.mark.parametrize("resets", [False, True])
def test_a_health_check_makes_no_noise(
    door: Door, header: bytes, resets: bool, log: pytest.LogCaptureFixture
) -> None:  # N9
    proxy = door.proxy(*([header] if header else []))
    if resets:
        proxy.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    proxy.close()
    door.turn()
    assert (door.waiting, door.come, log.text) == (0, [], "")
    assert not door.acceptor.turned_away


def test_a_connection_of_the_proxys_own_that_says_something_has_the_proxys_address(door: Door) -> None:  # N9
    proxy = door.proxy(V2_LOCAL)
    ours = f"127.0.0.1:{proxy.getsockname()[1]}"
    proxy.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
    door.turn()
    assert door.come == [(b"GET /healthz HTTP/1.0\r\n\r\n", ours)]


def test_an_unknown_address_is_nobodys_and_not_the_proxys(door: Door) -> None:  # N9
    door.proxy(V1_UNKNOWN + b"ann\r\n")
    door.turn()
    assert door.come == [(b"ann\r\n", "0.0.0.0:0")]


@for_each(
    [
        ("127.0.0.1", "127.0.0.2", "127.0.0.2"),
        ("192.0.2.1", "127.0.0.2", "192.0.2.1"),
        ("2001:db8::1", "::1", "2001:db8::1"),
        ("192.0.2.1", "203.0.113.9", "203.0.113.9"),
        ("::1", "203.0.113.9", "203.0.113.9"),
    ]
)
def test_the_loopback_of_a_proxy_elsewhere_is_not_ours(proxy: str, told: str, host: str) -> None:  # N9, M1
    ours, theirs = socket.socketpair()
    with ours, theirs:
        family = "TCP6" if ":" in told else "TCP4"
        theirs.sendall(f"PROXY {family} {told} {told} 50711 8001\r\n".encode())
        call = Call(ours, (proxy, 4711), NOW)
        assert call.hear()
        assert call.address == (host, 50711 if host == told else 4711)


@pytest.mark.parametrize("said", [b"ann\r\n", b"\0\0\0\2{}", b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n"])
def test_without_a_header_nobody_comes_in_from_there(
    door: Door, said: bytes, log: pytest.LogCaptureFixture
) -> None:  # N9
    proxy = door.proxy(said)
    assert heard(proxy) == MISSING
    assert (door.waiting, door.come) == (0, [])
    at = f"127.0.0.1:{proxy.getsockname()[1]}"
    assert f"{at}: turned away, proxy-header-missing: Connections from this address have to begin with" in log.text
    assert door.acceptor.turned_away == {"proxy-header-missing": 1}


def test_a_header_that_is_wrong_is_refused_with_the_reason(door: Door, log: pytest.LogCaptureFixture) -> None:  # N9
    proxy = door.proxy(V1.replace(b"192.0.2.7", b"192.0.2.777"))
    why = "The PROXY header was not understood: there is no TCP4 address where one belongs. Closing."
    assert heard(proxy) == why.encode() + b"\r\n"
    assert f"turned away, proxy-header-bad: {why}" in log.text


@pytest.mark.parametrize(
    ("header", "error"),
    [(V1[:9], ErrorCode.PROXY_HEADER_MISSING), (V2_LOCAL, ErrorCode.TOO_SLOW_TO_JOIN)],
)
def test_nobody_waits_for_ever(door: Door, header: bytes, error: ErrorCode) -> None:  # N9
    proxy = door.proxy(header)
    door.acceptor.tick(NOW + limits.TEXT_REGISTRATION - 0.1)
    assert door.waiting == 1
    door.acceptor.tick(NOW + limits.TEXT_REGISTRATION)
    assert door.waiting == 0
    assert heard(proxy) == refusal(error, None, seconds=limits.TEXT_REGISTRATION).text.encode() + b"\r\n"


def test_the_limits_and_bans_of_an_address_are_those_of_the_peers_own(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:  # N9, M3
    monkeypatch.setattr(limits, "CONNECTIONS_PER_ADDRESS", 2)
    banned = refusal(ErrorCode.BANNED, left="for good", reason="")
    door.acceptor.ban_of = lambda host: banned if host == "203.0.113.66" else None
    assert [heard(door.proxy(V1))[:8] for _ in range(3)] == [b"", b"", b"Too many"]
    assert heard(door.proxy(V1.replace(b"192.0.2.7", b"203.0.113.66"))) == b"You are banned for good.\r\n"
    assert heard(door.proxy(V2_LOCAL + b"x", b"y")) == b""
    assert [address for _, address in door.come[:2]] == ["192.0.2.7:50711"] * 2


def test_who_waits_holds_a_place(door: Door) -> None:  # N9
    door.proxy()
    second = socket.create_connection(door.address, 10)
    with second:
        door.turn(room=1)
        assert heard(second) == b"The server is full. Try again later.\r\n"


def test_a_poller_that_was_wrong_harms_nobody(door: Door) -> None:  # N9
    door.proxy()
    assert door.acceptor.accept_all(set(range(1000)), 100, NOW) == []
    assert door.waiting == 1


def test_when_the_server_shuts_down_they_are_closed(door: Door) -> None:  # N9
    proxy = door.proxy()
    door.acceptor.shut()
    assert heard(proxy) == b""
    assert door.waiting == 0
    assert door.poller.wait(0) == (set(), set())
