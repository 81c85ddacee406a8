"""protocol/commands.py: the ONE table of commands, the words that are reserved by it, and how parameters are split."""

from __future__ import annotations

from dataclasses import fields

import pytest

from protocol.commands import (
    _ELSEWHERE,
    BY_REQUEST,
    BY_VERB,
    BY_WORD,
    COMMANDS,
    SLASH_COMMANDS,
    Command,
    Parameter,
    arguments,
    find,
)
from protocol.errors import ErrorCode, ProtocolError
from protocol.events import CommandHelp
from tests.support.rows import for_each
from tests.support.strategies import unsafe_in

WORDS = [word for command in COMMANDS for word in (command.name, *command.aliases)]
VERBS = ["JOIN", "LIST", "MESG", "BCST", "QUIT"]
ALIASES_OF_THE_FIVE_SYSTEMS = {
    "all": "all",  # A16, C10
    "whisper": "whisper",  # A17
    "private": "whisper",  # C9
    "msg": "whisper",
    "w": "whisper",
    "reply": "reply",  # A19
    "r": "reply",
    "me": "me",
    "away": "away",
    "back": "back",
    "users": "users",  # A14
    "allusers": "users",  # C8
    "who": "users",
    "nick": "nick",
    "setname": "nick",  # C3
    "register": "register",  # D11
    "passwd": "passwd",
    "unregister": "unregister",
    "ping": "ping",  # A13
    "help": "help",  # A15
    "cmd": "help",  # C7
    "history": "history",
    "search": "search",
    "seen": "seen",
    "kick": "kick",  # M2
    "ban": "ban",  # M3
    "unban": "unban",
    "bans": "bans",
    "lockdown": "lockdown",  # M6
    "mute": "mute",  # M4
    "unmute": "unmute",
    "announce": "announce",  # M5
    "op": "op",  # M1
    "deop": "deop",
    "ignore": "ignore",
    "unignore": "unignore",
    "set": "set",
    "clear": "clear",
    "log": "log",  # U5
    "reconnect": "reconnect",
    "disconnect": "disconnect",  # A23
    "quit": "disconnect",  # C11
}


def refused(word: str) -> ProtocolError:
    with pytest.raises(ProtocolError) as caught:
        find(word)
    assert caught.value.fault is ErrorCode.UNKNOWN_COMMAND
    return caught.value


# --- the table ---------------------------------------------------------------------------------------------------


def test_every_word_means_one_command() -> None:
    assert len(set(WORDS)) == len(WORDS)
    assert {word: command.name for word, command in BY_WORD.items()} == ALIASES_OF_THE_FIVE_SYSTEMS


def test_the_verbs_are_those_of_the_verb_system() -> None:  # E1
    assert sorted(str(verb) for verb in BY_VERB) == sorted(VERBS)


def test_every_request_that_is_built_belongs_to_one_command() -> None:
    assert [BY_REQUEST[command.build] for command in COMMANDS] == list(COMMANDS)


@for_each(COMMANDS)
def test_a_row_can_be_explained_and_used(command: Command) -> None:  # A15, C7
    assert command.help[0].isupper()
    assert command.help.endswith(".")
    assert command.usage.split() == [f"/{command.name}", *map(str, command.parameters)]
    assert all(word.isascii() and word.islower() for word in (command.name, *command.aliases))
    assert command.slash or command.verb
    assert command.described() == CommandHelp(command.name, command.aliases, command.usage, command.help)


def test_only_the_last_parameter_may_be_text() -> None:
    earlier = [(command.name, parameter) for command in COMMANDS for parameter in command.parameters[:-1]]
    assert [(name, parameter) for name, parameter in earlier if parameter.is_text] == []


def test_what_follows_a_parameter_that_may_be_left_out_may_be_left_out_too() -> None:
    for command in COMMANDS:
        optional = [parameter.optional for parameter in command.parameters]
        assert optional == sorted(optional), command.name


def test_a_request_takes_its_parameters_and_then_the_number_of_its_line() -> None:
    for command in COMMANDS:
        taken = [field.name for field in fields(command.build)]  # type: ignore[arg-type]
        assert taken[len(command.parameters)] == "cseq", command.name


def test_usage_shows_what_may_be_left_out() -> None:
    assert find("whisper").usage == "/whisper USER MESSAGE"
    assert find("help").usage == "/help [COMMAND]"
    assert find("users").usage == "/users"
    assert BY_VERB["MESG"].verb_usage == "MESG USER MESSAGE"
    assert BY_VERB["JOIN"].verb_usage == "JOIN NAME [PASSWORD]"
    assert find("ping").verb_usage == ""


def test_usage_is_told_in_the_word_that_was_typed() -> None:
    assert find("private").usage_as("/PRIVATE") == find("private").usage_as("private") == "/private USER MESSAGE"


def test_to_take_a_name_and_to_leave_are_all_that_is_done_without_one() -> None:  # A3, C2, C6, E3, E15
    assert {command.name for command in COMMANDS if not command.needs_name} == {"nick", "join", "disconnect"}


