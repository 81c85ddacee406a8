"""chat/hub.py as users of slash commands meet it, in telnet or nc (sections A and C of the requirements)."""

from __future__ import annotations

import unicodedata
from itertools import product

import pytest

from chat.handlers.names import GREETING
from chat.state import ASK_AGAIN
from protocol.commands import PUBLIC_COMMANDS, SLASH_COMMANDS
from protocol.errors import ErrorCode
from tests.support.party import Party
from tests.support.rows import for_each

WELCOME = "Welcome, {}. You may chat now; /help (or /cmd) lists the commands."


def new_party() -> Party:
    """Return a party at which ann and bob are in the room."""
    made = Party()
    made.joins("ann", "bob")
    return made


party = pytest.fixture(new_party, name="party")


@pytest.fixture
def eve(party: Party) -> str:
    """Return the name of somebody who has connected and has no name yet."""
    party.connects("eve")
    return "eve"


# --- getting a name ----------------------------------------------------------------------------------------------


def test_a_silent_newcomer_is_asked_for_a_name_before_anything_else(party: Party, eve: str) -> None:  # A2
    party.greets(eve)
    party.sees(eve, GREETING)


def test_a_good_name_is_welcomed_and_announced_to_everyone_else(party: Party, eve: str) -> None:  # A6, C5
    party.says(eve, "eve")
    party.sees(eve, WELCOME.format("eve"), "* Users here: 3")
    party.sees("ann", "* eve has connected. Users here: 3")
    party.sees("bob", "* eve has connected. Users here: 3")


@pytest.mark.parametrize("line", ["/setname eve", "/nick eve", "/SETNAME eve", "  /nick   eve  "])
def test_a_name_may_be_asked_for_by_command(party: Party, eve: str, line: str) -> None:  # C3
    party.says(eve, line)
    party.sees(eve, WELCOME.format("eve"), "* Users here: 3")


def test_until_a_name_is_accepted_every_line_is_an_attempt_at_one(party: Party, eve: str) -> None:  # A3
    for line in ("hello everyone", "-4ever", "x" * 21, "", "é"):
        party.says(eve, line)
        refusal, again = party.told(eve)
        assert "can't be a name" in refusal
        assert again == ASK_AGAIN
    party.sees_nothing("ann", "bob")
    party.says(eve, "eve")
    assert "eve" in party.room()


@pytest.mark.parametrize("line", ["ann", "ANN", "/setname ann", "/nick aNn"])
def test_a_name_in_use_is_refused_and_asked_for_again(party: Party, eve: str, line: str) -> None:  # A4, C4
    party.says(eve, line)
    refusal, again = party.told(eve)
    assert refusal.endswith("is in use. Choose another name.")
    assert again == ASK_AGAIN
    assert not party.is_gone(eve)
    party.sees_nothing("ann", "bob")


@for_each(
    ["admin", "server", "root", "moderator", "ADMIN", "r00t", "m0derat0r", "heIp", "he1p", "JOlN", "mesg", "you", "w"]
    + ["hello", "hi", "exit", "bye", "yes", "no", "Hell0"]
    + [command.name for command in SLASH_COMMANDS]
    + [alias for command in SLASH_COMMANDS for alias in command.aliases],
    anew=new_party,
)
def test_a_reserved_name_is_refused_and_asked_for_again(party: Party, name: str) -> None:  # A5
    party.connects("eve")
    party.says("eve", f"/setname {name}")
    party.sees("eve", f"! {name} is reserved, or looks like a reserved name. Choose another name.", ASK_AGAIN)
    assert party.room() == ("ann", "bob")


@for_each(["/users", "/all hi", "/whisper ann hi", "/w", "/ping", "/help", "/reply hi"], anew=new_party)
def test_without_a_name_any_other_command_is_answered_by_asking_for_one(party: Party, line: str) -> None:  # C2
    party.connects("eve")
    party.says("eve", line)
    party.sees("eve", "! That needs a name, and you have none yet.", ASK_AGAIN)
    party.sees_nothing("ann", "bob")


@pytest.mark.parametrize("line", ["/quit", "/disconnect", "\x04"])
def test_who_has_no_name_may_leave(party: Party, eve: str, line: str) -> None:  # C6
    party.says(eve, line)
    party.sees(eve, "Goodbye.")
    assert party.is_gone(eve)
    party.sees_nothing("ann", "bob")


# --- talking -----------------------------------------------------------------------------------------------------


def test_a_line_reaches_everyone_else_with_its_sender_s_name(party: Party) -> None:  # A11, A12
    party.says("ann", "hi")
    party.sees("bob", "ann: hi")
    party.sees_nothing("ann")


@pytest.mark.parametrize(
    "line", ["/all hello everyone", "/ALL hello everyone", "hello everyone", "/all  hello everyone "]
)
def test_all_is_what_a_line_without_a_slash_is(party: Party, line: str) -> None:  # A10, A16, C10
    party.says("ann", line)
    party.sees("bob", "ann: hello everyone")


