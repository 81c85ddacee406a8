"""What Tab offers, and the hint behind the cursor: from the one table of commands and the names of users here. Pure.

A candidate is whole: it ends in the space that follows a word, or in ": " where the line addresses a user. A command is
offered once, under its name if that begins like what was typed, else under an alias that does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from client.core.help_list import summary
from client.core.settings import CHOICES, MEANINGS
from protocol import commands, requests
from protocol.commands import BY_REQUEST, BY_WORD, PUBLIC_COMMANDS, SLASH_COMMANDS, Command, Parameter
from protocol.text import key_of

_SETTING_IN = re.compile(r"/set (\w+) \w*$")
_REPLY, _WHISPER = BY_REQUEST[requests.Reply], BY_REQUEST[requests.Whisper]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A word to put in the place of the one being typed, and what it means."""

    word: str
    meaning: str = ""


def last_word(text: str) -> str:
    """Return the word being typed, at the end of `text`; it may be empty."""
    return text.rpartition(" ")[2]


def candidates(text: str, names: Iterable[str], whisperer: str = "", is_operator: bool = False) -> list[Candidate]:
    """Return what the last word of `text`, a line up to the cursor, may become, the likeliest first.

    `names` are those of the others, who spoke last first; `whisperer` is the name that a reply would go to. Commands
    for operators are offered to operators alone.
    """
    if whisperer and BY_WORD.get(text[1:].lower()) is _REPLY and text.startswith("/"):
        return [Candidate(f"/{_WHISPER.name} {whisperer} ", _WHISPER.help)]
    word = key_of(last_word(text))
    return [candidate for candidate in _offered(text, names, is_operator) if key_of(candidate.word).startswith(word)]


def _offered(text: str, names: Iterable[str], is_operator: bool) -> list[Candidate]:
    if " " not in text:
        return _commands(text, is_operator) if text.startswith("/") else [Candidate(f"{name}: ") for name in names]
    parameter = _parameter_at(text)
    if parameter is commands.COMMAND:
        return _commands(last_word(text), is_operator)
    if parameter is commands.SETTING:
        return [Candidate(f"{name} ", MEANINGS[name]) for name in CHOICES]
    setting = _SETTING_IN.match(text)
    if setting is not None:
        return [Candidate(value) for value in CHOICES.get(setting[1], ())]
    return [Candidate(f"{name} ") for name in names]


def _commands(typed: str, is_operator: bool) -> list[Candidate]:
    """Return the commands that begin like `typed`, which may have its slash or not."""
    slash, begun = "/" if typed.startswith("/") else "", typed.removeprefix("/").lower()
    found = ((_spelled(command, begun), command) for command in _rows(is_operator))
    return [Candidate(f"{slash}{word} ", summary(command.help)) for word, command in found if word]


def _rows(is_operator: bool) -> tuple[Command, ...]:
    return SLASH_COMMANDS if is_operator else PUBLIC_COMMANDS


def _spelled(command: Command, begun: str) -> str:
    """Return the first word of `command` that begins like that; "" if none does."""
    return next((word for word in (command.name, *command.aliases) if word.startswith(begun)), "")


def _parameter_at(text: str) -> Parameter | None:
    """Return the parameter that the last word of `text` is; None where it is none, or not the first."""
    first, *more = text.split(" ")
    command = BY_WORD.get(first[1:].lower()) if first.startswith("/") else None
    return command.parameters[0] if command is not None and command.parameters and len(more) == 1 else None


def hint(text: str, is_operator: bool = False) -> str:
    """Return what may follow `text`, a whole line, such as the parameters of its command; "" for nothing."""
    word, space, rest = text.partition(" ")
    if not word.startswith("/") or len(word) < 2:
        return ""
    command = BY_WORD.get(word[1:].lower())
    if command is not None and (is_operator or not command.for_operators):
        return _missing_parameters(command, rest) if space else f" {_missing_parameters(command, '')}".rstrip()
    begun = [row for row in _rows(is_operator) if row.name.startswith(word[1:].lower())]
    return "" if space or len(begun) != 1 else begun[0].usage[len(word) :]


def _missing_parameters(command: Command, rest: str) -> str:
    """Return the parameters of `command` for which there is no word in `rest`, the text behind the command's name."""
    missing = [str(parameter) for parameter in command.parameters[len(rest.split()) :]]
    before = " " if missing and rest and not rest.endswith(" ") else ""
    return before + " ".join(missing)
