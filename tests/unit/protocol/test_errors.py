"""protocol/errors.py: the ONE table of errors."""

from __future__ import annotations

from string import Formatter

import pytest

from protocol.errors import ErrorCode, ProtocolError
from tests.support.rows import for_each

NUMBERS = {"length", "limit", "seconds", "least", "most", "ours", "theirs"}
WORDS = {"name", "other", "instead", "what", "type", "word", "hint", "why", "usage", "line", "address", "before"}
WORDS |= {"left", "reason", "done", "where"}


def placeholders(fault: ErrorCode) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(fault.phrase) if name is not None}


# --- the table ---------------------------------------------------------------------------------------------------


def test_every_row_has_a_number_and_a_code_of_its_own() -> None:
    rows = ErrorCode.__members__.values()
    assert len({fault.number for fault in rows}) == len({fault.code for fault in rows}) == len(rows)


def is_well_formed(fault: ErrorCode) -> bool:
    return (
        fault.number // 100 in range(1, 9)
        and fault.code == fault.name.lower().replace("_", "-")
        and (fault.phrase[0] in "/{" or fault.phrase[0].isupper())
        and fault.phrase.isascii()
        and fault.phrase.isprintable()
    )


def test_every_row_is_well_formed() -> None:
    assert [fault for fault in ErrorCode if not is_well_formed(fault)] == []


def test_every_phrase_asks_for_details_that_are_known() -> None:
    assert [(fault, placeholders(fault)) for fault in ErrorCode if not placeholders(fault) <= NUMBERS | WORDS] == []


@pytest.mark.parametrize(
    ("fault", "phrase"),
    [
        (ErrorCode.TOO_MANY_USERS, "Too Many Users"),  # E5
        (ErrorCode.NOT_NAMED, "Unregistered User"),  # E8, E10, E13, E17
        (ErrorCode.NOT_CONNECTED, "Unknown Recipient"),  # E11
        (ErrorCode.UNKNOWN_COMMAND, "Unknown Message"),  # E16
    ],
)
def test_verb_users_read_the_words_of_their_system(fault: ErrorCode, phrase: str) -> None:
    assert fault.verbs == phrase


def test_words_for_verb_users_have_nothing_to_fill_in() -> None:
    assert not [fault for fault in ErrorCode if "{" in fault.verbs]


# --- the exception -----------------------------------------------------------------------------------------------


def test_an_error_is_its_row_its_details_and_its_phrase() -> None:
    error = ProtocolError(ErrorCode.USAGE, why="USER is missing", usage="/whisper USER MESSAGE")
    assert error.fault is ErrorCode.USAGE
    assert error.details == {"why": "USER is missing", "usage": "/whisper USER MESSAGE"}
    assert str(error) == "USER is missing. Usage: /whisper USER MESSAGE"
    assert not error.fatal


def test_an_error_is_fatal_when_it_is_said_to_be() -> None:
    assert ProtocolError(ErrorCode.NOT_CHAT, fatal=True, what="HTTP").fatal


@for_each(["{}", "{0}", "{usage}", "{why.__class__}", "{", "}", "%(why)s"])
def test_braces_in_details_are_only_braces(hostile: str) -> None:
    assert str(ProtocolError(ErrorCode.USAGE, why=hostile, usage=hostile)) == f"{hostile}. Usage: {hostile}"
