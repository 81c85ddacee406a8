"""protocol/proxy_header.py: whose connection a proxy passes on."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import ErrorCode, ProtocolError
from protocol.proxy_header import LONGEST, UNKNOWN, ProxyHeader, Source
from tests.support.codec_cases import cut_streams, memory_of, same_in_every_cut
from tests.support.rows import for_each

SIGNATURE = bytes.fromhex("0d0a0d0a000d0a515549540a")
TCP4 = bytes.fromhex("c0000207 cb007101 c617 1f41")
TCP6 = bytes.fromhex("20010db8000000000000000000000007 20010db8000000000000000000000001 c617 1f41")
MAPPED = bytes.fromhex("00000000000000000000ffffc0000207 00000000000000000000ffffcb007101 c617 1f41")
BEHIND = (b"", b"\r\nann\r\n", b"PROXY UNKNOWN\r\n")

Told = tuple[Source | None, bytes]  # and what is left for the peer's own protocol


def binary(rest: bytes, family: int = 0x11, command: int = 0x21) -> bytes:
    return SIGNATURE + bytes((command, family)) + len(rest).to_bytes(2, "big") + rest


def told(chunks: list[bytes]) -> Told | ErrorCode | None:
    """Return what a header says and what is behind it; an error; or None for a header that is not whole."""
    header, behind = ProxyHeader(), b""
    for chunk in filter(None, chunks):
        rest = chunk
        try:
            while rest and not header.is_whole:
                taken = header.feed(rest)
                rest = rest[taken:]
                assert taken or header.is_whole
        except ProtocolError as error:
            return error.fault if error.fatal else None
        behind += rest
    return (header.source, behind) if header.is_whole else None


def told_of(stream: bytes) -> Told | ErrorCode | None:
    return same_in_every_cut(told, stream)


@for_each(
    [
        (b"PROXY TCP4 192.0.2.7 203.0.113.1 50711 8001\r\n", Source("192.0.2.7", 50711)),
        (b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", Source("255.255.255.255", 65535)),
        (b"PROXY TCP6 2001:DB8::7 2001:db8::1 50711 0\r\n", Source("2001:db8::7", 50711)),
        (b"PROXY TCP6 ::ffff:192.0.2.7 ::ffff:203.0.113.1 50711 8001\r\n", Source("192.0.2.7", 50711)),
        (b"PROXY TCP6" + b" ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" * 2 + b" 65535 65535\r\n", None),
        (b"PROXY UNKNOWN\r\n", UNKNOWN),
        (b"PROXY UNKNOWN anything \xff\0 before the end\r\n", UNKNOWN),
        (b"PROXY UNKNOWN" + b" ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" * 2 + b" 65535 65535\r\n", UNKNOWN),
        (binary(TCP4), Source("192.0.2.7", 50711)),
        (binary(TCP6, 0x21), Source("2001:db8::7", 50711)),
        (binary(MAPPED, 0x21), Source("192.0.2.7", 50711)),
        (binary(TCP4 + b"\x04\0\3xyz\x20\0\0"), Source("192.0.2.7", 50711)),
        (binary(TCP4 + b"not what an extension looks like"), Source("192.0.2.7", 50711)),
        (binary(b"", 0x00), UNKNOWN),
        (binary(TCP4, 0x12), UNKNOWN),
        (binary(TCP6, 0x22), UNKNOWN),
        (binary(bytes(216), 0x31), UNKNOWN),
        (binary(bytes(216), 0x32), UNKNOWN),
    ]
)
def test_a_header_tells_the_source_and_takes_no_byte_behind_it(stream: bytes, source: Source | None) -> None:  # N9
    source = source or Source("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535)
    for behind in BEHIND:
        assert told_of(stream + behind) == (source, behind)


@for_each([binary(b"", 0x00, 0x20), binary(TCP4, 0x11, 0x20), binary(b"x", 0xFF, 0x20)])
def test_a_local_connection_is_the_proxys_own_whatever_else_it_says(stream: bytes) -> None:  # N9
    assert told_of(stream + b"ann\r\n") == (None, b"ann\r\n")


@for_each(
    [
        *(stream[:size] for stream in (b"PROXY TCP4 192.0.2.7", binary(TCP4)) for size in range(1, 20)),
        binary(TCP4 + b"an extension")[:-1],
        b"PROXY " + b"x" * 100,
    ]
)
def test_more_may_be_needed(start: bytes) -> None:  # N9
    assert told_of(start) is None


@for_each(
    [
        *(b"ann\r\n", b"\0", b"\x16\x03\x01", b"\n", b"GET / HTTP/1.1", b"PROXX", b"proxy ", b"P ROXY", b"PROXY\r\n"),
        *(b"\r\n\r\n\r", SIGNATURE[:-1] + b"\r", b"\xff"),
    ]
)
def test_whatever_else_begins_is_no_header(start: bytes) -> None:  # N9
    assert told_of(start) is ErrorCode.PROXY_HEADER_MISSING


@for_each(
    [
        b"PROXY \r\n",
        b"PROXY TCP4\r\n",
        b"PROXY UNKNOWNX\r\n",
        b"PROXY UNKNOWN\n",
        b"PROXY UNIX a b\r\n",
        b"PROXY TCP4 192.0.2.7 203.0.113.1 50711 8001\n",
        b"PROXY TCP4 192.0.2.7 203.0.113.1 50711 8001 \r\n",
        b"PROXY TCP4  192.0.2.7 203.0.113.1 50711 8001\r\n",
        b"PROXY TCP4 192.0.2.7 203.0.113.1 50711\r\n",
        b"PROXY TCP4 192.0.2.7 203.0.113.1 050711 8001\r\n",
        b"PROXY TCP4 192.0.2.7 203.0.113.1 -1 8001\r\n",
        b"PROXY TCP4 192.0.2.7 203.0.113.1 65536 8001\r\n",
        b"PROXY TCP4 192.0.2.7 203.0.113.1 1 99999\r\n",
        b"PROXY TCP4 192.0.2.256 203.0.113.1 50711 8001\r\n",
        b"PROXY TCP4 192.0.2.07 203.0.113.1 50711 8001\r\n",
        b"PROXY TCP4 192.0.2.7 203.0.113 50711 8001\r\n",
        b"PROXY TCP4 2001:db8::7 2001:db8::1 50711 8001\r\n",
        b"PROXY TCP6 192.0.2.7 203.0.113.1 50711 8001\r\n",
        b"PROXY TCP6 fe80::1%eth0 fe80::2 50711 8001\r\n",
        b"PROXY TCP6 2001:db8:::7 2001:db8::1 50711 8001\r\n",
        b"PROXY " + b"x" * 100 + b"\r\n",
        b"PROXY " + b"x" * 101,
        binary(TCP4[:-1]),
        binary(TCP6[:-1], 0x21),
        binary(bytes(215), 0x31),
        binary(TCP4, 0x13),
        binary(TCP4, 0x41),
        binary(TCP4, command=0x22),
        binary(TCP4, command=0x11),
        binary(bytes(LONGEST - 15)),
    ]
)
def test_what_differs_from_the_specification_is_an_error(stream: bytes) -> None:  # N9
    assert told_of(stream) is ErrorCode.PROXY_HEADER_BAD


def test_one_of_version_2_may_have_4096_bytes() -> None:  # N9
    stream = binary(TCP4 + bytes(LONGEST - 16 - len(TCP4)))
    assert len(stream) == LONGEST
    assert told([stream, b"ann\r\n"]) == (Source("192.0.2.7", 50711), b"ann\r\n")


def test_why_a_header_was_not_understood_is_a_sentence() -> None:  # N9
    with pytest.raises(
        ProtocolError, match=r"not understood: its line is not like this one: PROXY TCP4 .* 8001\. Clos"
    ):
        ProxyHeader().feed(b"PROXY hello\r\n")


STARTS = st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", b"PROXY UNKNOWN", SIGNATURE, binary(TCP4)[:14]])


@settings(max_examples=50)
@given(cut_streams(st.tuples(STARTS, st.binary()).map(b"".join)))
def test_any_cut_gives_the_same_and_nothing_is_kept_beyond_a_header(drawn: tuple[bytes, list[bytes]]) -> None:  # N9
    stream, chunks = drawn
    assert told(chunks) == told([stream])
    header = ProxyHeader()
    for byte in stream:
        try:
            header.feed(bytes((byte,)))
        except ProtocolError:
            break
        if header.is_whole:
            break
    assert memory_of(header) < LONGEST + 2000


@settings(max_examples=30)
@given(st.booleans().flatmap(lambda six: st.tuples(*[st.ip_addresses(v=6 if six else 4)] * 2)), st.integers(0, 65535))
def test_both_versions_tell_every_address(ends: tuple[IPv4Address | IPv6Address, ...], port: int) -> None:  # N9
    family, code = ("TCP4", 0x11) if ends[0].version == 4 else ("TCP6", 0x21)
    line = f"PROXY {family} {ends[0]} {ends[1]} {port} 8001\r\n".encode()
    packed = ends[0].packed + ends[1].packed + port.to_bytes(2, "big") + b"\x1f\x41"
    expected = Source(str(getattr(ends[0], "ipv4_mapped", None) or ends[0]), port), b"ann"
    assert told([line + b"ann"]) == expected
    assert told([binary(packed, code) + b"ann"]) == expected
