"""The PROXY header: how a proxy says whose connection it passes on. Versions 1 and 2. (HAProxy, proxy-protocol.txt)

    PROXY TCP4 192.0.2.7 203.0.113.1 50711 8001 CR LF    version 1: a line, of at most 107 bytes (2.1)

    0D 0A 0D 0A 00 0D 0A 51 55 49 54 0A                  version 2: a signature (2.2),
    21 11 00 0C                                          version and command, family and transport, size of the rest,
    C0 00 02 07  CB 00 71 01  C6 17  1F 41               the source, the destination, their ports; then extensions

A header tells the source of a connection: an address; UNKNOWN, if the proxy has none that we can use (UNKNOWN in
version 1, UDP and Unix sockets in version 2); or None, if the connection is the proxy's own, a health check (LOCAL).

The rules: the size of a header is known before anything of it is parsed, so no byte behind it is taken. One of version
2 may have 4,096 bytes; its extensions are skipped. What differs from the specification is an error: a header that is
misunderstood would give a peer the address of another one.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

from protocol.errors import ErrorCode, ProtocolError

LONGEST = 4096  # bytes of a header; with all of HAProxy's extensions it has some hundred


class Source(NamedTuple):
    """An address and a port, as `socket.accept` returns them; an IPv4 address within an IPv6 one stands as IPv4."""

    host: str
    port: int


UNKNOWN = Source("0.0.0.0", 0)  # noqa: S104  (nobody's address, so it has no rights)

_WORD = b"PROXY "
_LONGEST_LINE = 107
_HOST, _PORT = "([0-9A-Fa-f:.]+)", "(0|[1-9][0-9]{0,4})"
_LINE = re.compile(f"PROXY (?:UNKNOWN(?: .*)?|(TCP[46]) {_HOST} {_HOST} {_PORT} {_PORT})\r\n".encode())
_EXAMPLE = "PROXY TCP4 192.0.2.7 203.0.113.1 50711 8001"
_MOST_PORTS = 65535

_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
_FIXED = 16  # bytes before those that are counted by the size
_LOCAL, _PROXY = 0x20, 0x21  # version and command
_TCP = (0x11, 0x21)  # families and transports that we can use; those of all, and the bytes of their addresses and ports
_ADDRESSES = {0x00: 0, 0x11: 12, 0x12: 12, 0x21: 36, 0x22: 36, 0x31: 216, 0x32: 216}


class ProxyHeader:
    """Reads one header, however it is cut."""

    def __init__(self) -> None:
        self.source: Source | None = None  # of the connection, once the header is whole; None: the proxy itself
        self.is_whole = False
        self._start = b""

    def feed(self, data: bytes) -> int:
        """Take in what belongs to the header of `data`, one byte or more; return how many bytes that is.

        Raises ProtocolError if it is no header. To be called until it is whole, and not after that.
        """
        start = self._start + data
        size = _size(start)
        taken = min(len(data), size - len(self._start))
        self._start = start[:size]
        if len(start) >= size:
            self.source = _told_by_line(start[:size]) if start.startswith(_WORD) else _told_by_bytes(start[:size])
            self.is_whole = True
        return taken


def _size(start: bytes) -> int:
    """Return the size of the header that begins with `start`; while that is not known, more than `start` has.

    Raises ProtocolError.
    """
    if start.startswith(_SIGNATURE[: len(start)]):
        size = _FIXED + int.from_bytes(start[_FIXED - 2 : _FIXED], "big") if len(start) >= _FIXED else _FIXED
        if size > LONGEST:
            raise _bad(f"it has {size} bytes, and at most {LONGEST} are taken")
        return size
    if not start.startswith(_WORD[: len(start)]):
        raise ProtocolError(ErrorCode.PROXY_HEADER_MISSING, fatal=True)
    size = start.find(b"\n") + 1 or len(start) + 1
    if size > _LONGEST_LINE:
        raise _bad(f"its line has more than {_LONGEST_LINE} bytes")
    return size


def _told_by_line(line: bytes) -> Source:
    """Return the source in a header of version 1. Raises ProtocolError."""
    found = _LINE.fullmatch(line)
    if found is None:
        raise _bad(f"its line is not like this one: {_EXAMPLE}")
    if found[1] is None:
        return UNKNOWN
    family = IPv4Address if found[1] == b"TCP4" else IPv6Address
    try:
        hosts = [family(host.decode()) for host in (found[2], found[3])]
    except ValueError:
        raise _bad(f"there is no {found[1].decode()} address where one belongs") from None
    ports = [int(port) for port in (found[4], found[5])]
    if max(ports) > _MOST_PORTS:
        raise _bad(f"a port is over {_MOST_PORTS}")
    return _source(hosts[0], ports[0])


def _told_by_bytes(header: bytes) -> Source | None:
    """Return the source in a header of version 2. Raises ProtocolError."""
    command, family, rest = header[12], header[13], header[_FIXED:]
    if command == _LOCAL:
        return None
    if command != _PROXY:
        raise _bad(f"version and command 0x{command:02x} are not known")
    size = _ADDRESSES.get(family)
    if size is None:
        raise _bad(f"family and transport 0x{family:02x} are not known")
    if len(rest) < size:
        raise _bad("it is too short for its addresses")
    if family not in _TCP:
        return UNKNOWN
    ports = size - 4
    return _source(ip_address(rest[: ports // 2]), int.from_bytes(rest[ports : ports + 2], "big"))


def _source(host: IPv4Address | IPv6Address, port: int) -> Source:
    return Source(str((isinstance(host, IPv6Address) and host.ipv4_mapped) or host), port)


def _bad(why: str) -> ProtocolError:
    return ProtocolError(ErrorCode.PROXY_HEADER_BAD, fatal=True, why=why)
