"""protocol/opening.py: what a peer speaks, by its first bytes."""

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
        *((word + b" ", Opening.HTTP) for word in (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PRI")),
        (b"GET / HTTP/1.1\r\n", Opening.HTTP),
        *((start, None) for start in (b"G", b"GET", b"P", b"PR", b"OPTIONS")),
        *((start, Opening.TEXT) for start in (b"GE\r", b"GETS ", b"get ", b"Pat\r\n", b"PATH")),
    ]
)
def test_the_first_bytes_tell(start: bytes, kind: Opening | None) -> None:
    assert opening(start) is kind


LONGEST = len("OPTIONS ")
STARTS = st.binary(min_size=LONGEST) | st.binary().map(lambda rest: b"GET " + rest + bytes(LONGEST))


@given(STARTS)
def test_eight_bytes_are_enough_and_what_fewer_told_stays(stream: bytes) -> None:
    decided = opening(stream)
    assert decided is not None
    for size in range(1, len(stream)):
        assert opening(stream[:size]) in ((None, decided) if size < LONGEST else (decided,))


@given(st.text(min_size=LONGEST).filter(lambda text: text.isprintable()))
def test_what_can_be_printed_is_text_unless_a_method_begins_it(text: str) -> None:
    word = text.partition(" ")[0]
    is_method = word in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PRI")
    assert opening(text.encode()) is (Opening.HTTP if is_method else Opening.TEXT)


def test_inside_tls_there_is_no_other() -> None:  # T1
    assert opening(b"\x16\x03", in_tls=True) is Opening.UNKNOWN
    assert opening(b"\0", in_tls=True) is Opening.FRAMES
