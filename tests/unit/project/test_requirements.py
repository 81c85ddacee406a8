"""docs/requirements.md: every row that code or a test cites exists there, and every row there is cited by a test."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
ROW = re.compile(r"^\| ([A-Z][0-9]+) \|", re.MULTILINE)
CITED = re.compile(r"(?<![\w.-])([A-EM-OT-W][1-9][0-9]?)(?![\w.-])")  # C0 is a set of control characters


def rows() -> set[str]:
    return set(ROW.findall((ROOT / "docs" / "requirements.md").read_text(encoding="utf-8")))


def cited(*folders: str) -> dict[str, str]:
    """Return the rows that comments and docstrings below `folders` cite, and a file that cites each."""
    found = {}
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for line in path.read_text(encoding="utf-8").splitlines():
                if "#" in line or '"""' in line:
                    found.update(dict.fromkeys(CITED.findall(line), str(path.relative_to(ROOT))))
    return found


def test_every_row_that_is_cited_exists() -> None:  # O7
    everywhere = cited("protocol", "chat", "client", "runtime", "storage", "storechat", "tests")
    assert {row: path for row, path in everywhere.items() if row not in rows()} == {}


def test_every_row_is_cited_by_a_test() -> None:
    assert sorted(rows() - cited("tests").keys()) == []
