"""Sockets: opening the listening ones, preparing accepted ones, and the machine's addresses and limits."""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Collection

from chat import limits
from system.tcp import prepare_tcp

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]

Address = tuple[str, int]  # as `socket.accept` returns it: a host and a port, and more for IPv6

BACKLOG = 1024
_PEER_ENDED = getattr(select, "POLLRDHUP", 0)  # Linux only; elsewhere an end is found when the socket is read
SEND_BUFFER = 64 * limits.KIB  # small, so that the kernel does not hide that a reader lags


def host_of(address: Address) -> str:
    """Return the host of an address; IPv4 as such, though it came in by an IPv6 socket."""
    return address[0].removeprefix("::ffff:")


def printable(address: Address) -> str:
    """Return an address as people write it, "192.0.2.1:4711" or "[2001:db8::1]:4711"."""
    host = host_of(address)
    return f"[{host}]:{address[1]}" if ":" in host else f"{host}:{address[1]}"


def prepare(sock: socket.socket) -> None:
    """Prepare an accepted socket: never block, send at once, and detect a peer that is gone."""
    sock.setblocking(False)
    prepare_tcp(sock, idle=60, interval=15, count=4)


class WakeUp:
    """A socket pair by which a thread or a signal wakes the loop: `fileno` is readable after `wake`, until `clear`."""

    def __init__(self) -> None:
        self._wake_r, self._wake_w = socket.socketpair()
        self._wake_r.setblocking(False)
        self._wake_w.setblocking(False)

    def fileno(self) -> int:
        """Return the descriptor for the poller."""
        return self._wake_r.fileno()

    def write_fileno(self) -> int:
        """Return the descriptor that `signal.set_wakeup_fd` may write to."""
        return self._wake_w.fileno()

    def wake(self) -> None:
        """Make `fileno` readable."""
        with contextlib.suppress(BlockingIOError):  # the buffer is full, so it is readable anyway
            self._wake_w.send(b"\0")

    def clear(self) -> bool:
        """Make `fileno` unreadable; return whether there was a `wake`."""
        try:
            return bool(self._wake_r.recv(4096))
        except BlockingIOError:
            return False

    def close(self) -> None:
        """Close both sockets."""
        self._wake_r.close()
        self._wake_w.close()


def find_ended(descriptors: Collection[int]) -> tuple[set[int], set[int]]:
    """Return the sockets whose peer has sent an end of file, and those whose connection is broken; reads nothing."""
    if not (descriptors and _PEER_ENDED):
        return set(), set()
    poller = select.poll()
    for descriptor in descriptors:
        poller.register(descriptor, _PEER_ENDED)
    found = poller.poll(0)
    broken = {descriptor for descriptor, events in found if events & ~_PEER_ENDED}
    return {descriptor for descriptor, _ in found} - broken, broken


def listen(host: str | None, port: int) -> list[socket.socket]:
    """Return the listening sockets for `host`, or with None for all interfaces. Raises OSError."""
    if host is not None:
        addresses = _resolve(host, port)
    elif _has_ipv6():
        addresses = [(socket.AF_INET6, ("", port))]
    else:
        addresses = [(socket.AF_INET, ("", port))]
    listeners = []
    for family, address in addresses:
        dualstack = host is None and family == socket.AF_INET6
        listener = socket.create_server(address, family=family, backlog=BACKLOG, dualstack_ipv6=dualstack)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)  # accepted sockets inherit it
        listeners.append(listener)
    return listeners


def _resolve(host: str, port: int) -> list[tuple[int, Address]]:
    """Return the family and address of each address of `host`. Raises OSError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except UnicodeError:  # raised for a label that is empty or over 63 bytes
        raise OSError(f"{host!r} can't be the name of a host") from None
    return list(dict.fromkeys((family, (str(address[0]), port)) for family, _, _, _, address in found))


def _has_ipv6() -> bool:
    """Return whether one socket can serve IPv6 and IPv4; a kernel may have IPv6 switched off."""
    if not socket.has_dualstack_ipv6():
        return False
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


def own_addresses() -> list[str]:
    """Return the addresses that others can reach this machine by, by its routes. Sends nothing."""
    found = []
    for family, elsewhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):  # RFC 5737, RFC 3849
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))
            found.append(probe.getsockname()[0])
    return found


def most_descriptors() -> int:
    """Return the hard limit of descriptors that this process may have open."""
    if resource is None:
        return 2**31
    hard: int = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return 2**31 if hard < 0 else hard


def raise_descriptor_limit(wanted: int) -> None:
    """Let the process open `wanted` descriptors, or as many as the system allows."""
    if resource is None:
        return
    with contextlib.suppress(ValueError, OSError):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard < 0 else min(wanted, hard), hard))