def test_a_message_is_trimmed_and_cleaned(party: Party) -> None:  # A9
    party.says("ann", " \t \x1b[31mred\x07\u202e and\tsafe\u2066 \x9b ")
    party.sees("bob", "ann: [31mred and safe")


@for_each(["", "   ", "\t", "\x00\x1b\x7f", "\u200f\u202e"], anew=new_party)
def test_if_nothing_is_left_nothing_is_sent(party: Party, line: str) -> None:  # A9
    party.says("ann", line)
    party.sees_nothing("bob")


def test_a_name_is_cleaned_before_it_is_looked_at(party: Party, eve: str) -> None:
    party.says(eve, "\x1b\u202e eve \x07")
    assert party.room() == ("ann", "bob", "eve")


HOSTILE = "\x1b]0;x\x07\x9b2J\u202egnp\u2066\x7f"


WAYS_IN = ["{}", "/all {}", "/w ann {}", "/w {} hi", "/nick {}", "/help {}", "/{}", "/users {}"]


@for_each(product(["bob", "eve"], WAYS_IN), anew=new_party)
def test_hostile_text_comes_out_harmless_wherever_it_goes_in(party: Party, speaker: str, line: str) -> None:
    party.connects("eve")
    party.says(speaker, line.format(HOSTILE))
    everything = [*party.told("ann"), *party.told("bob"), *party.told("eve"), *party.log]
    assert everything
    assert not [c for text in everything for c in text if unicodedata.category(c) in ("Cc", "Cf")]


def test_a_line_that_is_not_utf_8_is_dropped_and_its_sender_told(party: Party) -> None:
    party.sends("ann", b"caf\xe9\r\nhi\r\n")
    party.sees("ann", f"! {ErrorCode.BAD_ENCODING.phrase}")
    party.sees("bob", "ann: hi")


# --- commands ----------------------------------------------------------------------------------------------------


def test_ping_is_answered_to_the_sender_only(party: Party) -> None:  # A13
    party.says("ann", "/ping")
    party.sees("ann", "pong")
    party.sees_nothing("bob")


@pytest.mark.parametrize("command", ["/users", "/allusers", "/who"])
def test_users_lists_the_names_and_their_count(party: Party, eve: str, command: str) -> None:  # A14, C8
    party.says("bob", command)
    party.sees("bob", "Connected users: 2", "ann, bob")
    party.sees_nothing("ann")


@pytest.mark.parametrize("command", ["/help", "/cmd"])
def test_help_explains_every_command_with_its_parameters(party: Party, command: str) -> None:  # A15, C7
    party.says("ann", command)
    told = party.told("ann")
    assert max(map(len, told[:-1])) <= 78  # the last one is wrapped, too, which `told` undoes
    usable = [row for row in PUBLIC_COMMANDS if not row.is_the_clients]
    assert [line.split("  ")[0] for line in told if line.startswith("/")] == [row.usage for row in usable]
    explained, clients = " ".join(" ".join(told).split()).split("Only in a browser and in the client for terminals: ")
    assert all(row.help in explained for row in usable)
    assert clients == ", ".join(row.usage for row in PUBLIC_COMMANDS if row.is_the_clients and not row.for_terminals)


@pytest.mark.parametrize("topic", ["whisper", "/whisper", "private", "W"])
def test_help_explains_the_one_command_that_is_named(party: Party, topic: str) -> None:  # A15
    party.says("ann", f"/help {topic}")
    explained, example = (
        "Say MESSAGE to USER only. Also /private, /msg, /w.",
        "For example: /whisper ann see you at noon",
    )
    party.sees("ann", f"/whisper USER MESSAGE  {explained}", " " * 23 + example)


def test_help_on_what_is_no_command_names_the_nearest(party: Party) -> None:  # A15, A22
    party.says("ann", "/help wisper")
    party.sees("ann", "! /wisper is not recognised. Did you mean /whisper?")


@pytest.mark.parametrize("command", ["/whisper", "/private", "/msg", "/w"])
def test_a_whisper_is_seen_by_its_addressee_only_all_words_kept(party: Party, command: str) -> None:  # A17, C9
    party.joins("carl")
    party.says("ann", f"{command} BOB hi how  r u")
    party.sees("bob", "ann whispers: hi how  r u")
    party.sees("ann", "* Whispered to bob.")  # D14
    party.sees_nothing("carl")


def test_a_whisper_to_oneself_arrives_once(party: Party) -> None:
    party.says("ann", "/w ann note to self")
    party.sees("ann", "ann whispers: note to self")


def test_a_whisper_to_nobody_is_told_to_its_sender_only(party: Party, eve: str) -> None:  # A18
    party.says("ann", "/whisper eve are you there")
    party.sees("ann", "! eve is not connected. /users shows who is.")
    party.sees_nothing("bob", eve)


def test_reply_works_elsewhere_and_names_whisper(party: Party) -> None:  # A21
    party.says("bob", "/w ann psst")
    party.looks_away()
    party.says("ann", "/reply what")
    party.sees("ann", "! /reply works only in a browser and in the client for terminals. Here: /whisper USER MESSAGE")
    party.sees_nothing("bob")


