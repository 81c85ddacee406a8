"""chat/hub.py as clients that speak frames meet it: hello, answers with their `cseq`, replies, pings."""

from __future__ import annotations

import pytest

from chat.handlers.names import GREETING
from chat.state import ASK_AGAIN, GOODBYE
from protocol.errors import ErrorCode
from protocol.events import (
    Asked,
    Dismissed,
    Event,
    HelpListed,
    Joined,
    Left,
    Pinged,
    Ponged,
    Refused,
    Renamed,
    Said,
    UsersListed,
    Welcomed,
    Whispered,
    refusal,
)
from protocol.requests import Hello, Line, Name, Password, Pong
from tests.support.party import EPOCH, Party
from tests.support.rows import for_each

CLOSED_FOR_HELLO = [refusal(ErrorCode.HELLO_FIRST), Dismissed(GOODBYE)]


def new_party() -> Party:
    """Return a party at which ann and bob speak frames, and carl uses slashes; the log's newest number is 3."""
    made = Party()
    made.joins_framed("ann", "bob")
    made.joins("carl")
    return made


party = pytest.fixture(new_party, name="party")


@pytest.fixture
def eve(party: Party) -> str:
    """Return the name of somebody who has connected and sent nothing yet."""
    party.connects("eve")
    return "eve"


# --- hello -------------------------------------------------------------------------------------------------------


def test_a_hello_with_a_good_name_is_welcomed(party: Party, eve: str) -> None:  # A6
    party.frames(eve, Hello(1, "a secret", "eve"))
    assert party.events(eve) == [Welcomed("eve", EPOCH, seq=4, count=4)]
    assert party.events("ann") == [Joined(4, "eve", 4)]


def test_a_hello_without_a_name_is_asked_for_one(party: Party, eve: str) -> None:  # A2
    party.frames(eve, Hello(1, "a secret"))
    assert party.events(eve) == [Asked("name", GREETING)]
    party.frames(eve, Name("eve"))
    assert party.events(eve) == [Welcomed("eve", EPOCH, seq=4, count=4)]


def test_a_name_that_is_refused_may_be_tried_again(party: Party, eve: str) -> None:  # A4, A5
    party.frames(eve, Hello(1, "a secret", "ANN"))
    assert party.events(eve) == [refusal(ErrorCode.NAME_TAKEN, name="ANN"), Asked("name", ASK_AGAIN)]
    party.frames(eve, Name("admin"))
    assert party.events(eve) == [refusal(ErrorCode.NAME_RESERVED, name="admin"), Asked("name", ASK_AGAIN)]
    party.frames(eve, Name(" eve\x1b "))
    assert party.events(eve) == [Welcomed("eve", EPOCH, seq=4, count=4)]


def test_before_its_name_a_client_s_lines_are_attempts_at_one(party: Party, eve: str) -> None:  # A3
    party.frames(eve, Hello(1, "a secret"))
    party.hears(eve)
    party.says(eve, "hello all", "eve")
    refused, again, welcomed = party.events(eve)
    assert refused == refusal(ErrorCode.NAME_BAD, 1, name="hello all")
    assert again == Asked("name", ASK_AGAIN)
    assert isinstance(welcomed, Welcomed)


@pytest.mark.parametrize("message", [Line("hi", 1), Name("eve"), Password("secret12"), Pong()])
def test_the_hello_has_to_come_first(party: Party, eve: str, message: object) -> None:
    party.frames(eve, message, Hello(1, "a secret", "eve"))
    assert party.events(eve) == CLOSED_FOR_HELLO
    assert party.is_gone(eve)


def test_a_first_frame_that_is_none_closes_too(party: Party, eve: str) -> None:
    party.sends(eve, b"\x00\x00\x00\x02{}")
    assert party.events(eve) == [refusal(ErrorCode.BAD_MESSAGE, why="it has no type"), Dismissed(GOODBYE)]
    assert party.is_gone(eve)


@pytest.mark.parametrize("name", [None, "eve"])
def test_a_second_hello_closes(party: Party, eve: str, name: str | None) -> None:
    party.frames(eve, Hello(1, "a secret", name))
    party.hears(eve)
    party.frames(eve, Hello(1, "a secret", "eve"))
    assert party.events(eve) == CLOSED_FOR_HELLO
    assert party.is_gone(eve)


def test_another_version_is_told_ours_and_closed(party: Party, eve: str) -> None:
    party.frames(eve, Hello(2, "a secret", "eve"))
    assert party.events(eve) == [refusal(ErrorCode.BAD_VERSION, ours=1, theirs=2), Dismissed(GOODBYE)]
    assert party.is_gone(eve)


def test_the_client_s_secret_is_kept_as_a_hash_and_shown_to_nobody(party: Party, eve: str) -> None:
    party.frames(eve, Hello(1, "s3cret" * 1000, "eve"))
    assert len(party.guests[eve].session.identity) == 32
    everything = b"".join(party.hears(name) for name in party.guests) + "".join(party.log).encode()
    assert b"s3cret" not in everything


