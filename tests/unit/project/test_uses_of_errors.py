"""protocol/errors.py in the product's sources: every use of a row gives its details, and every row is used."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

from protocol.errors import ErrorCode

ROOT = Path(__file__).parents[3]
SOURCES = [
    path
    for path in sorted(ROOT.rglob("*.py"))
    if path.relative_to(ROOT).parts[0] not in ("tests", "tools", ".venv", "build")
]


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


def test_every_use_of_a_row_gives_the_details_that_its_phrase_needs() -> None:  # D14
    assert USES != []
    assert [(where, fault) for where, fault, given in USES if not placeholders(fault) <= given] == []


def test_no_row_is_without_use() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in SOURCES if path.name != "errors.py")
    assert [fault.name for fault in ErrorCode if f"ErrorCode.{fault.name}" not in text] == []
