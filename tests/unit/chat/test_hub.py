"""chat/hub.py: every request in every state, names, the count, one order, deadlines, ends.

How it looks to users of each dialect stands in test_hub_slash.py, test_hub_verbs.py and test_hub_framed.py.
"""

from __future__ import annotations

import typing
import weakref

import pytest

from chat import limits
from chat.session import Phase, Session
from chat.state import GOODBYE, SHUTTING_DOWN
from chat.throttle import TOO_FAST
from protocol.errors import ErrorCode, ProtocolError
from protocol.events import Dismissed, Pinged, Refused, refusal
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
    ListBans,
    ListHistory,
    ListUsers,
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
from protocol.reserved import is_reserved
from tests.support.party import Party
from tests.support.rows import for_each

# --- every request in every state --------------------------------------------------------------------------------

CLOSED = ["hello-first", "Dismissed"]
NOT_NAMED = ["not-named", "Asked"]
DROPPED_LINE = Malformed(ProtocolError(ErrorCode.BAD_ENCODING))
BROKEN_STREAM = Malformed(ProtocolError(ErrorCode.BAD_LENGTH, fatal=True, length=0, limit=65_535))

# What a framed session is told when it is NEW, NAMELESS, CHATTING; a refusal is told by its code.
TABLE: list[tuple[Request, list[str], list[str], list[str]]] = [
    (Hello(1, "a secret"), ["Asked"], CLOSED, CLOSED),
    (Hello(1, "a secret", "eve"), ["Welcomed"], CLOSED, CLOSED),
    (Hello(9, "a secret", "eve"), ["bad-version", "Dismissed"], CLOSED, CLOSED),
    (Name("eve"), CLOSED, ["Welcomed"], ["already-named"]),
    (Join("eve"), CLOSED, ["Welcomed"], ["already-named"]),
    (Nick("eve"), CLOSED, ["Welcomed"], ["Renamed"]),
    (Nick("ann"), CLOSED, ["name-taken", "Asked"], ["name-taken"]),
    (Nick("admin"), CLOSED, ["name-reserved", "Asked"], ["name-reserved"]),
    (Nick("-4"), CLOSED, ["name-bad", "Asked"], ["name-bad"]),
    (Say("hi"), CLOSED, NOT_NAMED, ["Said"]),
    (Say(""), CLOSED, NOT_NAMED, []),
    (Say("", 1), CLOSED, NOT_NAMED, ["nothing-to-say"]),
    (Whisper("ann", "hi"), CLOSED, NOT_NAMED, ["Whispered"]),
    (Whisper("dora", "hi"), CLOSED, NOT_NAMED, ["not-connected"]),
    (Act("waves"), CLOSED, NOT_NAMED, ["Said"]),
    (GoAway(), CLOSED, NOT_NAMED, ["Noticed"]),
    (ComeBack(), CLOSED, NOT_NAMED, ["Noticed"]),
    (ListUsers(), CLOSED, NOT_NAMED, ["UsersListed"]),
    (Register("secret12"), CLOSED, NOT_NAMED, []),
    (ChangePassword("secret12"), CLOSED, NOT_NAMED, ["not-registered"]),
    (Unregister(), CLOSED, NOT_NAMED, ["not-registered"]),
    (Password("secret12"), CLOSED, ["bad-message", "Asked"], ["bad-message"]),
    (Ping(), CLOSED, NOT_NAMED, ["Ponged"]),
    (Help(), CLOSED, NOT_NAMED, ["HelpListed"]),
    (Help("whisper"), CLOSED, NOT_NAMED, ["HelpListed"]),
    (Help("xyzzy"), CLOSED, NOT_NAMED, ["unknown-command"]),
    (ListHistory(), CLOSED, NOT_NAMED, ["Noticed"]),
    (ListHistory("0"), CLOSED, NOT_NAMED, ["usage"]),
    (Search("fox"), CLOSED, NOT_NAMED, ["Noticed"]),
    (Search("..."), CLOSED, NOT_NAMED, ["usage"]),
    (Seek("ann"), CLOSED, NOT_NAMED, ["Noticed"]),
    (Kick("ann"), CLOSED, NOT_NAMED, ["operators-only"]),  # M7
    (Ban("ann"), CLOSED, NOT_NAMED, ["operators-only"]),
    (Unban("ann"), CLOSED, NOT_NAMED, ["operators-only"]),
    (ListBans(), CLOSED, NOT_NAMED, ["operators-only"]),
    (Lockdown("on"), CLOSED, NOT_NAMED, ["operators-only"]),
    (Mute("ann"), CLOSED, NOT_NAMED, ["operators-only"]),
    (Unmute("ann"), CLOSED, NOT_NAMED, ["operators-only"]),
    (Announce("hi"), CLOSED, NOT_NAMED, ["operators-only"]),
    (Promote("ann"), CLOSED, NOT_NAMED, ["operators-only"]),
    (Demote("ann"), CLOSED, NOT_NAMED, ["operators-only"]),
    (Disconnect(), CLOSED, ["Dismissed"], ["Dismissed"]),
    (Pong(), CLOSED, [], []),
    (DROPPED_LINE, ["bad-encoding", "Dismissed"], ["bad-encoding", "Asked"], ["bad-encoding"]),
    (BROKEN_STREAM, ["bad-length", "Dismissed"], ["bad-length", "Dismissed"], ["bad-length", "Dismissed"]),
]


