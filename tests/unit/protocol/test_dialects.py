"""protocol/dialects: the dialects give the same request for the same meaning, whatever they are given.

What they show is in test_dialects_render.py.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.commands import BY_VERB, BY_WORD, COMMANDS, SLASH_COMMANDS, explained_by
from protocol.dialects import JSON, SLASH, VERBS, Dialect
from protocol.errors import ErrorCode
from protocol.events import HelpListed
from protocol.lines import LINE_LIMIT, LineCodec
from protocol.objects import dump
from protocol.requests import (
    Act,
    Announce,
    Ban,
    ChangePassword,
    ComeBack,
    Demote,
    Disconnect,
    GoAway,
    Hello,
    Help,
    Join,
    Kick,
    Line,
    LineRequest,
    ListBans,
    ListHistory,
    ListUsers,
    LocalRequest,
    Lockdown,
    Malformed,
    Mute,
    Name,
    Nick,
    Password,
    Ping,
    Pong,
    Promote,
    Register,
    Request,
    Say,
    Search,
    Seek,
    Unban,
    Unmute,
    Unregister,
    Whisper,
)
from protocol.telnet import CTRL_D
from tests.support.rows import for_each
from tests.support.strategies import hostile_texts, unsafe_in

# What can be meant, its words in slash and verb sessions, and what follows the word.
MEANINGS: list[tuple[Any, tuple[str, ...], str | None, str]] = [
    (Say("hello  everyone"), ("all",), "BCST", "hello  everyone"),  # A16, C10, E12
    (Whisper("john", "hi how r u"), ("whisper", "private", "msg", "w"), "MESG", "john hi how r u"),  # A17, C9, E9
    (Act("waves  twice"), ("me",), None, "waves  twice"),
    (GoAway(), ("away",), None, ""),
    (GoAway("at lunch"), ("away",), None, "at lunch"),
    (ComeBack(), ("back",), None, ""),
    (ListUsers(), ("users", "allusers", "who"), "LIST", ""),  # A14, C8, E7
    (Nick("carl"), ("nick", "setname"), None, "carl"),  # C3
    (Join("carl"), (), "JOIN", "carl"),  # E3
    (Join("carl", "pass word"), (), "JOIN", "carl pass word"),
    (Register(), ("register",), None, ""),
    (Register("pass word"), ("register",), None, "pass word"),  # D11
    (ChangePassword(), ("passwd",), None, ""),
    (ChangePassword("pass word"), ("passwd",), None, "pass word"),
    (Unregister(), ("unregister",), None, ""),
    (Ping(), ("ping",), None, ""),  # A13
    (Help(), ("help", "cmd"), None, ""),  # A15, C7
    (Help("whisper"), ("help", "cmd"), None, "whisper"),
    (ListHistory(), ("history",), None, ""),
    (ListHistory("5"), ("history",), None, "5"),
    (Search("red fox"), ("search",), None, "red fox"),
    (Seek("carl"), ("seen",), None, "carl"),
    (Kick("john"), ("kick",), None, "john"),  # M2
    (Kick("john", "rude  words"), ("kick",), None, "john rude  words"),
    (Ban("john"), ("ban",), None, "john"),  # M3
    (Ban("203.0.113.0/24", "2h", "a  flood"), ("ban",), None, "203.0.113.0/24 2h a  flood"),
    (Unban("john"), ("unban",), None, "john"),
    (ListBans(), ("bans",), None, ""),
    (ListBans("203.0 flood"), ("bans",), None, "203.0 flood"),
    (Lockdown("on"), ("lockdown",), None, "on"),  # M6
    (Mute("john"), ("mute",), None, "john"),  # M4
    (Mute("john", "10m", "too  loud"), ("mute",), None, "john 10m too  loud"),
    (Unmute("john"), ("unmute",), None, "john"),
    (Announce("tea  is ready"), ("announce",), None, "tea  is ready"),  # M5
    (Promote("john"), ("op",), None, "john"),  # M1
    (Demote("john"), ("deop",), None, "john"),
    (Disconnect(), ("disconnect", "quit"), "QUIT", ""),  # A23, C11, E14
]
SLASH_LINES = [(f"/{word} {rest}", request) for request, words, _, rest in MEANINGS for word in words]
VERB_LINES = [(f"{verb} {rest}", request) for request, _, verb, rest in MEANINGS if verb]


def typed(dialect: Dialect, line: str, named: bool = True) -> Request:
    return dialect.parse(line.encode(), named)


def framed(line: str, named: bool = True, as_of: int | None = None, epoch: str | None = None) -> Request:
    """Return what the line means when it comes in a frame, without the line's number, which is 7."""
    request: Any = JSON.parse(dump(Line(line, 7, as_of, epoch)), named)
    assert isinstance(request, get_args(LineRequest))
    assert request.cseq == 7
    unnumbered: Request = replace(request, cseq=None)
    return unnumbered


