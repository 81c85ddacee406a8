"""What Tab offers: commands from the one table, and the names of users that were seen. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from protocol import commands
from protocol.commands import BY_WORD, Parameter
from protocol.text import key_of


@dataclass(frozen=True, slots=True)
class Candidate:
    """A word to put in the place of the one being typed, and what it means."""

    word: str
    meaning: str = ""


def last_word(text: str) -> str:
    """Return the word being typed, at the end of `text`; it may be empty."""
    return text.rpartition(" ")[2]


def candidates(text: str, users: Iterable[str]) -> list[Candidate]:
    """Return what the last word of `text`, a line up to the cursor, may become."""
    word = key_of(last_word(text))
    if text.startswith("/") and " " not in text:
        offered = _commands("/")
    elif _parameter_at(text) is commands.COMMAND:
        offered = _commands("")
    else:
        offered = [Candidate(name) for name in sorted(users, key=key_of)]
    return [candidate for candidate in offered if key_of(candidate.word).startswith(word)]


def _commands(prefix: str) -> list[Candidate]:
    return [Candidate(prefix + word, command.help) for word, command in BY_WORD.items()]


def _parameter_at(text: str) -> Parameter | None:
    """Return the parameter that the last word of `text` is; None where it is none, or not the first."""
    first, *more = text.split(" ")
    command = BY_WORD.get(first[1:].lower()) if first.startswith("/") else None
    return command.parameters[0] if command is not None and command.parameters and len(more) == 1 else None