def new_party() -> Party:
    made = Party()
    made.joins("ann")
    return made


party = pytest.fixture(new_party, name="party")


def bring_bob(party: Party, phase: Phase) -> None:
    """Let bob, who speaks frames, come as far as `phase`."""
    party.connects("bob")
    party.sends("bob", b"\0")
    if phase is not Phase.NEW:
        party.asks("bob", Hello(1, "a secret", "bob" if phase is Phase.CHATTING else None))
    party.looks_away()


ROWS = [
    (request, phase, expected)
    for request, *columns in TABLE
    for phase, expected in zip((Phase.NEW, Phase.NAMELESS, Phase.CHATTING), columns, strict=True)
]


@for_each(ROWS, anew=new_party)
def test_each_request_in_each_state(party: Party, request_: Request, phase: Phase, expected: list[str]) -> None:  # D14
    bring_bob(party, phase)
    party.asks("bob", request_)
    told = [event.code if isinstance(event, Refused) else type(event).__name__ for event in party.events("bob")]
    assert told == expected
    assert party.is_gone("bob") == ("Dismissed" in expected)


def test_the_table_leaves_no_request_out() -> None:
    assert {type(row[0]) for row in TABLE} == set(typing.get_args(Request))


# --- names and the count -----------------------------------------------------------------------------------------


def test_a_server_starts_with_nobody_and_with_its_reserved_names() -> None:  # A1
    party = Party()
    assert party.room() == ()
    assert all(map(is_reserved, ("admin", "server", "root", "moderator", "join", "whisper", "quit")))


@pytest.mark.parametrize("names", [("dora", "dora"), ("Dora", "dORA")])
def test_of_two_racing_for_a_name_exactly_one_gets_it(party: Party, names: tuple[str, str]) -> None:  # A7
    party.connects("bob", "eve")
    with party.turn():
        party.says("bob", names[0])
        party.says("eve", names[1])
    assert party.room() == ("ann", names[0])
    assert party.told("bob")[0].startswith(f"Welcome, {names[0]}.")
    assert party.told("eve")[0] == f"! {names[1]} is in use. Choose another name."


def test_half_finished_registrations_hold_up_nobody(party: Party) -> None:  # A7
    halves = [f"guest{number}" for number in range(50)]
    party.connects(*halves)
    for name in halves:
        party.sends(name, b"hel")
    party.joins("bob")
    party.says("ann", "hi")
    party.sees("bob", "ann: hi")
    party.sees_nothing(*halves)
    for name in halves:
        party.sends(name, name[3:].encode() + b"\r\n")
    assert len(party.room()) == 2 + len(halves)


