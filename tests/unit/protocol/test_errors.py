"""protocol/errors.py: the ONE table of errors, and the details that each use of a row has to give."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from protocol.errors import ErrorCode, ProtocolError

ROOT = Path(__file__).parents[3]
SOURCES = [
    path
    for path in sorted(ROOT.rglob("*.py"))
    if path.relative_to(ROOT).parts[0] not in ("tests", "tools", ".venv", "build")
]

NUMBERS = {"length", "limit", "seconds", "least", "most", "ours", "theirs"}
WORDS = {"name", "other", "instead", "what", "type", "word", "hint", "why", "usage", "line", "address", "before"}


def placeholders(fault: ErrorCode) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(fault.phrase) if name is not None}


def uses(path: Path) -> Iterator[tuple[int, ErrorCode, set[str]]]:
    """Yield where in `path` a row is raised or told with details: its line, the row, the details given."""
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(call, ast.Call):
            continue
        for part in (node for argument in call.args for node in branches(argument)):
            if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "ErrorCode":
                yield call.lineno, ErrorCode[part.attr], {str(keyword.arg) for keyword in call.keywords}


def branches(argument: ast.expr) -> list[ast.expr]:
    return [argument.body, argument.orelse] if isinstance(argument, ast.IfExp) else [argument]


USES = [(f"{path.relative_to(ROOT)}:{line}", fault, given) for path in SOURCES for line, fault, given in uses(path)]

# --- the table ---------------------------------------------------------------------------------------------------


def test_every_row_has_a_number_and_a_code_of_its_own() -> None:
    rows = ErrorCode.__members__.values()
    assert len({fault.number for fault in rows}) == len({fault.code for fault in rows}) == len(rows)


@pytest.mark.parametrize("fault", ErrorCode)
def test_a_row_is_well_formed(fault: ErrorCode) -> None:
    assert fault.number // 100 in range(1, 7)
    assert fault.code == fault.name.lower().replace("_", "-")
    assert fault.phrase[0] in "/{" or fault.phrase[0].isupper()
    assert fault.phrase.isascii()
    assert fault.phrase.isprintable()


@pytest.mark.parametrize("fault", ErrorCode)
def test_a_phrase_asks_for_details_that_are_known(fault: ErrorCode) -> None:
    assert placeholders(fault) <= NUMBERS | WORDS


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


@pytest.mark.parametrize("hostile", ["{}", "{0}", "{usage}", "{why.__class__}", "{", "}", "%(why)s"])
def test_braces_in_details_are_only_braces(hostile: str) -> None:
    assert str(ProtocolError(ErrorCode.USAGE, why=hostile, usage=hostile)) == f"{hostile}. Usage: {hostile}"


# --- the uses of the table ---------------------------------------------------------------------------------------


def test_every_use_of_a_row_gives_the_details_that_its_phrase_needs() -> None:  # D14
    assert USES != []
    assert [(where, fault) for where, fault, given in USES if not placeholders(fault) <= given] == []


def test_no_row_is_without_use() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in SOURCES if path.name != "errors.py")
    assert [fault.name for fault in ErrorCode if f"ErrorCode.{fault.name}" not in text] == []
