"""protocol/dialects: what people and framed clients are shown of an event, and that it does no harm."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.handlers.away import AWAY
from chat.handlers.history import JOURNAL_LOST
from chat.handlers.names import GREETING
from chat.state import ASK_AGAIN, SHUTTING_DOWN
from chat.throttle import TOO_FAST
from protocol import events
from protocol.commands import SLASH_COMMANDS
from protocol.dialects import JSON, OPEN_VERBS, SLASH, VERBS, Dialect
from protocol.errors import ErrorCode
from protocol.events import (
    Announced,
    Asked,
    CommandHelp,
    Dismissed,
    Event,
    HelpListed,
    HistoryListed,
    Joined,
    Left,
    Noticed,
    PasswordTaken,
    Past,
    Ponged,
    Refused,
    Renamed,
    RoleChanged,
    Said,
    UsersListed,
    Welcomed,
    Whispered,
    refusal,
)
from protocol.lines import LineCodec
from protocol.objects import FROM_SERVER, load
from protocol.telnet import HIDE_TYPING, SHOW_TYPING
from tests.support.rows import for_each
from tests.support.strategies import clean_texts, messages_of, unsafe_in

# --- slash -----------------------------------------------------------------------------------------------------------

SHOWN: list[tuple[Event, str]] = [
    (Said(7, "ann", "hi", 0.0), "ann: hi"),  # A11
    (Whispered(7, "ann", "bob", "hi", 0.0), "ann whispers: hi"),  # A17
    (Joined(7, "ann", 2), "* ann has connected. Users here: 2"),  # A6
    (Left(7, "ann", 1, "goodbye"), "* ann has left (goodbye). Users here: 1"),  # A23
    (Renamed(7, "ann", "eve"), "* ann is now eve"),
    (Announced(7, "ann", "tea", 0.0), "*** ann announces: tea ***"),  # M5
    (RoleChanged(True), "* You are an operator: /help operators lists your commands."),
    (RoleChanged(False), "* You are no operator any more."),
    (Asked("name", "Choose a name:"), "Choose a name:"),  # A2
    (UsersListed(("ann", "bob"), 2), "Connected users: 2\r\nann, bob"),  # A14
    (Ponged(), "pong"),  # A13
    (Noticed("Soon."), "* Soon."),
    (Dismissed("Goodbye, ann."), "Goodbye, ann."),  # A23
    (refusal(ErrorCode.NAME_TAKEN, name="ann"), "! ann is in use. Choose another name."),  # A4
]


@for_each(SHOWN)
def test_what_slash_users_see(event: Event, text: str) -> None:
    assert SLASH.render(event).decode() == text


def test_a_welcome_names_the_user_and_points_to_the_commands() -> None:  # A6, C5
    assert SLASH.render(Welcomed("ann", "an epoch", 7, 2)).decode().split("\r\n") == [
        "Welcome, ann. You may chat now; /help (or /cmd) lists the commands.",
        "* Users here: 2",
    ]


def test_help_lines_up_and_names_the_aliases() -> None:  # A15
    commands = (CommandHelp("users", ("who", "allusers"), "/users", "List."), CommandHelp("w", (), "/w USER", "Say."))
    assert SLASH.render(HelpListed(commands)).decode().split("\r\n") == [
        "/users   List. Also /who, /allusers.",
        "/w USER  Say.",
    ]


def test_many_users_are_listed_on_lines_that_fit() -> None:
    names = tuple(f"name-{i:015}" for i in range(100))
    first, *lines = SLASH.render(UsersListed(names, 100)).decode().split("\r\n")
    assert first == "Connected users: 100"
    assert ", ".join(names) == " ".join(lines)
    assert max(map(len, lines)) < 80


def test_a_password_is_hidden_while_it_is_typed() -> None:  # D11
    assert SLASH.render(Asked("password", "Password:")) == HIDE_TYPING + b"Password:"
    assert SLASH.render(PasswordTaken()) == VERBS.render(PasswordTaken()) == SHOW_TYPING


# --- verbs -----------------------------------------------------------------------------------------------------------


def test_verb_users_see_each_name_on_a_line_of_its_own() -> None:  # E7
    assert VERBS.render(UsersListed(("ann", "bob"), 2)) == b"ann\r\nbob"


def test_verb_users_are_told_how_to_join_and_that_they_have() -> None:  # E8
    assert VERBS.render(Asked("name", "Choose a name:")) == b"To register: JOIN NAME"
    assert VERBS.render(Welcomed("ann", "an epoch", 7, 2)) == b"Welcome, ann. Users here: 2"


@for_each(
    [
        (refusal(ErrorCode.TOO_MANY_USERS, limit=10), b"Too Many Users"),  # E5
        (refusal(ErrorCode.NOT_NAMED), b"Unregistered User"),  # E8, E10, E13, E17
        (refusal(ErrorCode.NOT_CONNECTED, name="eve"), b"Unknown Recipient"),  # E11
        (refusal(ErrorCode.UNKNOWN_COMMAND, word="hello", hint=""), b"Unknown Message"),  # E16
        (refusal(ErrorCode.ALREADY_NAMED, name="ann"), b"Already registered: JOIN is discarded"),  # E6
        (refusal(ErrorCode.NAME_TAKEN, name="ann"), b"ann is in use. Choose another name."),  # E18
    ]
)
def test_verb_users_read_the_words_of_their_system_on_a_line_of_their_own(refused: Refused, phrase: bytes) -> None:
    lines = LineCodec().feed(LineCodec.encode(VERBS.render(refused)))
    usage = [b"Verbs: BCST MESSAGE, MESG USER MESSAGE, LIST, JOIN NAME [PASSWORD], QUIT"]
    assert lines == [phrase, *(usage if phrase == b"Unknown Message" else [])]


# --- any event -------------------------------------------------------------------------------------------------------

# Text users are neither pinged nor do they resume.
TEXT_KINDS = [kind for kind in get_args(Event) if kind not in (events.Pinged, events.Missed)]


@given(st.one_of([messages_of(kind, clean_texts) for kind in TEXT_KINDS]), st.sampled_from([SLASH, VERBS]))
@settings(max_examples=150)
def test_no_line_of_text_holds_a_control_character(event: Event, dialect: Dialect) -> None:  # A9
    rendered = dialect.render(event)
    for telnet_command in (HIDE_TYPING, SHOW_TYPING):
        rendered = rendered.removeprefix(telnet_command)
    assert not unsafe_in("".join(rendered.decode().split("\r\n")))


@given(st.one_of([messages_of(kind, clean_texts) for kind in FROM_SERVER.values()]))
@settings(max_examples=75)
def test_no_frame_holds_a_control_character_and_all_of_it_is_read_again(event: Event) -> None:  # A9
    rendered = JSON.render(event)
    assert not unsafe_in(rendered.decode())
    assert load(rendered, FROM_SERVER) == event


@given(clean_texts, clean_texts)
def test_hostile_details_do_not_leave_their_line(name: str, word: str) -> None:
    for event in (refusal(ErrorCode.NAME_BAD, name=name), refusal(ErrorCode.UNKNOWN_COMMAND, word=word, hint=name)):
        first, *rest = SLASH.render(event).decode().split("\r\n")
        assert first.startswith("! ")
        assert all(line.startswith("  ") for line in rest)
        assert "".join("".join((first, *rest)).split()) == "".join(f"! {event.text}".split())
        assert not unsafe_in("".join((first, *rest)))


# --- what fits a terminal --------------------------------------------------------------------------------------------

LONGEST_NAME = "W" * 20
LONGEST: dict[str, Any] = {  # the longest that anybody would see in good faith
    "name": LONGEST_NAME,
    "other": LONGEST_NAME,
    "word": "/" + "x" * 39,
    "hint": "Did you mean /disconnect?",
    "why": "COUNT is a number from 1 to 500",
    "usage": "/private USER MESSAGE",
    "instead": ", or it has none: try the name alone",
    "where": "in a browser",
    "what": "HTTP",
    "done": f"{LONGEST_NAME} is banned for 7 d.",
    "line": "/whisper bob hi",
    "left": "for another 59 min 59 s",
    "reason": ": spam",
    "address": "192.0.2.100, port 65535",
    "before": "192.0.2.101, port 65535",
    "type": "x" * 40,
    **dict.fromkeys(("length", "limit"), 65_535),
    **dict.fromkeys(("seconds", "least", "most", "ours", "theirs"), 600),
}
OURS: list[Event] = [
    *(refusal(fault, **LONGEST) for fault in ErrorCode),
    Asked("name", GREETING),
    Asked("name", ASK_AGAIN),
    Noticed(TOO_FAST),
    Noticed(JOURNAL_LOST),
    Noticed(AWAY),
    Welcomed(LONGEST_NAME, "an epoch", 10**9, 1000),
    Joined(10**9, LONGEST_NAME, 1000),
    Left(10**9, LONGEST_NAME, 1000, "no answer to a ping"),
    Renamed(10**9, LONGEST_NAME, LONGEST_NAME),
    Dismissed(SHUTTING_DOWN),
    HelpListed(tuple(command.described() for command in SLASH_COMMANDS)),
]


@pytest.mark.parametrize("dialect", [SLASH, VERBS, OPEN_VERBS])
def test_what_the_server_says_fits_80_columns(dialect: Dialect) -> None:
    rendered = [(event, dialect.render(event).decode().split("\r\n")) for event in OURS]
    assert [lines for _, lines in rendered if max(map(len, lines)) > 80] == []
    assert [lines for event, lines in rendered if isinstance(event, Refused | Noticed) and len(lines) > 2] == []


LOOKS_LIKE_THE_SERVER = "word " * 14 + "* bob has left (goodbye). Users here: 1"
LOOKS_LIKE_BOB = "x" * 73 + "bob: I agree"


@pytest.mark.parametrize("text", [LOOKS_LIKE_THE_SERVER, LOOKS_LIKE_BOB, "/me " + LOOKS_LIKE_BOB])
@pytest.mark.parametrize("dialect", [SLASH, VERBS, OPEN_VERBS])
def test_what_people_say_begins_no_row_but_its_own(dialect: Dialect, text: str) -> None:  # M9
    past = HistoryListed("Before:", (Past(7, 0.0, "ann", text), Past(8, 0.0, "ann", text, "bob")))
    for event in (
        Said(7, "ann", text, 0.0),
        Whispered(7, "ann", "bob", text, 0.0),
        Announced(7, "ann", text, 0.0),
        past,
    ):
        rows = dialect.render(event).decode().split("\r\n")
        assert max(map(len, rows)) <= 78
        begun = [row for row in rows if not row.startswith("  ")]
        assert all(row.startswith(("ann", "*** ann", "[1970", "* Before")) for row in begun)
        assert len(begun) == (3 if event is past else 1)


def test_every_prompt_for_a_name_says_how_to_take_one() -> None:  # C14
    for prompt in (GREETING, ASK_AGAIN):
        assert "/setname NAME" in SLASH.render(Asked("name", prompt)).decode()
        assert OPEN_VERBS.render(Asked("name", prompt)) == (
            b"To register: JOIN NAME (you speak verbs now; /setname NAME leads back)"
        )
        assert VERBS.render(Asked("name", prompt)) == b"To register: JOIN NAME"
