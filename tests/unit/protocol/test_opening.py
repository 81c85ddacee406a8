"""protocol/opening.py: what a peer speaks, by its first byte or two."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from protocol.opening import Opening, opening
from tests.support.rows import for_each


@for_each(
    [
        (b"\x00", Opening.FRAMES),
        (b"\x16", Opening.TLS),
        *((bytes((byte,)), Opening.TEXT) for byte in b"a~ /\t\r\n\x04"),
        *((bytes((byte,)), Opening.TEXT) for byte in (0xC2, 0xE2, 0xF0, 0xF4)),
        *((bytes((byte,)), Opening.UNKNOWN) for byte in (0x01, 0x02, 0x05, 0x0E, 0x1F, 0x80, 0xBF, 0xC0, 0xC1, 0xF5)),
        *((bytes((0xFF, byte)), Opening.TEXT) for byte in (236, 240, 244, 251, 253, 254)),
        *((bytes((0xFF, byte)), Opening.UNKNOWN) for byte in (0, 1, 0x41, 0xD8, 235, 255)),
        (b"\x03a", Opening.TEXT),
        (b"\x1b[", Opening.TEXT),
        (b"\x7fa", Opening.TEXT),
        (b"\x03\x00", Opening.UNKNOWN),
        (b"\xff", None),
        (b"\x1b", None),
    ]
)
def test_the_first_bytes_tell(start: bytes, kind: Opening | None) -> None:
    assert opening(start) is kind


@given(st.binary(min_size=2))
def test_two_bytes_are_enough_and_what_one_told_stays(stream: bytes) -> None:
    decided = opening(stream)
    assert decided is opening(stream[:2]) is not None
    assert opening(stream[:1]) in (None, decided)


@given(st.text(min_size=2).filter(lambda text: text.isprintable()))
def test_what_can_be_printed_is_text(text: str) -> None:
    assert opening(text.encode()) is Opening.TEXT


def test_inside_tls_there_is_no_other() -> None:  # T1
    assert opening(b"\x16\x03", in_tls=True) is Opening.UNKNOWN
    assert opening(b"\0", in_tls=True) is Opening.FRAMES