def test_the_count_goes_up_with_each_join_and_down_with_each_leave(party: Party) -> None:  # A8
    party.joins("bob", "carl")
    party.looks_away()
    party.connects("eve")
    party.says("eve", "eve")
    party.says("bob", "/quit")
    party.leaves("carl")
    party.says("eve", "/nick dora")
    party.sees(
        "ann",
        "* eve has connected. Users here: 4",
        "* bob has left (goodbye). Users here: 3",
        "* carl has left (connection closed). Users here: 2",
        "* eve is now dora",
    )


def test_the_count_is_right_within_one_turn_too() -> None:  # A8
    party = Party()
    party.joins("ann", "bob")
    party.connects("eve")
    with party.turn():
        party.says("bob", "/quit")
        party.says("eve", "eve")
        party.leaves("eve")
    party.sees(
        "ann",
        "* bob has left (goodbye). Users here: 1",
        "* eve has connected. Users here: 2",
        "* eve has left (connection closed). Users here: 1",
    )


def test_no_more_come_in_than_there_are_places_for() -> None:  # A8, E5
    party = Party(max_users=2)
    party.joins("ann")
    party.connects("bob", "eve")
    with party.turn():
        party.says("bob", "bob")
        party.says("eve", "eve")
    assert party.room() == ("ann", "bob")
    assert party.told("eve")[0] == "! Too Many Users: all 2 places are taken. Try again later, or /quit."
    party.says("ann", "/nick carl")
    party.leaves("bob")
    party.says("eve", "eve")
    assert party.room() == ("carl", "eve")


# --- one order for everyone --------------------------------------------------------------------------------------


def test_one_turn_is_cut_for_each_reader_at_its_places() -> None:  # A11, A12, A17
    party = Party()
    party.joins("ann", "bob")
    party.joins_by_verb("carl")
    party.connects("eve")
    with party.turn():
        party.says("ann", "1")
        party.says("bob", "2", "/w ann psst", "/ping", "3")
        party.says("eve", "eve")
        party.says("carl", "BCST 4", "QUIT")
        party.says("ann", "5")
    party.sees(
        "ann",
        *("bob: 2", "bob whispers: psst", "bob: 3", "* eve has connected. Users here: 4"),
        *("carl: 4", "* carl has left (goodbye). Users here: 3"),
    )
    party.sees(
        "bob",
        *("ann: 1", "* Whispered to ann.", "pong", "* eve has connected. Users here: 4"),
        *("carl: 4", "* carl has left (goodbye). Users here: 3", "ann: 5"),
    )
    party.sees("carl", "ann: 1", "bob: 2", "bob: 3", "* eve has connected. Users here: 4", "Goodbye.")
    assert party.told("eve")[2:] == ["carl: 4", "* carl has left (goodbye). Users here: 3", "ann: 5"]


# --- deadlines ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [b"", b"a", b"-4\r\n"])
def test_a_text_user_has_60_seconds_for_a_name_whatever_is_sent(party: Party, sent: bytes) -> None:
    party.connects("eve")
    party.passes(59)
    if sent:
        party.sends("eve", sent)
    party.looks_away()
    party.passes(0.9)
    assert not party.is_gone("eve")
    party.passes(0.1)
    party.sees("eve", "! No name was chosen within 60 s. Closing: connect again.", GOODBYE)
    assert party.is_gone("eve")
    party.sees_nothing("ann")


def test_a_framed_client_has_10_seconds_for_its_hello_whatever_is_sent(party: Party) -> None:
    party.connects("eve")
    party.sends("eve", b"\0")
    party.passes(9)
    party.sends("eve", b"\0")
    party.passes(0.9)
    assert not party.is_gone("eve")
    party.passes(0.1)
    assert party.events("eve") == [refusal(ErrorCode.TOO_SLOW_TO_JOIN, seconds=10), Dismissed(GOODBYE)]
    assert party.is_gone("eve")


def test_after_its_hello_a_person_has_60_seconds_for_a_name(party: Party) -> None:
    party.connects("eve")
    party.frames("eve", Hello(1, "a secret"))
    party.passes(59.9)
    assert not party.is_gone("eve")
    party.passes(0.1)
    assert party.is_gone("eve")


def test_with_a_name_nobody_has_a_deadline(party: Party) -> None:
    party.passes(100_000)
    assert not party.is_gone("ann")


# --- sending too fast --------------------------------------------------------------------------------------------