def test_joining_is_for_verb_sessions_only() -> None:
    assert [command.name for command in COMMANDS if command not in SLASH_COMMANDS] == ["join"]
    assert "join" not in BY_WORD


# --- finding a command -------------------------------------------------------------------------------------------


@for_each(ALIASES_OF_THE_FIVE_SYSTEMS.items())
def test_a_command_is_found_by_each_of_its_words_in_any_case(word: str, name: str) -> None:
    for spelling in (word, word.upper(), word.title(), f"/{word}", f"/{word.upper()}"):
        assert find(spelling).name == name


@for_each(
    [
        ("/wisper", "Did you mean /whisper?"),
        ("/usres", "Did you mean /users?"),
        ("/HELPP", "Did you mean /help?"),
        ("/discon", "Did you mean /disconnect?"),
        ("/pin", "Did you mean /ping?"),
        ("/disconnect" + "t" * 4000, "Did you mean /disconnect?"),  # 20 characters are looked at, which is soon done
        ("/leave", "Did you mean /quit?"),
        ("/EXIT", "Did you mean /quit?"),
        ("/bye", "Did you mean /quit?"),
        ("/list", "Did you mean /users?"),
        ("/pm", "Did you mean /whisper?"),
        ("/join", "Did you mean /nick?"),
        ("/?", "Did you mean /help?"),
        ("/xyzzy", "/help lists the commands."),
        ("/", "/help lists the commands."),
        ("//", "/help lists the commands."),
    ]
)
def test_an_unknown_command_is_told_the_nearest(word: str, hint: str) -> None:  # A22
    assert refused(word).details["hint"] == hint


def test_what_is_typed_elsewhere_is_no_command_here_and_stands_for_one() -> None:  # A22
    assert not set(_ELSEWHERE) & set(BY_WORD)
    assert set(_ELSEWHERE.values()) <= set(BY_WORD)


def test_an_unknown_command_is_named() -> None:  # A22, D14
    assert str(refused("/wisper")) == "/wisper is not recognised. Did you mean /whisper?"


@for_each(["/" + "x" * 4095, "/\x1b[2J", "/{}", "/{word}", "/\ud800", "/\N{SNOWMAN}", "/İ"])
def test_a_hostile_word_is_quoted_short_and_clean(word: str) -> None:
    text = str(refused(word))
    assert len(text) < 100
    assert not unsafe_in(text)


# --- parameters --------------------------------------------------------------------------------------------------

WORD, TEXT = Parameter("WORD"), Parameter("TEXT", is_text=True)
MAYBE_WORD, MAYBE_TEXT = Parameter("WORD", optional=True), Parameter("TEXT", is_text=True, optional=True)


def test_a_command_that_ignores_the_rest_has_no_parameters() -> None:
    ignoring = [command for command in COMMANDS if command.ignores_rest]
    assert [command.name for command in ignoring] == ["disconnect"]
    assert arguments(ignoring[0], "now, please", "the usage") == []
    assert all(command.parameters == () for command in ignoring)


def command_of(*parameters: Parameter) -> Command:
    return Command("try", parameters, find("ping").build, "Try.")


@for_each(
    [
        ((), "", []),
        ((WORD,), "bob", ["bob"]),
        ((TEXT,), "all  words are kept", ["all  words are kept"]),
        ((WORD, TEXT), "john hi how r u", ["john", "hi how r u"]),  # C9
        ((WORD, TEXT), "john   hi  there", ["john", "hi  there"]),
        ((WORD, WORD, TEXT), "a b c d", ["a", "b", "c d"]),
        ((MAYBE_WORD,), "", []),
        ((MAYBE_WORD,), "whisper", ["whisper"]),
        ((WORD, MAYBE_TEXT), "ann", ["ann"]),
        ((WORD, MAYBE_TEXT), "ann pass word", ["ann", "pass word"]),
    ]
)
def test_parameters_are_split_and_the_last_takes_the_rest(
    parameters: tuple[Parameter, ...], rest: str, values: list[str]
) -> None:
    assert arguments(command_of(*parameters), rest, "the usage") == values


@for_each(
    [
        ((WORD,), "", "WORD is missing"),
        ((TEXT,), "", "TEXT is missing"),
        ((WORD, TEXT), "", "WORD is missing"),
        ((WORD, TEXT), "bob", "TEXT is missing"),
        ((WORD, WORD), "one", "WORD is missing"),
        ((WORD, MAYBE_TEXT), "", "WORD is missing"),
        ((), "anything", "It takes no parameters"),
        ((WORD,), "two words", "WORD is one word"),
        ((MAYBE_WORD,), "two words", "WORD is one word"),
    ]
)
def test_wrong_parameters_are_told_why_and_the_usage(  # A22, D14
    parameters: tuple[Parameter, ...], rest: str, why: str
) -> None:
    with pytest.raises(ProtocolError) as caught:
        arguments(command_of(*parameters), rest, "/try THIS")
    assert caught.value.fault is ErrorCode.USAGE
    assert str(caught.value) == f"{why}. Usage: /try THIS"
