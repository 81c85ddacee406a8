"""Every command line in any document is run by a test, or cannot be, for a reason (tests/support/command_lines.py)."""

from __future__ import annotations

import importlib.util
import re

import pytest

from tests.support import command_lines as tables
from tests.support.documents import ROOT, blocks, command_lines, commands_in, documents, text_of

TABLES = (
    tables.SERVES,
    tables.USES_SERVER,
    tables.USES_STORE,
    tables.ENDS,
    tables.TRIED_BY,
    tables.MACHINE_OF_ITS_OWN,
)
KNOWN = [line for table in TABLES for line in table]
WRITTEN = command_lines()
_PROGRAMS = re.compile(r"^(?:\$ |sudo )*(?:make|python3?|\.venv/bin/python|chat|chat-server|pipx?|uv|openssl|curl) ")


def test_every_command_line_in_a_document_is_known() -> None:
    unknown = [line for line in WRITTEN if line.text not in KNOWN and not tables.TOOL.fullmatch(line.text)]
    assert unknown == []


def test_every_command_line_that_is_known_stands_in_a_document_and_in_one_table() -> None:
    assert sorted(KNOWN) == sorted(set(KNOWN))
    assert set(KNOWN) - {line.text for line in WRITTEN} == set()


@pytest.mark.parametrize("path", sorted(set(tables.TRIED_BY.values())))
def test_what_tries_others_exists(path: str) -> None:
    assert (ROOT / path).exists()
    if not path.endswith(".py"):
        for line in (line for line, file in tables.TRIED_BY.items() if file == path):
            assert line in text_of(path)


def test_every_tool_that_is_named_exists() -> None:
    modules = {found[1] for line in WRITTEN if (found := tables.TOOL.fullmatch(line.text))}
    assert modules
    assert {module for module in modules if importlib.util.find_spec(module) is None} == set()


@pytest.mark.parametrize("document", documents())
def test_no_command_line_hides_in_a_block_of_another_language(document: str) -> None:
    text = text_of(document)
    others = re.findall(r"^```(?!sh$)\w+\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert [line for block in others for line in block.splitlines() if _PROGRAMS.match(line)] == []


@pytest.mark.parametrize(
    ("page", "lines"),
    [
        pytest.param("Run\n\n    make a  # why\n    make b\n\nor not.\n", ["make a", "make b"], id="indented"),
        pytest.param("```sh\nmake a \\\n  b\n```\n", ["make a b"], id="fenced, over two lines"),
        pytest.param("```\n$ make a\nit says\n$ make b\n```\n", ["make a", "make b"], id="a transcript"),
        pytest.param("```toml\nmake = 1\n```\n", [], id="another language"),
        pytest.param("1. one\n    make a\n", [], id="text that goes on in a list"),
    ],
)
def test_command_lines_are_found(page: str, lines: list[str]) -> None:
    assert [line for block in blocks(page) for line in commands_in(block)] == lines