def fault_in(request: Request) -> ErrorCode:
    assert isinstance(request, Malformed)
    assert not request.error.fatal
    return request.error.fault


def words_of(request: Request) -> str:
    assert isinstance(request, Malformed)
    return str(request.error)


# --- one meaning, one request ------------------------------------------------------------------------------------


def test_every_word_and_verb_of_the_table_is_tried_here() -> None:
    tried = {word for _, words, _, _ in MEANINGS for word in words}
    local = {word for word, row in BY_WORD.items() if row.build in get_args(LocalRequest)}
    assert tried == set(BY_WORD) - local
    assert {verb for _, _, verb, _ in MEANINGS if verb} == set(BY_VERB)


@for_each(SLASH_LINES)
def test_a_slash_line_means_the_same_typed_and_framed(line: str, request_: Request) -> None:
    for spelling in (line, f"{line}\t", line.replace(" ", "  ", 1), line.replace(" ", "\t", 1)):
        assert typed(SLASH, spelling) == framed(spelling) == request_


@for_each(SLASH_LINES)
def test_a_slash_command_is_the_same_in_any_case(line: str, request_: Request) -> None:
    word, _, rest = line.partition(" ")
    for spelling in (word.upper(), word.title()):
        assert typed(SLASH, f"{spelling} {rest}") == framed(f"{spelling} {rest}") == request_


@for_each(VERB_LINES)
def test_a_verb_is_the_same_in_any_case(line: str, request_: Request) -> None:  # E2
    verb, _, rest = line.partition(" ")
    for spelling in (verb.upper(), verb.lower(), verb.title(), verb.swapcase(), verb[0] + verb[1:].lower()):
        assert typed(VERBS, f"{spelling} {rest}") == request_
        assert typed(VERBS, f" \t{spelling}   {rest}  ") == request_


# --- slash -------------------------------------------------------------------------------------------------------


@for_each(["hello all", "JOIN the club", "he said /quit", "é ☃ 🎈", "quit"])
def test_a_plain_line_is_said_to_all(line: str) -> None:  # A10
    assert typed(SLASH, line) == framed(line) == typed(SLASH, f"/all {line}") == Say(line)


@for_each(["ann", "not a name!", "admin", "x" * 100, ""])
def test_a_plain_line_is_an_attempt_at_a_name_until_there_is_one(line: str) -> None:  # A3
    assert typed(SLASH, line, named=False) == framed(line, named=False) == Nick(line)


@for_each(
    [(" hi \r", "hi"), ("\x1b[31mhi\x07", "[31mhi"), ("a\0b", "ab"), ("\u202eab", "ab"), (" \x01 ", ""), ("", "")]
)
def test_a_line_is_cleaned_before_it_is_read(line: str, text: str) -> None:  # A9
    assert typed(SLASH, line) == framed(line) == Say(text)


def test_a_slash_behind_control_characters_is_still_a_command() -> None:
    assert typed(SLASH, "\x1b\0/users") == framed("\x1b\0/users") == ListUsers()


@pytest.mark.parametrize("line", ["  /users", "\t/users", "\x1b /users", "\u3000/users"])
def test_a_slash_behind_a_space_is_talk(line: str) -> None:  # A9, A10
    assert typed(SLASH, line) == framed(line) == Say("/users")
    assert fault_in(typed(SLASH, line, named=False)) is ErrorCode.NOT_NAMED  # there, it can tell nobody anything


@pytest.mark.parametrize(("line", "text"), [("//whisper", "/whisper"), ("//", "/"), ("///", "//"), ("// a", "/ a")])
def test_two_slashes_say_one(line: str, text: str) -> None:
    assert typed(SLASH, line) == framed(line) == Say(text)
    assert fault_in(typed(SLASH, line, named=False)) is ErrorCode.UNKNOWN_COMMAND


