"""protocol/framing.py: 4 bytes of length, then the payload, however the network cuts them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import ErrorCode, ProtocolError
from protocol.framing import FRAME_LIMIT, HEADER_SIZE, FrameCodec
from tests.support.codec_cases import Error, Item, cut_streams, items, memory_of, received
from tests.support.rows import for_each

BAD_LENGTH = Error(ErrorCode.BAD_LENGTH, fatal=True)
TOO_LONG = Error(ErrorCode.TOO_LONG)
PREAMBLE_LIMIT = 64
KIB, MIB = 1024, 1024 * 1024


def frames(*payloads: bytes) -> bytes:
    return b"".join(FrameCodec.encode(payload) for payload in payloads)


def greeted() -> FrameCodec:
    return FrameCodec(preamble=PREAMBLE_LIMIT)


# --- frames ------------------------------------------------------------------------------------------------------


def test_a_frame_is_the_length_of_its_payload_and_the_payload() -> None:  # D3
    assert FrameCodec.encode(b"hello") == b"\x00\x00\x00\x05hello"
    assert FrameCodec.encode(b"x" * 0x1234)[:HEADER_SIZE] == b"\x00\x00\x12\x34"


@for_each(
    [
        (b"hello",),
        (b"one", b"two", b"three"),
        (b"x",) * 20,
        (b"\x00\x00\x00\x05hello",),
        (b"\x00", b"\x00\x00\x00\x00", b"\xff\xff\xff\xff"),
        ("é ☃ 🎈".encode(),),
        (b"x" * 255, b"y" * 256, b"z" * 257),
        (b"x" * FRAME_LIMIT, b"and another"),
    ]
)
def test_each_frame_is_read_exactly_once(payloads: tuple[bytes, ...]) -> None:  # D3, D4
    assert received(FrameCodec, frames(*payloads)) == list(payloads)


def test_a_frame_that_is_too_long_is_reported_by_its_header_and_the_next_one_is_read() -> None:  # D3
    codec = FrameCodec(longest=100)
    assert items(codec, [frames(b"a"), (101).to_bytes(4, "big")]) == [b"a", TOO_LONG]
    assert items(codec, [b"x" * 100, b"x" + frames(b"b")]) == [b"b"]
    assert codec.dropped == 101


def test_frames_that_are_too_long_are_dropped_in_every_cut() -> None:
    stream = frames(b"a", b"x" * 101, b"y" * 100, b"z" * 300, b"z" * 101) + bytes(4)
    assert received(lambda: FrameCodec(longest=100), stream) == [
        b"a", TOO_LONG, b"y" * 100, TOO_LONG, TOO_LONG, BAD_LENGTH,
    ]  # fmt: skip


@for_each(range(len(frames(b"hello"))))
def test_nothing_comes_of_a_part_of_a_frame(size: int) -> None:  # D4
    whole = frames(b"hello")
    assert received(FrameCodec, whole[:size]) == []
    assert received(FrameCodec, frames(b"before") + whole[:size]) == [b"before"]


@given(st.lists(st.binary(min_size=1, max_size=300)).flatmap(lambda p: st.tuples(st.just(p), st.just(frames(*p)))))
def test_what_was_encoded_is_read(case: tuple[list[bytes], bytes]) -> None:
    payloads, stream = case
    assert items(FrameCodec(), [stream]) == payloads


@pytest.mark.parametrize("size", [0, FRAME_LIMIT + 1])
def test_a_frame_that_cannot_be_is_a_mistake_of_our_own(size: int) -> None:
    with pytest.raises(ValueError, match=f"1 to 65535 bytes, not {size}"):
        FrameCodec.encode(b"x" * size)


# --- bad lengths -------------------------------------------------------------------------------------------------

BAD_HEADERS = [
    (0).to_bytes(4, "big"),
    (FRAME_LIMIT + 1).to_bytes(4, "big"),
    (2**24).to_bytes(4, "big"),
    (2**31).to_bytes(4, "big"),
    (2**32 - 1).to_bytes(4, "big"),
    (5).to_bytes(4, "little"),  # little-endian
    b"GET ",  # HTTP
    b"ann\n",  # text
]


@for_each(BAD_HEADERS)
def test_a_bad_length_is_fatal_as_soon_as_it_is_read(header: bytes) -> None:  # D16
    assert received(FrameCodec, header[:-1]) == []
    assert received(FrameCodec, header) == [BAD_LENGTH]


@for_each(BAD_HEADERS)
def test_what_came_before_a_bad_length_counts_and_what_comes_after_does_not(header: bytes) -> None:  # D16
    stream = frames(b"one", b"two") + header + frames(b"three")
    assert received(FrameCodec, stream) == [b"one", b"two", BAD_LENGTH]


@for_each(BAD_HEADERS)
def test_nothing_is_allocated_for_a_bad_length_nor_kept_after_it(header: bytes) -> None:  # D16
    codec = FrameCodec()
    codec.feed(header)
    assert memory_of(codec) < KIB
    codec.feed(b"x" * MIB)
    assert memory_of(codec) < KIB


@for_each(BAD_HEADERS)
def test_what_came_together_with_a_bad_length_is_not_kept(header: bytes) -> None:  # D16
    codec = FrameCodec()
    codec.feed(header + b"x" * MIB)
    assert memory_of(codec) < KIB


def test_a_bad_length_says_what_it_was() -> None:  # D14, D16
    (error,) = FrameCodec().feed((2**31).to_bytes(4, "big"))
    assert str(error) == "A frame of 2147483648 bytes is not possible: 1 to 65535 are. Closing."


# --- any bytes ---------------------------------------------------------------------------------------------------

# Mostly frames, some bytes that are none, so that both what is read and what breaks off are drawn often.
_STREAMS = st.lists(
    st.one_of(st.binary(min_size=1, max_size=40).map(FrameCodec.encode), st.binary(max_size=6)), max_size=8
).map(b"".join)


@given(cut_streams(_STREAMS))
def test_any_cut_gives_the_same_items(case: tuple[bytes, list[bytes]]) -> None:  # D4
    stream, chunks = case
    assert items(FrameCodec(), chunks) == items(FrameCodec(), [stream])


@given(cut_streams(st.binary(max_size=100) | _STREAMS))
def test_junk_gives_payloads_and_at_most_one_error_at_the_end(case: tuple[bytes, list[bytes]]) -> None:  # D16
    _, chunks = case
    read = items(FrameCodec(), chunks)
    assert all(isinstance(item, bytes) for item in read[:-1])
    assert all(isinstance(item, bytes) or item == BAD_LENGTH for item in read[-1:])


# --- memory and work ---------------------------------------------------------------------------------------------


def test_the_buffer_holds_one_frame_at_most_however_slowly_it_comes() -> None:
    codec = FrameCodec()
    for byte in frames(b"x" * FRAME_LIMIT)[:-1]:
        assert codec.feed(bytes((byte,))) == []
    assert FRAME_LIMIT < memory_of(codec) < 1.25 * FRAME_LIMIT


def test_the_buffer_gives_its_memory_back() -> None:
    codec = FrameCodec()
    codec.feed(frames(*[b"x" * FRAME_LIMIT] * 16)[:-1])
    codec.feed(b"x")
    assert memory_of(codec) < KIB


class CountingBuffer(bytearray):
    """Counts how often its front is taken off, which may move all that is left."""

    moves = 0

    def __delitem__(self, key: object) -> None:
        self.moves += 1
        super().__delitem__(key)  # type: ignore[arg-type]


def test_the_buffer_is_moved_once_a_chunk_and_not_once_a_frame() -> None:
    codec = FrameCodec()
    codec._buffer = buffer = CountingBuffer()
    assert len(codec.feed(frames(*[b"x"] * 10_000))) == 10_000
    assert buffer.moves <= 1


# --- the preamble ------------------------------------------------------------------------------------------------

TOO_MUCH_TEXT = Error(ErrorCode.BAD_MESSAGE, fatal=True)


@for_each(
    [
        (b"", [b"hello", b"again"]),
        (b"Welcome. Choose a name:\r\n", [b"hello", b"again"]),
        (b"x" * PREAMBLE_LIMIT, [b"hello", b"again"]),
        (b"x" * (PREAMBLE_LIMIT + 1), [TOO_MUCH_TEXT]),
        (b"x" * 5000, [TOO_MUCH_TEXT]),
    ]
)
def test_a_greeting_before_the_first_frame_is_dropped(text: bytes, expected: list[Item]) -> None:
    assert received(greeted, text + frames(b"hello", b"again")) == expected


def test_a_greeting_without_a_frame_is_kept_for_the_person_who_sees_why_it_ended() -> None:
    codec = greeted()
    assert codec.feed(b"The server ") == codec.feed(b"is full.\r\n") == []
    assert codec.preamble == b"The server is full.\r\n"


def test_only_what_stands_before_the_first_frame_is_a_greeting() -> None:
    codec = greeted()
    assert items(codec, [b"hi", frames(b"hello"), b"text"]) == [b"hello", BAD_LENGTH]
    assert codec.preamble == b"hi"


def test_without_a_preamble_a_greeting_is_a_bad_length() -> None:
    assert received(FrameCodec, b"Welcome") == [BAD_LENGTH]


def test_of_endless_text_only_the_beginning_is_kept() -> None:
    codec = greeted()
    (error,) = codec.feed(b"x" * 20 * MIB)
    assert isinstance(error, ProtocolError)
    assert str(error) == "That frame was not understood: it is text, not frames."
    assert codec.feed(frames(b"hello")) == []
    assert codec.preamble == b"x" * PREAMBLE_LIMIT
    assert memory_of(codec) < KIB


def test_frames_have_no_commands_of_their_own_and_no_last_one_without_its_length() -> None:
    codec = FrameCodec()
    assert codec.feed(FrameCodec.encode(b"one")[:-1]) == []
    assert (codec.end(), codec.replies(), codec.farewell(), codec.over) == ([], b"", b"", False)
