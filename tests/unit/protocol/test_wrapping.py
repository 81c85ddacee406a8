"""protocol/wrapping.py: no row of a line begins at the left edge but its first (M9)."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.sanitize import clean, is_mark
from protocol.wrapping import INDENT, columns, wrap
from tests.support.strategies import clean_texts


def rows_of(line: str) -> list[str]:
    return wrap(line).split("\r\n")


def test_what_fits_is_left_as_it_is() -> None:
    assert wrap("ann: " + "x" * 73) == "ann: " + "x" * 73
    assert wrap("") == ""


def test_a_long_line_is_parted_between_words() -> None:  # M9
    assert rows_of("ann: " + "word " * 15 + "* bob has left") == [
        "ann: word word word word word word word word word word word word word word",
        "  word * bob has left",
    ]


def test_a_long_word_is_cut() -> None:  # M9
    assert rows_of("ann: " + "x" * 73 + "bob:hi" + "y" * 80) == [
        f"ann: {'x' * 73}",
        f"  bob:hi{'y' * 70}",
        f"  {'y' * 10}",
    ]


def test_blanks_between_words_move_nothing_to_the_edge() -> None:  # M9
    assert rows_of("ann: " + "x" * 70 + " " * 8 + "bob: hi") == ["ann: " + "x" * 70, "  bob: hi"]


def test_wide_characters_take_two_columns() -> None:  # M9
    assert rows_of("ann: " + "\u6f22" * 40) == ["ann: " + "\u6f22" * 36, "  " + "\u6f22" * 4]
    assert all(columns(row) <= 78 for row in rows_of("\U0001f600" * 200))


def test_no_character_is_parted_from_its_marks() -> None:
    assert not any(is_mark(row[2]) for row in rows_of("x" + "e\u0301\u0302" * 100)[1:])


def test_every_wide_character_of_unicode_is_counted_as_wide() -> None:
    wide = {c for c in map(chr, range(sys.maxunicode)) if unicodedata.east_asian_width(c) in "WF"}
    assigned = {c for c in wide if unicodedata.category(c) not in ("Cn", "Co")}
    assert {c for c in assigned if columns(c) < 2 and clean(c)} == set()


@pytest.mark.property
@given(st.lists(clean_texts | st.text("x \u6f22e\u0301*!:", max_size=90), max_size=8).map(" ".join).map(clean))
def test_all_of_it_is_there_and_only_the_first_row_begins_at_the_edge(text: str) -> None:  # M9
    line = f"ann: {text}"
    first, *rest = rows_of(line)
    assert all(row.startswith(INDENT) and not row.startswith(f"{INDENT} ") for row in rest)
    assert all(columns(row) <= 78 for row in (first, *rest))
    assert "".join("".join((first, *rest)).split()) == "".join(line.split())