@for_each(
    [
        ("/wisper bob hi", ErrorCode.UNKNOWN_COMMAND, "/wisper is not recognised. Did you mean /whisper?"),
        ("/", ErrorCode.UNKNOWN_COMMAND, "/ is not recognised. /help lists the commands."),
        ("/ users", ErrorCode.UNKNOWN_COMMAND, "/ is not recognised. /help lists the commands."),
        ("/JOIN ann", ErrorCode.UNKNOWN_COMMAND, "/join is not recognised. Did you mean /nick?"),
        ("/whisper", ErrorCode.USAGE, "USER is missing. Usage: /whisper USER MESSAGE"),
        ("/w bob", ErrorCode.USAGE, "MESSAGE is missing. Usage: /w USER MESSAGE"),
        ("/private bob", ErrorCode.USAGE, "MESSAGE is missing. Usage: /private USER MESSAGE"),
        ("/SetName", ErrorCode.USAGE, "NAME is missing. Usage: /setname NAME"),
        ("/all  ", ErrorCode.USAGE, "MESSAGE is missing. Usage: /all MESSAGE"),
        ("/nick two words", ErrorCode.USAGE, "NAME is one word. Usage: /nick NAME"),
        (
            "/r yes",
            ErrorCode.CLIENT_ONLY,
            "/r works only in a browser and in the client for terminals. Here: /whisper USER MESSAGE",
        ),  # A21
        (
            "/ignore bob",
            ErrorCode.CLIENT_ONLY,
            "/ignore works only in a browser and in the client for terminals.",
        ),
        (
            "/log chat.log",
            ErrorCode.CLIENT_ONLY,
            "/log works only in the client for terminals. Here: /history [COUNT]",
        ),
        ("/reconnect", ErrorCode.CLIENT_ONLY, "/reconnect works only in the client for terminals."),
        ("/users now", ErrorCode.USAGE, "It takes no parameters. Usage: /users"),
    ]
)
def test_what_is_wrong_with_a_command_is_told(line: str, fault: ErrorCode, words: str) -> None:  # A22, D14
    for request in (typed(SLASH, line), framed(line)):
        assert fault_in(request) is fault
        assert words_of(request) == words


@for_each([w for c in COMMANDS if c.slash and c.needs_name for w in (c.name, *c.aliases)])
def test_who_has_no_name_hears_that_before_anything_about_the_form(word: str) -> None:  # C2
    for line in (f"/{word}", f"/{word} bob", f"/{word} bob hi there"):
        assert fault_in(typed(SLASH, line, named=False)) is fault_in(framed(line, named=False)) is ErrorCode.NOT_NAMED


@for_each(product(["/quit now", "/disconnect me please", "/QUIT ."], [True, False]))
def test_leaving_takes_no_notice_of_what_follows(line: str, named: bool) -> None:
    assert typed(SLASH, line, named) == framed(line, named) == Disconnect()


def test_without_a_name_one_can_be_taken_or_the_chat_left() -> None:
    assert typed(SLASH, "/setname john", named=False) == Nick("john")  # C3
    assert typed(SLASH, "/quit", named=False) == Disconnect()  # C6


# --- verbs -------------------------------------------------------------------------------------------------------


@for_each(["hello", "/users", "/all hi", "JOINED ann", "BCST: hi", "", "{}", "/join ann", "/"])
def test_anything_else_in_a_verb_session_is_an_unknown_message(line: str) -> None:  # E16
    assert fault_in(typed(VERBS, line)) is ErrorCode.UNKNOWN_COMMAND


def test_an_unknown_message_is_quoted_short_where_it_is_quoted() -> None:  # a status line is not for 4 KiB of anything
    assert len(words_of(typed(VERBS, "x" * LINE_LIMIT))) < 100


@for_each(["hello", "/users", "", "LIST", "list", "LIST now", "MESG", "MESG bob hi", "BCST hi"])
def test_without_a_name_a_verb_session_serves_nothing(line: str) -> None:  # E4, E8, E10, E13, E17
    assert fault_in(typed(VERBS, line, named=False)) is ErrorCode.NOT_NAMED