def test_who_sends_too_fast_waits_is_told_so_once_and_loses_nothing() -> None:
    party = Party(metered=True)
    party.joins("ann", "bob")
    assert party.hub.next_due() == float("inf")
    party.says("ann", *(str(number) for number in range(12)))
    party.sees("ann", f"* {TOO_FAST}")
    party.sees("bob", *(f"ann: {number}" for number in range(10)))
    assert party.hub.next_due() == party.now + 0.5
    party.passes(0.5)
    party.sees("bob", "ann: 10")
    party.passes(0.5)
    party.sees("bob", "ann: 11")
    party.sees_nothing("ann")


def test_who_leaves_while_on_hold_is_held_no_more() -> None:
    party = Party(metered=True)
    party.joins("ann", "bob")
    party.says("ann", *("hi" for _ in range(20)))
    party.leaves("ann")
    assert party.hub.next_due() == float("inf")


def test_a_goodbye_is_never_held() -> None:
    party = Party(metered=True)
    party.joins("ann")
    party.says("ann", "/ping", "/ping", "/ping", "/quit")
    party.sees("ann", "pong", "pong", "pong", GOODBYE)
    assert party.hub.next_due() == float("inf")


def test_a_framed_client_on_hold_is_not_silent_though_its_pong_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    party = Party(metered=True)
    party.joins_framed("bob")
    session = party.guests["bob"].session
    party.passes(limits.PING_AFTER)
    assert party.events("bob") == [Pinged()]
    with party.turn() as effects:
        effects.extend(party.hub.received(session, limits.BYTE_BURST + 100 * limits.BYTE_RATE))
    for _ in range(99):
        party.passes(1.0)
    assert session.held
    party.passes(1.0)
    assert not session.held
    party.frames("bob", Pong())
    party.passes(limits.PONG_WITHIN)
    assert not party.is_gone("bob")


def test_nobody_is_silent_while_nobody_is_read(party: Party) -> None:
    party.joins_framed("bob")
    party.passes(limits.PING_AFTER)
    for _ in range(40):
        party.now += 1.0
        with party.turn():
            party.hub.read_nobody(party.now)
    party.frames("bob", Pong())
    party.passes(limits.PONG_WITHIN)
    assert not party.is_gone("bob")


# --- ends --------------------------------------------------------------------------------------------------------


def test_whoever_is_dismissed_is_told_why_and_the_others_too(party: Party) -> None:
    party.joins("bob")
    why = refusal(ErrorCode.TOO_FAR_BEHIND, why="2 MiB were waiting")
    session = party.guests["bob"].session
    with party.turn() as effects:
        effects.extend(party.hub.dismiss(session, why, "too far behind"))
        effects.extend(party.hub.dismiss(session, why, "too far behind"))
        effects.extend(party.hub.lost(session, "connection lost"))
    party.sees("bob", f"! {why.text}", GOODBYE)
    party.sees("ann", "* bob has left (too far behind). Users here: 1")
    assert session.reason == "too far behind"


def test_a_shutdown_is_told_to_everyone_without_a_storm_of_farewells(party: Party) -> None:
    party.joins_framed("bob")
    party.joins_by_verb("carl")
    party.connects("eve")
    party.shuts_down()
    for name in ("ann", "carl", "eve"):
        party.sees(name, SHUTTING_DOWN)
    assert party.events("bob") == [Dismissed(SHUTTING_DOWN, again=True)]
    assert all(party.is_gone(name) for name in party.guests)
    assert party.room() == ()


class Traced(Session):
    """A session that can be looked for after its end."""

    __slots__ = ("__weakref__",)


def test_whoever_left_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.support.party.Session", Traced)
    party = Party(metered=True)
    party.joins("ann", "bob", "carl")
    party.connects("eve")
    party.says("bob", "/w ann psst", *("hi" for _ in range(20)))
    trace = [weakref.ref(party.guests[name].session) for name in ("bob", "carl", "eve")]
    party.says("carl", "/quit")
    party.leaves("bob")
    party.leaves("eve")
    for name in ("bob", "carl", "eve"):
        del party.guests[name]
    assert [found() for found in trace] == [None, None, None]