# --- each line has its answer ------------------------------------------------------------------------------------


def test_what_a_client_says_is_echoed_to_it_with_its_cseq(party: Party) -> None:  # A11, A12
    party.says("ann", "hi", "again")
    said: list[Event] = [Said(4, "ann", "hi", party.at, 1), Said(5, "ann", "again", party.at, 2)]
    assert party.events("ann") == said
    assert party.events("bob") == said
    party.sees("carl", "ann: hi", "ann: again")


def test_what_others_say_has_no_cseq_of_mine(party: Party) -> None:  # A12
    party.says("carl", "hi")
    assert party.events("ann") == [Said(4, "carl", "hi", party.at, None)]
    party.sees_nothing("carl")


def test_a_whisper_is_echoed_to_its_sender_only(party: Party) -> None:  # A17, C9
    party.says("ann", "/w bob hi how r u")
    whispered: list[Event] = [Whispered(4, "ann", "bob", "hi how r u", party.at, 1)]
    assert party.events("ann") == whispered
    assert party.events("bob") == whispered
    party.sees_nothing("carl")


def test_a_whisper_to_oneself_is_its_own_echo(party: Party) -> None:
    party.says("ann", "/w ann hi")
    assert party.events("ann") == [Whispered(4, "ann", "ann", "hi", party.at, 1)]


def test_a_name_is_shown_as_its_holder_writes_it(party: Party) -> None:
    party.says("ann", "/w BOB hi")
    assert party.events("bob") == [Whispered(4, "ann", "bob", "hi", party.at, 1)]


ANSWERS = [
    ("/ping", Ponged(7)),  # A13
    ("/users", UsersListed(("ann", "bob", "carl"), 3, 7)),  # A14
    ("/nick dora", Renamed(4, "ann", "dora", 7)),
    ("/nick bob", refusal(ErrorCode.NAME_TAKEN, 7, name="bob")),
    ("/w eve hi", refusal(ErrorCode.NOT_CONNECTED, 7, name="eve")),  # A18
    ("/w", refusal(ErrorCode.USAGE, 7, why="USER is missing", usage="/w USER MESSAGE")),  # A22
    ("/xyzzy", refusal(ErrorCode.UNKNOWN_COMMAND, 7, word="/xyzzy", hint="/help lists the commands.")),  # A22
    ("/help xyzzy", refusal(ErrorCode.UNKNOWN_COMMAND, 7, word="/xyzzy", hint="/help lists the commands.")),
    (
        "/reply hi",
        refusal(
            ErrorCode.CLIENT_ONLY,
            7,
            word="/reply",
            where="in a browser and in the client for terminals",
            instead=" Here: /whisper USER MESSAGE",
        ),
    ),  # A21
    (" \x1b ", refusal(ErrorCode.NOTHING_TO_SAY, 7)),  # A9
    ("x" * 5000, refusal(ErrorCode.TOO_LONG, 7, limit=4096)),
    ("/quit", Dismissed(GOODBYE)),  # A23
]


@for_each(ANSWERS, anew=new_party)
def test_every_line_has_one_answer_with_its_cseq(party: Party, text: str, answer: Event) -> None:  # D14
    party.frames("ann", Line(text, 7))
    assert party.events("ann") == [answer]


def test_help_is_an_answer_too(party: Party) -> None:  # A15
    party.frames("ann", Line("/help", 7))
    (listed,) = party.events("ann")
    assert isinstance(listed, HelpListed)
    assert listed.cseq == 7
    assert "whisper" in [row.name for row in listed.commands]


@pytest.mark.parametrize(
    ("frame", "fault"),
    [
        (b"not JSON", ErrorCode.BAD_MESSAGE),
        (b'{"type":"line","cseq":1}', ErrorCode.BAD_MESSAGE),
        (b'{"type":"dance"}', ErrorCode.UNKNOWN_TYPE),
    ],
)
def test_a_frame_that_is_not_understood_costs_only_itself(party: Party, frame: bytes, fault: ErrorCode) -> None:
    party.sends("ann", len(frame).to_bytes(4, "big") + frame)
    (refused,) = party.events("ann")
    assert isinstance(refused, Refused)
    assert refused.code == fault.code
    party.says("ann", "hi")
    party.sees("carl", "ann: hi")


def test_after_a_length_that_cannot_be_the_client_is_told_and_closed(party: Party) -> None:  # D16
    party.sends("ann", b"\x00\x01\x00\x00 and more")
    assert party.events("ann") == [refusal(ErrorCode.BAD_LENGTH, length=65536, limit=65535), Dismissed(GOODBYE)]
    assert party.is_gone("ann")
    party.sees("carl", "* ann has left (protocol error). Users here: 2")


def test_a_name_frame_renames_nobody(party: Party) -> None:
    party.frames("ann", Name("dora"))
    assert party.events("ann") == [refusal(ErrorCode.ALREADY_NAMED, name="ann")]


