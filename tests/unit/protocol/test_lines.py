"""protocol/lines.py: lines as telnet, nc and people send them, however the network cuts them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import ErrorCode, ProtocolError
from protocol.lines import LINE_END, LINE_LIMIT, LineCodec
from protocol.telnet import CTRL_D
from tests.support.codec_cases import Error, Item, cut_streams, items, memory_of, received, same_in_every_cut
from tests.support.rows import for_each

TOO_LONG = Error(ErrorCode.TOO_LONG)
LONGEST = b"x" * LINE_LIMIT
IAC_NOP, IAC_EOF, IAC_DO_TIMING_MARK, IAC_DO_ECHO = b"\xff\xf1", b"\xff\xec", b"\xff\xfd\x06", b"\xff\xfd\x01"
KIB = 1024


def lines_in(stream: bytes) -> list[Item]:
    return received(LineCodec, stream)


# --- line ends ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [b"\r\n", b"\r\0", b"\n", b"\r"])
def test_a_line_ends_at_each_of_four_ends(end: bytes) -> None:
    assert lines_in(b"one" + end + b"two" + end) == [b"one", b"two"]
    assert lines_in(end) == [b""]


@for_each(
    [
        (b"", []),
        (b"par", []),
        (b"partial\n", [b"partial"]),
        (b"one\ntwo\nthr", [b"one", b"two"]),
        (b"one\r\ntwo\r\0three\nfour\rfive\n", [b"one", b"two", b"three", b"four", b"five"]),
        (b"\n\n\n", [b"", b"", b""]),
        (b"\r\r\r", [b"", b"", b""]),
        (b"\r\r\n", [b"", b""]),
        (b"\r\n\r\n", [b"", b""]),
        (b"\n\r", [b"", b""]),
        (b"\r\n\n", [b"", b""]),
        (b"\r\0\n", [b"", b""]),
        (b"\r\n\0x\n", [b"", b"\0x"]),  # only the NUL right after a CR belongs to it
        (b"\r\0\0x\n", [b"", b"\0x"]),
        (b"a\0b\n", [b"a\0b"]),
        ("é ☃ 🎈\n".encode(), ["é ☃ 🎈".encode()]),
        (b" \t spaces \t \n", [b" \t spaces \t "]),
        ("one\u2028line\x0b\x0c\x85\n".encode(), ["one\u2028line\x0b\x0c\x85".encode()]),
    ]
)
def test_lines_are_those_that_were_sent(stream: bytes, lines: list[Item]) -> None:
    assert lines_in(stream) == lines


def test_a_lone_cr_ends_its_line_at_once_and_does_not_end_it_twice() -> None:
    codec = LineCodec()
    assert codec.feed(b"hello\r") == [b"hello"]
    assert codec.feed(b"\n") == []
    assert codec.feed(b"\n") == [b""]


@for_each(
    [
        (b"", []),
        (b"first\nlast", [b"last"]),
        (b"last\r", []),
        (b"last\r\n", []),
        (b"\xff\xfblast", [b"ast"]),
        (b"last\xff\xfb", [b"last"]),  # half a command is nothing
        (b"x" * (LINE_LIMIT + 1), []),
        (b"\x04rest", []),
        (b"\x04\nrest", []),
    ]
)
def test_the_end_of_the_stream_ends_the_last_line(stream: bytes, last: list[Item]) -> None:
    def ended(chunks: list[bytes]) -> list[Item]:
        codec = LineCodec()
        items(codec, chunks)
        return [line for line in codec.end() if isinstance(line, bytes)]

    assert same_in_every_cut(ended, stream) == last


def test_what_is_encoded_has_a_line_end() -> None:
    assert LineCodec.encode(b"hello") == b"hello\r\n"
    assert LineCodec.encode(b"one" + LINE_END + b"two") == b"one\r\ntwo\r\n"


# Lines of bytes that mean themselves wherever they stand.
PLAIN_LINES = st.binary(max_size=300).map(lambda line: line.translate(None, b"\r\n\0\x04\xff"))


@given(st.lists(PLAIN_LINES, max_size=8))
def test_what_was_encoded_is_read(lines: list[bytes]) -> None:
    assert items(LineCodec(), map(LineCodec.encode, lines)) == lines


# --- long lines --------------------------------------------------------------------------------------------------


@for_each([(LONGEST, LONGEST), (LONGEST + b"x", TOO_LONG), (LONGEST * 3, TOO_LONG), (LONGEST + CTRL_D * 9, TOO_LONG)])
def test_a_line_over_4096_bytes_is_dropped_up_to_its_end(line: bytes, item: Item) -> None:
    for end in (b"\r\n", b"\r\0", b"\n", b"\r"):
        assert lines_in(b"before" + end + line + end + b"after" + end) == [b"before", item, b"after"]


def test_a_line_is_measured_in_bytes() -> None:
    assert lines_in("é".encode() * 2048 + b"\n") == ["é".encode() * 2048]
    assert lines_in("é".encode() * 2048 + b"!\n") == [TOO_LONG]


def test_a_line_that_grows_too_long_is_told_of_once_and_at_once() -> None:
    assert lines_in(LONGEST) == []
    assert lines_in(LONGEST + b"x") == [TOO_LONG]
    assert lines_in(LONGEST * 2) == [TOO_LONG]


def test_each_long_line_is_told_of() -> None:
    assert lines_in((LONGEST + b"x\n") * 2 + b"short\n") == [TOO_LONG, TOO_LONG, b"short"]


def test_the_error_says_how_long_a_line_may_be() -> None:  # D14
    (error,) = LineCodec().feed(LONGEST + b"x")
    assert str(error) == "That line was longer than 4096 bytes and was dropped. Send it in parts."
    assert isinstance(error, ProtocolError)
    assert not error.fatal


# --- leaving -----------------------------------------------------------------------------------------------------


@for_each(
    [
        (CTRL_D, [CTRL_D]),
        (CTRL_D + b"\n", [CTRL_D]),
        (CTRL_D + b"never read\nnor this\n", [CTRL_D]),
        (CTRL_D * 3, [CTRL_D]),
        (b"bye\n" + CTRL_D, [b"bye", CTRL_D]),
        (b"bye\r" + CTRL_D, [b"bye", CTRL_D]),
        (b"bye\r\n" + CTRL_D + b"more\r\n", [b"bye", CTRL_D]),
        (CTRL_D + LONGEST + b"x", [CTRL_D]),
        (LONGEST + b"x\n" + CTRL_D, [TOO_LONG, CTRL_D]),
        (b"not" + CTRL_D + b"here\n", [b"not" + CTRL_D + b"here"]),
        (b" " + CTRL_D + b"\n", [b" " + CTRL_D]),
        (IAC_EOF, [CTRL_D]),
        (b"bye\r\n" + IAC_EOF + b"more\r\n", [b"bye", CTRL_D]),
        (b"not" + IAC_EOF + b"here\n", [b"not" + CTRL_D + b"here"]),
    ]
)
def test_ctrl_d_at_the_start_of_a_line_is_the_last_that_is_read(stream: bytes, lines: list[Item]) -> None:  # C12
    assert lines_in(stream) == lines


def test_after_ctrl_d_telnet_is_still_answered() -> None:
    codec = LineCodec()
    assert codec.feed(CTRL_D) == [CTRL_D]
    assert codec.feed(b"more\n" + IAC_DO_TIMING_MARK) == []
    assert codec.replies() == b"\xff\xfc\x06"


# --- telnet ------------------------------------------------------------------------------------------------------


def read(chunks: list[bytes]) -> tuple[list[Item], bytes]:
    codec = LineCodec()
    return items(codec, chunks), codec.replies()


@for_each(
    [
        (b"he" + IAC_NOP + b"llo\r\n", [b"hello"], b""),
        (b"hello\r" + IAC_NOP + b"\nagain\r\n", [b"hello", b"again"], b""),
        (b"\xff\xff\xff\xffhello\n", [b"hello"], b""),
        (IAC_DO_TIMING_MARK + b"hello\n" + IAC_DO_TIMING_MARK, [b"hello"], b"\xff\xfc\x06" * 2),
        (b"\xff\xfb\x1f\xff\xfa\x1f\0\x50\0\x18\xff\xf0ann\r\0", [b"ann"], b"\xff\xfe\x1f"),
        (b"\xff\xfd\r\nhello\n", [b"", b"hello"], b"\xff\xfc\r"),  # option 13 isn't a line end
        (b"\xff\xfb\x06ann\n\xff\xfc\x06", [b"ann"], b""),  # the answers to our question
        (LONGEST + IAC_NOP + b"\n", [LONGEST], b""),
    ]
)
def test_telnet_commands_are_no_part_of_a_line(stream: bytes, lines: list[Item], replies: bytes) -> None:
    assert same_in_every_cut(read, stream) == (lines, replies)
    assert lines_in(stream) == lines


def test_a_line_is_begun_by_text_alone() -> None:
    codec = LineCodec()
    is_blank = []
    for chunk in (IAC_NOP, b"a", b"\r\n", b"\xff"):
        codec.feed(chunk)
        is_blank.append(codec.is_blank)
    assert is_blank == [True, False, True, True]


def test_replies_are_taken_once() -> None:
    codec = LineCodec()
    assert codec.replies() == b""
    codec.feed(IAC_DO_TIMING_MARK)
    assert codec.replies() == b"\xff\xfc\x06"
    assert codec.replies() == b""


def test_agreeing_that_typing_is_hidden_is_not_refused() -> None:
    codec = LineCodec()
    assert (codec.farewell(), codec.over) == (b"", False)
    codec.hides_typing = True
    codec.feed(IAC_DO_ECHO)
    assert codec.replies() == b""
    codec.hides_typing = False
    codec.feed(IAC_DO_ECHO)
    assert codec.replies() == b"\xff\xfc\x01"


# --- any bytes ---------------------------------------------------------------------------------------------------

_PIECES = [b"\r", b"\n", b"\0", CTRL_D, b"x", b"\xff", b"\xfd", b"\x06", b"\xec", b"\xfa", b"\xf0", LONGEST, b"x" * 300]
STREAMS = st.lists(st.sampled_from(_PIECES) | st.binary(max_size=3), max_size=30).map(b"".join)


@given(cut_streams(STREAMS))
def test_any_cut_gives_the_same_items_and_replies(case: tuple[bytes, list[bytes]]) -> None:
    stream, chunks = case
    assert read(chunks) == read([stream])


@given(STREAMS | st.binary(max_size=300))
def test_junk_gives_lines_within_the_limit_and_errors_that_are_not_fatal(stream: bytes) -> None:
    for item in items(LineCodec(), [stream]):
        if isinstance(item, bytes):
            assert len(item) <= LINE_LIMIT
            assert not set(b"\r\n\xff") & set(item)
        else:
            assert item == TOO_LONG


# --- memory and work ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "count"), [(1, 5000), (1000, 100), (64 * KIB, 320), (20 * KIB * KIB, 1)])
def test_of_a_line_that_never_ends_nothing_is_kept_beyond_the_limit(size: int, count: int) -> None:
    codec, chunk, told = LineCodec(), b"x" * size, []
    most = memory_of(codec) + LINE_LIMIT
    for _ in range(count):
        told += items(codec, [chunk])
        assert memory_of(codec) <= most
    assert told == [TOO_LONG]


def test_after_ctrl_d_nothing_more_is_kept() -> None:
    codec = LineCodec()
    codec.feed(CTRL_D)
    before = memory_of(codec)
    codec.feed(b"x" * 4000)
    assert memory_of(codec) == before


def work(stream: bytes) -> int:
    """Return how many bytes are handled when `stream` comes byte by byte: at each feed, the partial line and it."""
    codec, handled = LineCodec(), 0
    for i in range(len(stream)):
        handled += len(codec._partial) + 1
        codec.feed(stream[i : i + 1])
    return handled


@pytest.mark.parametrize("unit", [b"x" * 2 * LINE_LIMIT, b"a line of some bytes\r\n" * 200, b"\xff\xfa" + b"x" * 5000])
def test_twice_the_bytes_are_at_most_twice_the_work(unit: bytes) -> None:
    assert work(unit * 2) <= 2 * work(unit)