@for_each(
    [
        ("/whisper", "USER is missing. Usage: /whisper USER MESSAGE"),
        ("/whisper bob", "MESSAGE is missing. Usage: /whisper USER MESSAGE"),
        ("/w bob \x1b", "MESSAGE is missing. Usage: /w USER MESSAGE"),
        ("/private bob", "MESSAGE is missing. Usage: /private USER MESSAGE"),
        ("/setname", "NAME is missing. Usage: /setname NAME"),
        ("/all", "MESSAGE is missing. Usage: /all MESSAGE"),
        ("/nick", "NAME is missing. Usage: /nick NAME"),
        ("/nick an na", "NAME is one word. Usage: /nick NAME"),
        ("/users please", "It takes no parameters. Usage: /users"),
        ("/help me please", "COMMAND is one word. Usage: /help [COMMAND]"),
        ("/wisper bob hi", "/wisper is not recognised. Did you mean /whisper?"),
        ("/xyzzy", "/xyzzy is not recognised. /help lists the commands."),
        ("/", "/ is not recognised. /help lists the commands."),
        ("/join bob", "/join is not recognised. Did you mean /nick?"),
        ("/leave", "/leave is not recognised. Did you mean /quit?"),
        ("/list", "/list is not recognised. Did you mean /users?"),
        ("/pm bob hi", "/pm is not recognised. Did you mean /whisper?"),
    ],
    anew=new_party,
)
def test_what_is_wrong_is_told_to_the_sender_only(party: Party, line: str, why: str) -> None:  # A22, D14
    party.says("ann", line)
    party.sees("ann", f"! {why}")
    party.sees_nothing("bob")


# --- another name ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["/nick", "/setname"])
def test_everybody_is_told_of_a_new_name(party: Party, command: str) -> None:
    party.says("ann", f"{command} carl")
    party.sees("ann", "* ann is now carl")
    party.sees("bob", "* ann is now carl")
    party.says("ann", "hi")
    party.sees("bob", "carl: hi")


@for_each(["bob", "BOB", "admin", "-4ever", "a.b"], anew=new_party)
def test_a_name_that_cannot_be_had_leaves_the_old_one(party: Party, name: str) -> None:
    party.says("ann", f"/nick {name}")
    assert party.told("ann")[0].startswith(f"! {name} ")
    assert party.room() == ("ann", "bob")
    party.sees_nothing("bob")


def test_the_old_name_is_free_at_once_also_in_the_same_turn(party: Party, eve: str) -> None:
    with party.turn():
        party.says("ann", "/nick carl")
        party.says(eve, "ann")
    assert party.room() == ("carl", "bob", "ann")


def test_one_s_own_name_may_be_had_in_another_case(party: Party) -> None:
    party.says("ann", "/nick Ann")
    party.sees("bob", "* ann is now Ann")
    assert party.room() == ("Ann", "bob")


# --- leaving -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["/disconnect", "/quit", "/QUIT", "\x04"])
def test_leaving_is_answered_and_told_to_the_others(party: Party, line: str) -> None:  # A23, C12
    party.says("ann", line)
    party.sees("ann", "Goodbye.")
    assert party.is_gone("ann")
    party.sees("bob", "* ann has left (goodbye). Users here: 1")


@pytest.mark.parametrize("reason", ["connection closed", "connection lost"])
def test_an_abrupt_end_is_told_to_the_others_without_a_goodbye(party: Party, reason: str) -> None:  # A23, C12
    party.leaves("ann", reason)
    party.sees_nothing("ann")
    assert party.is_gone("ann")
    party.sees("bob", f"* ann has left ({reason}). Users here: 1")


def test_telnet_s_end_of_file_command_is_a_goodbye(party: Party) -> None:  # C12
    party.sends("ann", b"\xff\xec")
    party.sees("ann", "Goodbye.")


def test_what_was_typed_before_the_end_is_still_served(party: Party) -> None:
    with party.turn():
        party.says("ann", "hi", "/users")
        party.leaves("ann")
    party.sees("ann", "Connected users: 2", "ann, bob")
    party.sees("bob", "ann: hi", "* ann has left (connection closed). Users here: 1")


def test_the_name_of_who_left_is_free_at_once_also_in_the_same_turn(party: Party, eve: str) -> None:  # A23
    with party.turn():
        party.says("ann", "/quit")
        party.says(eve, "ann")
    party.sees(eve, WELCOME.format("ann"), "* Users here: 2")
    party.sees("bob", "* ann has left (goodbye). Users here: 1", "* ann has connected. Users here: 2")


def test_nothing_after_a_goodbye_counts(party: Party) -> None:
    party.says("ann", "/quit", "still here", "/nick carl")
    party.says("ann", "and again")
    party.sees("ann", "Goodbye.")
    party.sees("bob", "* ann has left (goodbye). Users here: 1")
    assert party.room() == ("bob",)
