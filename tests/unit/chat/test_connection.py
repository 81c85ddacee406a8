"""chat/delivery/connection.py and detection.py: what a peer speaks, and its chunks -> requests, one at a time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.delivery.connection import Connection
from chat.delivery.detection import Doors, Security
from chat.session import Dialog, Phase, Question, Session
from protocol.dialects import JSON, OPEN_VERBS, SLASH, VERBS, Dialect
from protocol.errors import ErrorCode
from protocol.framing import FrameCodec
from protocol.objects import dump
from protocol.requests import Disconnect, Hello, Join, Line, Malformed, Nick, Password, Pong, Request, Say
from tests.support.codec_cases import cut_streams, same_in_every_cut
from tests.support.party import Party
from tests.support.rows import for_each

IAC_DO_ECHO, IAC_WONT_ECHO = b"\xff\xfd\x01", b"\xff\xfc\x01"
HELLO = Hello(1, "a secret")


def connection(dialect: Dialect | None = None, named: bool = False) -> Connection:
    session = Session("192.0.2.1:4711")
    session.phase = Phase.CHATTING if named else Phase.NAMELESS
    return Connection(session, Doors(dialect))


def frame(message: object) -> bytes:
    return FrameCodec.encode(dump(message))


def requests_in(made: Connection, chunk: bytes) -> list[Request]:
    made.receive(chunk)
    return list(made.requests(100))


# --- undecided ---------------------------------------------------------------------------------------------------


def test_nothing_is_known_of_a_peer_that_has_sent_nothing() -> None:
    made = connection()
    assert not made.detection.decided
    assert not made.session.dialect.has_hello
    assert not made.has_requests


@for_each(
    [
        (b"\x00", True, False),
        (b"\x16", False, True),
        (b"\xff\xfb", False, False),
        (b"a", False, False),
        (b"J", False, False),
        (b"/", False, False),
        (b"\r", False, False),
        (b"\xc3", False, False),
    ]
)
def test_the_first_bytes_decide(first_byte: bytes, framed: bool, is_tls: bool) -> None:
    made = connection()
    made.receive(first_byte)
    assert made.detection.decided
    assert (made.session.dialect.has_hello, made.detection.is_tls) == (framed, is_tls)


NOBODY_SPEAKS = [  # D16
    b"\xff\xff\xff\xff",
    b"\x80\x00\x00\x00",
    b"\x01\x00\x00\x00",
    b"\x03\x00\x00\x13",  # RDP
    b"\x05\x01\x00",  # SOCKS
]


@for_each(NOBODY_SPEAKS)
def test_what_nobody_speaks_is_told_and_closed(start: bytes) -> None:
    party = Party()
    party.connects("eve")
    party.sends("eve", start + b"ann\r\n")
    party.sees("eve", f"! {ErrorCode.NOT_A_PROTOCOL.phrase}", "Goodbye.")
    assert party.is_gone("eve")
    assert any("517 not-a-protocol" in line for line in party.log)


# --- TLS ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("security", "begins"),
    [(Security.NONE, False), (Security.OPTIONAL, True), (Security.REQUIRED, True), (Security.ESTABLISHED, False)],
)
def test_tls_begins_where_the_port_speaks_it(security: Security, begins: bool) -> None:  # T1
    made = Connection(Session("192.0.2.1:4711"), Doors(), security)
    made.receive(b"\x16\x03\x01")
    assert made.detection.begins_tls == begins
    assert made.has_requests == (security is Security.ESTABLISHED)


@pytest.mark.parametrize("start", [b"ann\r\n", b"\xff\xfb\x01", frame(HELLO)])
def test_where_tls_is_required_nothing_else_is_parsed(start: bytes) -> None:  # T2
    made = Connection(Session("192.0.2.1:4711"), Doors(), Security.REQUIRED)
    made.receive(start + b"more\r\n")
    made.receive(b"and more\r\n")
    (request,) = made.requests(100)
    assert isinstance(request, Malformed)
    assert (request.error.fault, request.error.fatal) == (ErrorCode.TLS_REQUIRED, True)
    assert made.session.dialect.has_hello == (start[0] == 0)


@pytest.mark.parametrize("dialect", [None, VERBS])
def test_inside_tls_the_first_byte_decides_again(dialect: Dialect | None) -> None:  # T1
    outside = Connection(Session("192.0.2.1:4711"), Doors(dialect), Security.OPTIONAL)
    outside.receive(b"\x16\x03\x01")
    inside = outside.inside_tls()
    assert not inside.detection.decided
    assert inside.session is outside.session
    inside.receive(b"JOIN ann\r\n")
    assert list(inside.requests(100)) == [Join("ann", None)]


def test_a_last_line_that_may_be_cut_off_is_dropped() -> None:  # T7
    for cut_off in (True, False):
        made = connection(named=True)
        made.receive(b"one\r\ntwo")
        made.end(cut_off)
        assert list(made.requests(100)) == [Say("one")] if cut_off else [Say("one"), Say("two")]


def outcome(chunks: list[bytes]) -> list[object]:
    """Return what a new connection makes of `chunks`: what it speaks and what it asks for."""
    made = connection()
    asked: list[object] = []
    for chunk in filter(None, chunks):
        asked += [
            (request.error.fault, request.error.fatal) if isinstance(request, Malformed) else request
            for request in requests_in(made, chunk)
        ]
    return [made.session.dialect.has_hello, made.detection.is_tls, *asked]


@for_each(
    [*NOBODY_SPEAKS, b"\xff\xfb\x01ann\r\n", b"\x1b[Aann\r\n", b"\x16\x03\x01", b"ann\r\n", frame(HELLO), b"\xff\xec"]
)
def test_what_is_spoken_is_recognised_in_every_cut(stream: bytes) -> None:
    same_in_every_cut(outcome, stream)


@given(cut_streams(st.binary(max_size=12)))
def test_junk_is_the_same_junk_in_every_cut(case: tuple[bytes, list[bytes]]) -> None:
    stream, chunks = case
    assert outcome(chunks) == outcome([stream])


def test_one_byte_of_a_frame_is_enough_and_the_rest_may_follow() -> None:  # D4
    made, data = connection(), frame(HELLO)
    assert requests_in(made, data[:1]) == []
    assert requests_in(made, data[1:]) == [HELLO]


@pytest.mark.parametrize("dialect", [None, SLASH, VERBS])
def test_frames_are_understood_whatever_text_users_speak(dialect: Dialect | None) -> None:
    made = connection(dialect)
    assert requests_in(made, frame(HELLO)) == [HELLO]
    assert made.session.dialect is JSON


def test_tls_is_answered_with_nothing() -> None:
    made = connection()
    assert made.receive(b"\x16\x03\x01\x02\x00")
    assert not made.receive(b"ann\r\n")
    assert not made.replies()
    assert not made.has_requests


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("PROPFIND / HTTP/1.1", "HTTP"),
        ("SSH-2.0-a client", "SSH"),
    ],
)
@pytest.mark.parametrize("dialect", [None, SLASH, VERBS])
def test_other_programs_are_told_where_they_are_and_closed(dialect: Dialect | None, line: str, what: str) -> None:
    party = Party(dialect=dialect)
    party.connects("eve")
    party.says("eve", line, "Host: chat", "")
    assert party.told("eve") == [f"This is a chat server: use a browser, telnet or its own client, not {what}."]
    assert party.is_gone("eve")


def test_only_the_first_line_can_be_another_program_s() -> None:
    made = connection()
    assert requests_in(made, b"4\r\nGET / HTTP/1.1\r\n") == [Nick("4"), Nick("GET / HTTP/1.1")]


def test_what_people_say_is_never_taken_for_another_program() -> None:
    made = connection(named=True)
    assert requests_in(made, b"hi\r\nGET / HTTP/1.1\r\n") == [Say("hi"), Say("GET / HTTP/1.1")]


def test_a_framed_client_that_was_greeted_in_text_is_welcome_all_the_same() -> None:
    party = Party()
    party.connects("ann")
    party.greets("ann")
    party.frames("ann", Hello(1, "a secret", "ann"))
    party.sees("ann", "Welcome, ann. You may chat now; /help (or /cmd) lists the commands.", "* Users here: 1")


# --- the dialect of text -----------------------------------------------------------------------------------------


@for_each(["JOIN", "join", "Join", "LIST", "MESG", "BCST", "QUIT"])
def test_a_verb_as_the_first_word_makes_a_verb_session(verb: str) -> None:  # E1, E2
    made = connection()
    requests_in(made, f"{verb} ann\r\n".encode())
    assert made.session.dialect is OPEN_VERBS


@for_each(["ann", "/setname ann", "/users", "", "joiner", "hello JOIN"])
def test_anything_else_leaves_a_slash_session(line: str) -> None:
    made = connection()
    requests_in(made, f"{line}\r\n".encode())
    assert made.session.dialect is SLASH


def test_each_line_of_a_user_without_a_name_decides_again() -> None:
    made = connection()
    assert requests_in(made, b"ann!\r\nJOIN ann\r\n") == [Nick("ann!"), Join("ann")]


def test_a_verb_session_stays_one_whatever_else_comes() -> None:
    made = connection()
    requests_in(made, b"LIST\r\nann\r\n")
    assert made.session.dialect is OPEN_VERBS


@pytest.mark.parametrize("line", ["/setname ann", "/help", "/users", "/nothing"])
def test_a_slash_leads_a_verb_session_back_until_there_is_a_name(line: str) -> None:
    made = connection()
    requests_in(made, f"list\r\n{line}\r\n".encode())
    assert made.session.dialect is SLASH
    named = connection()
    requests_in(named, b"list\r\n")
    named.session.phase = Phase.CHATTING
    requests_in(named, f"{line}\r\n".encode())
    assert named.session.dialect is OPEN_VERBS


def test_where_verbs_are_the_rule_no_slash_leads_away() -> None:  # E17
    made = connection(VERBS)
    for request in requests_in(made, b"/setname ann\r\n/help\r\n"):
        assert isinstance(request, Malformed)
        assert request.error.fault is ErrorCode.NOT_NAMED
    assert made.session.dialect is VERBS


def test_a_user_with_a_name_is_not_detected_again() -> None:
    made = connection(named=True)
    assert requests_in(made, b"JOIN us\r\n") == [Say("JOIN us")]
    assert made.session.dialect is SLASH


def test_a_fixed_dialect_stays() -> None:
    assert requests_in(connection(SLASH), b"JOIN ann\r\n") == [Nick("JOIN ann")]
    (request,) = requests_in(connection(VERBS), b"ann\r\n")
    assert isinstance(request, Malformed)  # E17
    assert request.error.fault is ErrorCode.NOT_NAMED


# --- the end of file ---------------------------------------------------------------------------------------------


def test_the_end_of_file_ends_the_last_line() -> None:
    made = connection(named=True)
    made.receive(b"first\nlast")
    made.end()
    assert list(made.requests(10)) == [Say("first"), Say("last")]
    made.end()
    assert list(made.requests(10)) == []


@for_each([b"", b"said\r\n", b"said\r", b"\xff", frame(HELLO)[:-1], b"\x01", b"\x16"])
def test_nothing_else_comes_of_the_end_of_file(stream: bytes) -> None:
    made = connection(named=True)
    if stream:
        requests_in(made, stream)
    made.end()
    assert list(made.requests(10)) == []


def test_a_password_that_is_being_typed_is_nothing_when_the_connection_ends() -> None:  # U2
    made = connection(named=True)
    made.session.question = Dialog(Question.NEW, "Choose a password:")
    made.receive(b"secr")
    made.end()
    made.session.question = None
    assert list(made.requests(10)) == []


# --- what is too long --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "size"),
    [(frame(HELLO) + (60_000).to_bytes(4, "big"), 60_000), (b"ann\r\n" + b"x" * 4097, 60_000)],
)
def test_what_is_too_long_is_told_at_once_and_its_rest_costs_little(head: bytes, size: int) -> None:  # D3
    made = connection()
    asked = requests_in(made, head)
    assert isinstance(asked[-1], Malformed)
    assert asked[-1].error.fault is ErrorCode.TOO_LONG
    made.take_cost(len(head))
    made.receive(b"x" * 16_000)
    assert made.take_cost(16_000) == 1000
    assert made.take_cost(5) == 5


# --- one request at a time ---------------------------------------------------------------------------------------


def test_each_line_is_parsed_in_the_light_of_what_came_before() -> None:  # A3, A10
    made = connection()
    made.receive(b"ann\r\nhi\r\n")
    requests = made.requests(10)
    assert next(requests) == Nick("ann")
    made.session.phase = Phase.CHATTING
    assert next(requests) == Say("hi")


def test_no_more_are_handed_out_than_were_asked_for() -> None:
    made = connection(named=True)
    made.receive(b"1\r\n2\r\n3\r\n")
    assert list(made.requests(2)) == [Say("1"), Say("2")]
    assert made.has_requests
    assert list(made.requests(2)) == [Say("3")]
    assert not made.has_requests


@pytest.mark.parametrize("reason", ["waiting", "held"])
def test_what_was_sent_waits_while_its_sender_does(reason: str) -> None:
    made = connection(named=True)
    made.receive(b"1\r\n2\r\n")
    requests = made.requests(10)
    assert next(requests) == Say("1")
    setattr(made.session, reason, True)
    assert list(requests) == []
    assert not made.has_requests
    setattr(made.session, reason, False)
    assert made.has_requests
    assert list(made.requests(10)) == [Say("2")]


def test_nothing_after_a_goodbye_is_parsed() -> None:  # E14
    made = connection(VERBS, named=True)
    made.receive(b"QUIT\r\nJOIN ann\r\n")
    requests = made.requests(10)
    assert next(requests) == Disconnect()
    made.session.phase = Phase.CLOSING
    assert list(requests) == []
    assert not made.has_requests


def test_a_line_that_is_none_is_reported_in_its_place() -> None:
    made = connection(named=True)
    first, long, last = requests_in(made, b"1\r\n" + b"x" * 5000 + b"\r\n3\r\n")
    assert (first, last) == (Say("1"), Say("3"))
    assert isinstance(long, Malformed)
    assert long.error.fault is ErrorCode.TOO_LONG


def test_what_is_said_weighs_its_bytes_and_what_they_grow_by() -> None:
    made = connection(named=True)
    made.receive(b"12345\r\n123\r\n")
    assert made.weight == 0
    list(made.requests(1))
    assert made.weight == 5 + 26
    list(made.requests(1))
    assert made.weight == 8 + 2 * 26


# --- telnet and questions ----------------------------------------------------------------------------------------


def test_telnet_s_options_are_refused_at_once() -> None:
    made = connection()
    made.receive(IAC_DO_ECHO)
    assert made.replies() == IAC_WONT_ECHO
    assert made.replies() == b""
    assert requests_in(made, b"ann\r\n") == [Nick("ann")]


def test_telnet_s_agreement_to_hide_typing_is_not_refused() -> None:
    made = connection(named=True)
    made.session.question = Dialog(Question.NEW, "Choose a password:")
    made.receive(IAC_DO_ECHO)
    assert not made.replies()


def test_a_question_takes_the_next_line_whatever_it_looks_like() -> None:
    made = connection(named=True)
    made.receive(b"/quit\r\n/quit\r\n")
    made.session.question = Dialog(Question.NEW, "Choose a password:")
    requests = made.requests(10)
    assert next(requests) == Password("/quit")
    made.session.question = None
    assert next(requests) == Disconnect()


def test_a_framed_client_answers_questions_by_frames_only() -> None:
    made = connection(named=True)
    made.session.question = Dialog(Question.NEW, "Choose a password:")
    sent = frame(Line("hi", 1)) + frame(Password("secret12")) + frame(Pong())
    assert requests_in(made, sent) == [Say("hi", 1), Password("secret12"), Pong()]