def test_without_a_name_a_verb_session_can_join_or_leave() -> None:  # E3, E15
    assert typed(VERBS, "join ann", named=False) == Join("ann")
    assert typed(VERBS, "quit", named=False) == Disconnect()


@for_each(product(["/quit", "/disconnect", "/QUIT", "QUIT", "quit", "quit now", "/quit for today"], [True, False]))
def test_every_way_to_leave_works_in_a_verb_session(line: str, named: bool) -> None:
    assert typed(VERBS, line, named) == Disconnect()


@for_each(
    [
        ("MESG", "USER is missing. Usage: MESG USER MESSAGE"),
        ("mesg bob", "MESSAGE is missing. Usage: MESG USER MESSAGE"),
        ("BCST", "MESSAGE is missing. Usage: BCST MESSAGE"),
        ("JOIN", "NAME is missing. Usage: JOIN NAME [PASSWORD]"),
        ("LIST all", "It takes no parameters. Usage: LIST"),
    ]
)
def test_what_is_wrong_with_a_verb_is_told_with_the_verbs_usage(line: str, words: str) -> None:  # A22
    assert words_of(typed(VERBS, line)) == words


# --- frames ------------------------------------------------------------------------------------------------------


@for_each(product([Hello(1, "s3cret", "ann"), Name("ann"), Password("pass word"), Pong()], [True, False]))
def test_other_frames_are_requests_as_they_are(request_: Request, named: bool) -> None:
    assert JSON.parse(dump(request_), named) == request_


def test_a_frame_that_is_not_understood_is_refused() -> None:
    assert fault_in(JSON.parse(b"hello", named=True)) is ErrorCode.BAD_MESSAGE
    assert fault_in(JSON.parse(b'{"type":"said"}', named=True)) is ErrorCode.UNKNOWN_TYPE


@pytest.mark.parametrize("line", ["/wisper", "/whisper", "/users", "x" * (LINE_LIMIT + 1)])
def test_what_is_refused_of_a_line_carries_its_number(line: str) -> None:
    request = JSON.parse(dump(Line(line, 7)), named=False)
    assert isinstance(request, Malformed)
    assert request.cseq == 7