def test_hostile_text_in_frames_is_cleaned_too(party: Party) -> None:  # A9
    party.says("ann", "\x1b[2J\u202eok\n* bob has left", "/w carl \x9bpsst\r\n* fake")
    party.sees("carl", "ann: [2Jok* bob has left", "ann whispers: psst* fake")


def test_who_leaves_is_told_goodbye_and_the_others_who_left(party: Party) -> None:  # A23
    party.says("ann", "/quit", "still here")
    assert party.events("ann") == [Dismissed(GOODBYE)]
    assert party.events("bob") == [Left(4, "ann", 2, "goodbye")]


# --- replies: a whisper to whoever held the name then ------------------------------------------------------------


def test_a_reply_reaches_who_has_held_the_name_ever_since(party: Party) -> None:  # A19
    party.frames("ann", Line("/w bob hi", 1, as_of=3))
    assert party.events("bob") == [Whispered(4, "ann", "bob", "hi", party.at, 1)]


def test_a_reply_never_reaches_a_newcomer_who_took_the_name(party: Party) -> None:  # A20
    party.leaves("carl")
    party.connects("eve")
    party.says("eve", "carl")
    party.looks_away()
    party.frames("ann", Line("/w carl hi", 1, as_of=3))
    assert party.events("ann") == [refusal(ErrorCode.LEFT_SINCE, 1, name="carl")]
    party.sees_nothing("eve")
    party.frames("ann", Line("/w carl hi", 2))
    party.sees("eve", "ann whispers: hi")


def test_a_reply_never_reaches_somebody_who_was_renamed_to_the_name(party: Party) -> None:  # A20
    party.leaves("carl")
    party.says("bob", "/nick carl")
    party.looks_away()
    party.frames("ann", Line("/w carl hi", 1, as_of=3))
    assert party.events("ann") == [refusal(ErrorCode.LEFT_SINCE, 1, name="carl")]


def test_a_reply_that_counts_by_another_log_reaches_nobody(party: Party) -> None:  # A20
    party.frames("ann", Line("/w bob hi", 1, as_of=3, epoch="another"), Line("/w bob hi", 2, as_of=3, epoch=EPOCH))
    assert party.events("ann") == [
        refusal(ErrorCode.LEFT_SINCE, 1, name="bob"),
        Whispered(4, "ann", "bob", "hi", party.at, 2),
    ]
    assert party.events("bob") == [Whispered(4, "ann", "bob", "hi", party.at, 2)]


def test_a_reply_to_who_left_finds_nobody(party: Party) -> None:  # A20
    with party.turn():
        party.leaves("carl")
        party.frames("ann", Line("/w carl hi", 1, as_of=3))
    assert refusal(ErrorCode.NOT_CONNECTED, 1, name="carl") in party.events("ann")


def test_a_name_in_another_case_is_held_as_long_as_before(party: Party) -> None:  # A19
    party.says("carl", "/nick Carl")
    party.looks_away()
    party.frames("ann", Line("/w carl hi", 1, as_of=3))
    party.sees("carl", "ann whispers: hi")


# --- silence -----------------------------------------------------------------------------------------------------


def test_a_client_that_answers_pings_may_be_silent_for_ever(party: Party) -> None:
    party.leaves("bob")
    party.looks_away()
    for _ in range(3):
        party.passes(30)
        assert party.events("ann") == [Pinged()]
        party.frames("ann", Pong())
    assert not party.is_gone("ann")


def test_a_client_that_answers_no_ping_is_given_up(party: Party) -> None:
    party.passes(30)
    party.hears("ann")
    party.frames("bob", Pong())
    party.passes(19)
    party.sees_nothing("ann")
    party.passes(1)
    assert party.events("ann") == [refusal(ErrorCode.SILENT, seconds=50), Dismissed(GOODBYE)]
    assert party.room() == ("bob", "carl")


def test_a_client_that_talks_is_not_pinged(party: Party) -> None:
    party.passes(29)
    party.says("ann", "hi")
    party.looks_away()
    party.passes(29)
    party.sees_nothing("ann")


def test_who_answered_within_one_tick_of_the_clock_is_pinged_again(party: Party) -> None:
    """A clock may stand still between a ping and its answer: Windows' goes on every 16 ms."""
    party.passes(30)
    party.frames("ann", Pong())
    party.hears("ann")
    party.passes(50)
    assert party.events("ann")[0] == Pinged()
    assert not party.is_gone("ann")


def test_text_users_are_never_pinged(party: Party) -> None:
    party.leaves("ann")
    party.leaves("bob")
    party.looks_away()
    party.passes(10_000)
    party.sees_nothing("carl")


def test_who_said_hello_and_chose_no_name_is_told_the_time_that_there_was(party: Party, eve: str) -> None:
    party.frames(eve, Hello(1, "a secret"))
    party.looks_away()
    party.passes(60)
    assert party.events(eve)[0] == refusal(ErrorCode.TOO_SLOW_TO_JOIN, seconds=60)
    assert party.guests[eve].session.reason == "too slow to join"
