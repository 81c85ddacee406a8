"""One random PROXY header, or nearly one, with something behind it, whole and in pieces.

- The same stream in any cut gives the same source, or the same error.
- What is behind a whole header is left as it was, and of a header no more is kept than it may have.
- An address is one that the header holds; with nothing wrong in the header, it is the one that was put in.
"""

from __future__ import annotations

import random
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from protocol.errors import ProtocolError
from protocol.proxy_header import LONGEST, UNKNOWN, ProxyHeader, Source
from tools.fuzz.pieces import cut

_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
_BEHIND = (b"", b"ann\r\n", b"\0\0\0\2{}", b"\x16\x03\x01", b"GET / HTTP/1.1\r\n", b"PROXY UNKNOWN\r\n", _SIGNATURE)
_FAMILIES = (0x00, 0x11, 0x11, 0x11, 0x12, 0x21, 0x21, 0x21, 0x22, 0x31, 0x32, 0x13, 0xFF)
_COMMANDS = (0x20, 0x21, 0x21, 0x21, 0x21, 0x22, 0x11)


class Told(NamedTuple):
    """What a stream turned out to be: `left` is what was not taken, None while more of the header is awaited."""

    source: Source | None
    left: bytes | None
    error: str = ""


def check_proxy_header(dice: random.Random) -> None:
    """Make a stream that may begin with a header and check it. Raises AssertionError, or what the parser raises."""
    header, source = _line(dice) if dice.random() < 0.5 else _binary(dice)
    is_right = dice.random() < 0.5
    if not is_right:
        header = _spoilt(dice, header)
    behind = dice.choice(_BEHIND)
    whole = _told([header + behind])
    assert _told(cut(dice, header + behind)) == whole
    if is_right and source is not None:
        assert whole == Told(source, behind)
    assert whole.left is None or (header + behind).endswith(whole.left)


def _told(chunks: list[bytes]) -> Told:
    parser, left = ProxyHeader(), b""
    for chunk in filter(None, chunks):
        taken = 0
        while taken < len(chunk) and not parser.is_whole:
            try:
                count = parser.feed(chunk[taken:])
            except ProtocolError as error:
                return Told(None, None, error.fault.code)
            assert count > 0
            taken += count
            assert len(parser._start) <= LONGEST
        left += chunk[taken:]
    return Told(parser.source, left) if parser.is_whole else Told(None, None)


def _addresses(dice: random.Random, is_ipv4: bool) -> list[IPv4Address | IPv6Address]:
    size, kind = (4, IPv4Address) if is_ipv4 else (16, IPv6Address)
    mapped = bytes(10) + b"\xff\xff" + dice.randbytes(4)
    choices = (dice.randbytes(size), bytes(size), b"\xff" * size, mapped[-size:])
    return [kind(packed) for packed in dice.choices(choices, k=2)]


def _source(host: IPv4Address | IPv6Address, port: int) -> Source:
    return Source(str(getattr(host, "ipv4_mapped", None) or host), port)


def _line(dice: random.Random) -> tuple[bytes, Source | None]:
    """Return a header of version 1, and what it says."""
    if dice.random() < 0.2:
        return b"PROXY UNKNOWN" + dice.choice((b"", b" ", b" x y z")) + b"\r\n", UNKNOWN
    is_ipv4 = dice.random() < 0.5
    hosts, ports = _addresses(dice, is_ipv4), dice.choices((0, 1, 8001, 65535), k=2)
    words = ("PROXY", "TCP4" if is_ipv4 else "TCP6", *map(str, hosts), *map(str, ports))
    return " ".join(words).encode() + b"\r\n", _source(hosts[0], ports[0])


def _binary(dice: random.Random) -> tuple[bytes, Source | None]:
    """Return a header of version 2, and what it says; None where chance has made one that is wrong, or LOCAL."""
    command, family = dice.choice(_COMMANDS), dice.choice(_FAMILIES)
    hosts, port = _addresses(dice, family == 0x11), dice.randint(0, 65535)
    rest = b"".join(host.packed for host in hosts) + port.to_bytes(2, "big") + b"\x1f\x41"
    is_tcp = family in (0x11, 0x21)
    if not is_tcp:
        rest = dice.randbytes(dice.choice((0, 12, 36, 215, 216, 300)))
    rest += b"".join(
        dice.randbytes(1) + len(value).to_bytes(2, "big") + value
        for value in (dice.randbytes(dice.randint(0, 40)) for _ in range(dice.randint(0, 3)))
    )
    header = _SIGNATURE + bytes((command, family)) + len(rest).to_bytes(2, "big") + rest
    return header, _source(hosts[0], port) if is_tcp and command == 0x21 else None


def _spoilt(dice: random.Random, header: bytes) -> bytes:
    """Return `header` with a byte changed, lost or added, or cut off."""
    at = dice.randrange(len(header))
    how = dice.randrange(4)
    if how == 0:
        return header[:at] + dice.randbytes(1) + header[at + 1 :]
    if how == 1:
        return header[:at] + header[at + 1 :]
    if how == 2:
        return header[:at] + dice.choice((b" ", b"\r", b"\n", b"0", b":", dice.randbytes(1))) + header[at:]
    return header[:at]
