"""chat/connection.py: what a peer speaks, by its first bytes, and its chunks -> requests, one at a time."""

from __future__ import annotations

import pytest

from chat.connection import Connection
from chat.session import Question, Session, State
from protocol.dialects import JSON, SLASH, VERBS, Dialect
from protocol.errors import Fault
from protocol.framing import FrameCodec
from protocol.messages import Disconnect, Hello, Join, Line, Malformed, Nick, Password, Pong, Request, Say
from protocol.objects import dump
from tests.party import Party

IAC_DO_ECHO, IAC_WONT_ECHO = b"\xff\xfd\x01", b"\xff\xfc\x01"
HELLO = Hello(1, "a secret")


def connection(dialect: Dialect | None = None, named: bool = False) -> Connection:
    session = Session("192.0.2.1:4711")
    session.state = State.CHATTING if named else State.NAMELESS
    return Connection(session, dialect)


def frame(message: object) -> bytes:
    return FrameCodec.encode(dump(message))


def requests_in(made: Connection, chunk: bytes) -> list[Request]:
    made.receive(chunk)
    return list(made.requests(100))


# --- undecided ---------------------------------------------------------------------------------------------------


def test_nothing_is_known_of_a_peer_that_has_sent_nothing() -> None:
    made = connection()
    assert not made.decided
    assert not made.framed
    assert not made.has_requests


@pytest.mark.parametrize(
    ("first_byte", "framed", "is_tls"),
    [
        (b"\x00", True, False),
        (b"\x16", False, True),
        (b"\xff", False, False),
        (b"a", False, False),
        (b"J", False, False),
        (b"/", False, False),
        (b"\r", False, False),
        (b"\xc3", False, False),
    ],
)
def test_the_first_byte_decides(first_byte: bytes, framed: bool, is_tls: bool) -> None:
    made = connection()
    made.receive(first_byte)
    assert made.decided
    assert (made.framed, made.is_tls) == (framed, is_tls)


def test_one_byte_of_a_frame_is_enough_and_the_rest_may_follow() -> None:  # D4
    made, data = connection(), frame(HELLO)
    assert requests_in(made, data[:1]) == []
    assert requests_in(made, data[1:]) == [HELLO]


@pytest.mark.parametrize("dialect", [None, SLASH, VERBS])
def test_frames_are_understood_whatever_text_users_speak(dialect: Dialect | None) -> None:
    made = connection(dialect)
    assert requests_in(made, frame(HELLO)) == [HELLO]
    assert made.dialect is JSON


def test_tls_is_answered_with_nothing() -> None:
    made = connection()
    assert made.receive(b"\x16\x03\x01\x02\x00") == b""
    assert made.receive(b"ann\r\n") == b""
    assert not made.has_requests


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("GET / HTTP/1.1", "HTTP"),
        ("POST /chat HTTP/1.0", "HTTP"),
        ("OPTIONS * HTTP/1.1", "HTTP"),
        ("SSH-2.0-a client", "SSH"),
    ],
)
@pytest.mark.parametrize("dialect", [None, SLASH, VERBS])
def test_other_programs_are_told_where_they_are_and_closed(dialect: Dialect | None, line: str, what: str) -> None:
    party = Party(dialect=dialect)
    party.connects("eve")
    party.says("eve", line, "Host: chat", "")
    assert party.told("eve") == [f"This is a chat server: use telnet or its own client, not {what}."]
    assert party.is_gone("eve")


def test_only_the_first_line_can_be_another_program_s() -> None:
    made = connection()
    assert requests_in(made, b"4\r\nGET / HTTP/1.1\r\n") == [Nick("4"), Nick("GET / HTTP/1.1")]


def test_what_people_say_is_never_taken_for_another_program() -> None:
    assert requests_in(connection(named=True), b"GET / HTTP/1.1\r\n") == [Say("GET / HTTP/1.1")]


def test_a_framed_client_that_was_greeted_in_text_is_welcome_all_the_same() -> None:
    party = Party()
    party.connects("ann")
    party.greets("ann")
    party.frames("ann", Hello(1, "a secret", "ann"))
    party.sees("ann", "Welcome, ann. You may chat now; /help (or /cmd) lists the commands.", "* Users here: 1")


# --- the dialect of text -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["JOIN", "join", "Join", "LIST", "MESG", "BCST", "QUIT"])
def test_a_verb_as_the_first_word_makes_a_verb_session(verb: str) -> None:  # E1, E2
    made = connection()
    requests_in(made, f"{verb} ann\r\n".encode())
    assert made.dialect is VERBS


@pytest.mark.parametrize("line", ["ann", "/setname ann", "/users", "", "joiner", "hello JOIN"])
def test_anything_else_leaves_a_slash_session(line: str) -> None:
    made = connection()
    requests_in(made, f"{line}\r\n".encode())
    assert made.dialect is SLASH


def test_each_line_of_a_user_without_a_name_decides_again() -> None:
    made = connection()
    assert requests_in(made, b"ann!\r\nJOIN ann\r\n") == [Nick("ann!"), Join("ann")]


def test_once_a_verb_session_it_stays_one() -> None:
    made = connection()
    requests_in(made, b"LIST\r\nann\r\n")
    assert made.dialect is VERBS


def test_a_user_with_a_name_is_not_detected_again() -> None:
    made = connection(named=True)
    assert requests_in(made, b"JOIN us\r\n") == [Say("JOIN us")]
    assert made.dialect is SLASH


def test_a_fixed_dialect_stays() -> None:
    assert requests_in(connection(SLASH), b"JOIN ann\r\n") == [Nick("JOIN ann")]
    (request,) = requests_in(connection(VERBS), b"ann\r\n")
    assert isinstance(request, Malformed)  # E17
    assert request.error.fault is Fault.NOT_NAMED


# --- one request at a time ---------------------------------------------------------------------------------------


def test_each_line_is_parsed_in_the_light_of_what_came_before() -> None:  # A3, A10
    made = connection()
    made.receive(b"ann\r\nhi\r\n")
    requests = made.requests(10)
    assert next(requests) == Nick("ann")
    made.session.state = State.CHATTING
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
    made.session.state = State.CLOSING
    assert list(requests) == []
    assert not made.has_requests


def test_a_line_that_is_none_is_reported_in_its_place() -> None:
    made = connection(named=True)
    first, long, last = requests_in(made, b"1\r\n" + b"x" * 5000 + b"\r\n3\r\n")
    assert (first, last) == (Say("1"), Say("3"))
    assert isinstance(long, Malformed)
    assert long.error.fault is Fault.TOO_LONG


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
    assert made.receive(IAC_DO_ECHO) == IAC_WONT_ECHO
    assert requests_in(made, b"ann\r\n") == [Nick("ann")]


def test_telnet_s_agreement_to_hide_typing_is_not_refused() -> None:
    made = connection(named=True)
    made.session.question = Question.NEW
    assert made.receive(IAC_DO_ECHO) == b""


def test_a_question_takes_the_next_line_whatever_it_looks_like() -> None:
    made = connection(named=True)
    made.receive(b"/quit\r\n/quit\r\n")
    made.session.question = Question.NEW
    requests = made.requests(10)
    assert next(requests) == Password("/quit")
    made.session.question = None
    assert next(requests) == Disconnect()


def test_a_framed_client_answers_questions_by_frames_only() -> None:
    made = connection(named=True)
    made.session.question = Question.NEW
    sent = frame(Line("hi", 1)) + frame(Password("secret12")) + frame(Pong())
    assert requests_in(made, sent) == [Say("hi", 1), Password("secret12"), Pong()]