def test_a_line_in_a_frame_is_no_longer_than_one_that_is_typed() -> None:
    assert framed("x" * LINE_LIMIT) == Say("x" * LINE_LIMIT)
    assert framed("é" * (LINE_LIMIT // 2)) == Say("é" * (LINE_LIMIT // 2))
    assert fault_in(framed("x" * (LINE_LIMIT + 1))) is ErrorCode.TOO_LONG
    assert fault_in(framed("é" * (LINE_LIMIT // 2) + "!")) is ErrorCode.TOO_LONG


def test_a_lone_surrogate_never_gets_further_than_the_line_it_came_in() -> None:
    for line in (rb"a\ud800b", rb"\udfffab", rb"ab\ud800\ud800"):
        assert JSON.parse(b'{"type":"line","text":"%b","cseq":7}' % line, named=True) == Say("ab", 7)


def test_a_whisper_can_be_meant_for_who_had_the_name_then() -> None:  # A20
    assert framed("/w bob hi", as_of=41) == Whisper("bob", "hi", as_of=41)
    assert framed("/w bob hi", as_of=41, epoch="e") == Whisper("bob", "hi", as_of=41, epoch="e")
    assert framed("hi", as_of=41) == Say("hi")


def test_the_log_that_a_name_is_from_is_bounded_and_cleaned() -> None:  # A20, N1
    for epoch in (rb"\ud800", rb"\u0000" * 200, b"x" * 9_000):  # as a proposal it may go to other servers
        payload = b'{"type":"line","text":"/w bob hi","cseq":7,"as_of":41,"epoch":"%b"}' % epoch
        request: Any = JSON.parse(payload, named=True)
        assert (request.to, request.text, request.as_of) == ("bob", "hi", 41)
        assert len(request.epoch.encode()) <= 50


# --- any bytes ---------------------------------------------------------------------------------------------------

NOT_UTF_8 = [
    b"\xe9t\xe9",  # Latin-1
    b"\xc0\xaf",  # overlong
    b"\xe0\x80\xaf",  # overlong, 3 bytes
    b"\xf0\x80\x80\xaf",  # overlong, 4 bytes
    b"\xc1\x81users",  # overlong A
    b"\xed\xa0\x80",  # a surrogate
    b"\xed\xa0\xbd\xed\xb8\x80",  # a pair of surrogates
    b"\xf4\x90\x80\x80",  # over U+10FFFF
    b"\xc3",  # cut short
    b"hello \x80",  # a byte out of nowhere
    b"/all \xfe",  # a byte that UTF-8 never holds
]


@for_each(product([SLASH, VERBS], NOT_UTF_8))
def test_a_line_that_is_not_utf_8_is_dropped_and_the_next_is_read(dialect: Dialect, line: bytes) -> None:
    stream = b"".join(map(LineCodec.encode, (line, b"/quit")))
    first, second = (dialect.parse(item, True) for item in LineCodec().feed(stream) if isinstance(item, bytes))
    assert fault_in(first) is ErrorCode.BAD_ENCODING
    assert second == Disconnect()


@pytest.mark.parametrize("dialect", [SLASH, VERBS], ids=["slash", "verbs"])
@pytest.mark.parametrize("named", [True, False])
def test_ctrl_d_leaves(dialect: Dialect, named: bool) -> None:  # C12
    assert dialect.parse(CTRL_D, named) == Disconnect()


_LINES = st.sampled_from(["", "/", "/w ", "/all ", "/nick ", "/help ", "JOIN ", "mesg ", "LIST ", "{}"])
_PAYLOADS = st.binary() | st.builds(lambda word, text: (word + text).encode(errors="replace"), _LINES, hostile_texts)


@given(_PAYLOADS, st.sampled_from([SLASH, VERBS, JSON]), st.booleans())
def test_whatever_is_sent_is_a_request(payload: bytes, dialect: Dialect, named: bool) -> None:
    request = dialect.parse(payload, named)
    assert isinstance(request, get_args(Request))
    if isinstance(request, Malformed):
        assert not unsafe_in(words_of(request))


@given(st.builds(str.__add__, _LINES, hostile_texts))
def test_what_a_line_says_is_safe_to_be_shown(line: str) -> None:  # A9
    request = JSON.parse(dump(Line(line.encode(errors="replace").decode(), 7)), named=True)
    if isinstance(request, (Say, Whisper, Nick)):
        assert not unsafe_in(request.name if isinstance(request, Nick) else request.text)


# --- passwords ---------------------------------------------------------------------------------------------------


@for_each(["pass word", "", "/quit", " é ", "JOIN ann"])
def test_a_password_is_a_line_as_it_is(text: str) -> None:  # D11
    assert SLASH.parse(text.encode(), named=False, asked=True) == Password(text)


def test_a_password_can_be_left_out_by_leaving_and_is_utf_8_too() -> None:
    assert SLASH.parse(CTRL_D, named=False, asked=True) == Disconnect()
    assert fault_in(SLASH.parse(b"\xe9", named=False, asked=True)) is ErrorCode.BAD_ENCODING


def test_the_log_says_that_a_password_came_and_not_what_it_was() -> None:
    assert [
        SLASH.word(line, named, asked=True) for line in (b"secret", b"/quit", CTRL_D) for named in (False, True)
    ] == ["a password"] * 6


def test_the_log_names_a_frame_that_is_no_request() -> None:
    assert JSON.word(b"hello", named=True) == "a line"


def test_help_tells_text_users_what_only_a_client_can() -> None:
    rows = {row.name: row.described() for row in SLASH_COMMANDS}
    one = SLASH.render(HelpListed((rows["reply"],))).decode()
    assert " ".join(one.split()).endswith("Also /r. (It works in a browser and in the client for terminals.)")
    some = SLASH.render(HelpListed((rows["reply"], rows["whisper"]))).decode().splitlines()
    assert some[0].startswith("/whisper USER MESSAGE  Say MESSAGE")
    assert some[-1] == "Only in a browser and in the client for terminals: /reply MESSAGE"
    usable = SLASH.render(HelpListed((rows["all"], rows["whisper"]))).decode()
    assert "client" not in usable


def test_all_that_a_text_user_can_do_fits_a_screen() -> None:  # U4
    text = SLASH.render(HelpListed(tuple(row.described() for row in explained_by(None)))).decode()
    assert len(text.splitlines()) < 24
