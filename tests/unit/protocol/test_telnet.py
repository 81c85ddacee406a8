"""protocol/telnet.py: telnet's commands are taken out of the text and answered, wherever the network cuts them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.telnet import (
    CTRL_D,
    DO,
    DONT,
    ECHO,
    EOF,
    HIDE_TYPING,
    IAC,
    SB,
    SE,
    SHOW_TYPING,
    SUBNEGOTIATION_LIMIT,
    TIMING_MARK,
    WILL,
    WONT,
    TelnetFilter,
)
from tests.support.codec_cases import cut_streams, memory_of, same_in_every_cut
from tests.support.rows import for_each

NOP, IP, AYT, GA, TERMINAL_TYPE, WINDOW_SIZE = 0xF1, 0xF4, 0xF6, 0xF9, 24, 31


def command(*codes: int) -> bytes:
    return bytes((IAC, *codes))


def read(chunks: list[bytes], hiding: bool = False) -> tuple[bytes, bytes]:
    """Return the text in `chunks` and the replies to them."""
    telnet = TelnetFilter()
    telnet.hiding = hiding
    text = b"".join(map(telnet.feed, chunks))
    return text, bytes(telnet.replies)


def text_in(stream: bytes) -> bytes:
    text, _ = same_in_every_cut(read, stream)
    return text


def replies_to(stream: bytes) -> bytes:
    _, replies = same_in_every_cut(read, stream)
    return replies


# --- text --------------------------------------------------------------------------------------------------------


@for_each(
    [
        (b"", b""),
        (b"hello\r\n", b"hello\r\n"),
        ("é ☃ 🎈".encode(), "é ☃ 🎈".encode()),
        (b"he" + command(NOP) + b"llo", b"hello"),
        (command(IP) + command(AYT) + command(GA) + b"hello", b"hello"),
        (command(SE) + b"hello", b"hello"),
        (b"he" + command(IAC) + b"llo", b"hello"),  # a doubled FF is the byte FF, which no UTF-8 text holds
        (command(IAC) * 3 + b"hello", b"hello"),
        (command(WILL, WINDOW_SIZE) + b"hello" + command(DO, TIMING_MARK), b"hello"),
        (command(DO, IAC) + b"hello", b"hello"),  # option 255 is an option
        (command(WONT, SE) + command(DONT, SB) + b"hello", b"hello"),
        (b"hello" + command(EOF), b"hello" + CTRL_D),
        (command(EOF) + command(EOF), CTRL_D + CTRL_D),
    ]
)
def test_commands_are_taken_out_of_the_text(stream: bytes, text: bytes) -> None:
    assert text_in(stream) == text


@pytest.mark.parametrize("unfinished", [command(), command(DO), command(SB), command(SB, 1, IAC)])
def test_an_unfinished_command_is_neither_text_nor_answered(unfinished: bytes) -> None:
    telnet = TelnetFilter()
    assert telnet.idle
    assert telnet.feed(b"hello" + unfinished) == b"hello"
    assert not telnet.idle
    assert telnet.replies == b""


# --- sub-negotiation ---------------------------------------------------------------------------------------------


@for_each(
    [
        bytes((WINDOW_SIZE, 0, 80, 0, 24)),
        bytes((TERMINAL_TYPE, 0)) + b"xterm",
        b"",
        bytes((WINDOW_SIZE, 0, IAC, IAC, 0, 24)),  # a doubled FF inside
        bytes((IAC, IAC, SE)) + b"xterm",  # the SE after a doubled FF is a byte like any other
        bytes((IAC, NOP, SE)),
        b"\r\n" + CTRL_D,
        b"x" * (SUBNEGOTIATION_LIMIT - 2),
    ]
)
def test_a_subnegotiation_is_dropped_up_to_its_end(inside: bytes) -> None:
    stream = b"he" + command(SB) + inside + command(SE) + b"llo"
    assert same_in_every_cut(read, stream) == (b"hello", b"")


def test_a_subnegotiation_that_never_ends_is_over_after_256_bytes() -> None:
    stream = command(SB) + b"x" * (SUBNEGOTIATION_LIMIT + 1) + b"hello"
    assert text_in(stream) == b"hello"


def test_each_subnegotiation_has_256_bytes_of_its_own() -> None:
    long = command(SB) + b"x" * 200 + command(SE)
    assert text_in(long + b"hel" + long + b"lo") == b"hello"


# --- replies -----------------------------------------------------------------------------------------------------

OPTIONS = [(verb, option) for verb in (DO, WILL) for option in range(256) if option != TIMING_MARK]


def test_every_option_is_refused_once() -> None:
    telnet = TelnetFilter()
    for verb, option in OPTIONS:
        telnet.feed(command(verb, option))
        assert telnet.replies == command(WONT if verb == DO else DONT, option)
        telnet.replies.clear()
        telnet.feed(command(verb, option) * 3)
        assert telnet.replies == b""


@pytest.mark.parametrize("verb", [WONT, DONT])
def test_a_refusal_is_not_answered(verb: int) -> None:
    assert replies_to(b"".join(command(verb, option) for option in range(256))) == b""


def test_a_timing_mark_is_answered_every_time() -> None:
    assert command(DO, TIMING_MARK) == b"\xff\xfd\x06"
    assert replies_to(command(DO, TIMING_MARK) * 3) == b"\xff\xfc\x06" * 3


def test_replies_come_in_the_order_of_what_they_answer() -> None:
    stream = command(WILL, WINDOW_SIZE) + b"hello" + command(DO, ECHO) + command(DO, TIMING_MARK)
    assert replies_to(stream) == command(DONT, WINDOW_SIZE) + command(WONT, ECHO) + command(WONT, TIMING_MARK)


def test_ctrl_c_of_a_real_telnet_is_answered() -> None:
    assert same_in_every_cut(read, b"hel\xff\xf4\xff\xfd\x06") == (b"hel", b"\xff\xfc\x06")


def test_agreeing_that_typing_is_hidden_is_not_refused() -> None:
    assert command(WILL, ECHO) == HIDE_TYPING
    agreed = command(DO, ECHO)
    assert same_in_every_cut(lambda chunks: read(chunks, hiding=True), agreed * 2 + b"secret") == (b"secret", b"")


def test_only_echo_is_agreed_on_while_typing_is_hidden() -> None:
    assert read([command(WILL, ECHO) + command(DO, WINDOW_SIZE)], hiding=True) == (
        b"",
        command(DONT, ECHO) + command(WONT, WINDOW_SIZE),
    )


def test_once_typing_is_shown_again_echo_is_refused_like_any_option() -> None:
    assert command(WONT, ECHO) == SHOW_TYPING
    telnet = TelnetFilter()
    telnet.hiding = True
    telnet.feed(command(DO, ECHO))
    telnet.hiding = False
    telnet.feed(command(DO, ECHO) * 2)
    assert telnet.replies == command(WONT, ECHO)


# --- any bytes ---------------------------------------------------------------------------------------------------

_CODES = (IAC, IAC, IAC, SB, SE, WILL, WONT, DO, DONT, EOF, NOP, ECHO, TIMING_MARK, 0x0D, 0x0A, 0x78)
STREAMS = st.lists(st.sampled_from(_CODES) | st.integers(0, 255), max_size=60).map(bytes)


@given(cut_streams(STREAMS))
def test_any_cut_gives_the_same_text_and_replies(case: tuple[bytes, list[bytes]]) -> None:
    stream, chunks = case
    assert read(chunks) == read([stream])


@given(STREAMS)
def test_no_bytes_are_added_and_no_iac_is_left(stream: bytes) -> None:
    text, replies = read([stream])
    assert IAC not in text
    assert len(text) + len(replies) <= len(stream)


@given(st.binary().map(lambda stream: stream.replace(command(), b"")))
def test_text_without_iac_is_left_as_it_is(stream: bytes) -> None:
    assert read([stream]) == (stream, b"")


# --- memory and work ---------------------------------------------------------------------------------------------


@for_each([command(SB) + b"x" * 250, command(SB, IAC, IAC), command(NOP), command(IAC), command(WONT, ECHO)])
def test_nothing_is_kept_of_what_is_dropped(endless: bytes) -> None:
    telnet = TelnetFilter()
    empty = memory_of(telnet)
    for _ in range(300):
        telnet.feed(endless)
        assert memory_of(telnet) < empty + 100


class CountingFilter(TelnetFilter):
    """Counts the bytes that are looked at one by one."""

    steps = 0

    def _step(self, byte: int) -> bytes:
        self.steps += 1
        return super()._step(byte)


def test_each_byte_of_a_command_is_looked_at_once() -> None:
    telnet = CountingFilter()
    assert telnet.feed((b"x" * 100 + command(DO, ECHO) + command(SB, 1, 2, IAC, SE)) * 1000) == b"x" * 100_000
    assert telnet.steps == 1000 * (2 + 5)
