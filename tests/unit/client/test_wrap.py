"""client.view.wrap: rows with a hanging indent, so that no text stands where a line begins. M9."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.utils import get_cwidth

from client.core.render import Kind, Role, Shown, Span, compose, render_event
from client.view.wrap import INDENT, TINY, wrapped
from protocol.events import HistoryListed, Past, Said
from protocol.sanitize import clean


def rows(text: str, columns: int) -> list[str]:
    return wrapped(compose(Kind.SAID, text), columns, get_cwidth).text.split("\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("short", ["short"]),
        ("x" * 49, ["x" * 49]),
        ("x" * 50, ["x" * 49, "        x"]),
        ("bob: " + "word " * 9 + "last", ["bob: " + "word " * 8 + "word", "        last"]),
        ("a" * 48 + " " + "b" * 41 + "   c", ["a" * 48, "        " + "b" * 41, "        c"]),
        ("bob: " + "y" * 60, ["bob: " + "y" * 44, "        " + "y" * 16]),
        ("a" * 45 + " " * 8 + "b", ["a" * 45, "        b"]),
        ("a" * 60 + "\n" + "b" * 50 + "\n\nc", ["a" * 49, "        " + "a" * 11, "b" * 49, "        b", "", "c"]),
        ("    " + "a" * 50, ["    " + "a" * 45, "        aaaaa"]),
        ("你" * 25, ["你" * 24, "        你"]),
        ("e\u0301" * 50, ["e\u0301" * 49, "        e\u0301"]),
        ("\u2764\ufe0f" * 25, ["\u2764\ufe0f" * 24, "        \u2764\ufe0f"]),
    ],
)
def test_a_line_is_cut_at_blanks_or_where_it_must_be(text: str, expected: list[str]) -> None:
    assert rows(text, 50) == expected


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (11, ["aaaa bbbb", "  cccccccc", "  cc"]),
        (9, ["aaaa", "bbbb ccc", "ccccccc"]),
        (2, [*"aaaa", *"bbbb", *"cccccccccc"]),
        (1, [*"aaaa", *"bbbb", *"cccccccccc"]),
    ],
)
def test_narrow_screens_have_less_of_an_indent(columns: int, expected: list[str]) -> None:
    assert rows("aaaa bbbb cccccccccc", columns) == expected


def test_spans_keep_their_roles() -> None:
    shown = wrapped(compose(Kind.SAID, Span("ann", Role.NAME), ": 12345 ", Span("bob", Role.MENTION), " x"), 12, len)
    assert [(span.text, span.role) for span in shown.spans] == [
        ("ann", Role.NAME),
        (": 12345\n  ", Role.TEXT),
        ("bob", Role.MENTION),
        (" x", Role.TEXT),
    ]


def test_blanks_over_the_border_of_spans_are_left_out_in_both() -> None:
    shown = wrapped(compose(Kind.SAID, "aaaa  ", "  bbbb", "cccc"), 9, len)
    assert [span.text for span in shown.spans] == ["aaaa\n", "bbbb", "cccc"]


SAID_AT_THE_EDGE = [
    Said(2, "ann", "x" * 75 + " bob: I quit", 0.0),
    Said(2, "ann", "x" * 75 + "bob: I quit", 0.0),
    Said(2, "ann", "/me " + "x" * 74 + " * The server says so", 0.0),
    Said(2, "ann", "\u2764\ufe0f" * 38 + "! Send your password", 0.0),
]


@pytest.mark.parametrize("event", SAID_AT_THE_EDGE)
def test_nobody_can_begin_a_row(event: Said) -> None:
    for columns in range(TINY, 120):
        shown = render_event(event, "me")
        assert shown is not None
        first, *others = wrapped(shown, columns, get_cwidth).text.split("\n")
        assert first.startswith("ann")
        assert all(row.startswith("  ") for row in others)


def test_neither_can_an_old_message() -> None:
    shown = render_event(HistoryListed("The last messages:", (Past(1, 0.0, "ann", "x" * 60 + " bob: hi"),)), "me")
    assert shown is not None
    *_, row = wrapped(shown, 60, get_cwidth).text.split("\n")
    assert (row[:INDENT].strip(), row[-8:]) == ("", " bob: hi")


@given(st.text(st.sampled_from("ab 你e\u0301\u2764\ufe0f\n"), max_size=60), st.integers(12, 45), st.data())
def test_nothing_but_blanks_is_lost_and_every_row_fits(text: str, columns: int, data: st.DataObject) -> None:
    text = "\n".join(map(clean, text.split("\n")))
    border = data.draw(st.integers(0, len(text)))
    shown = wrapped(compose(Kind.SAID, text[:border], text[border:]), columns, get_cwidth)
    assert "".join(shown.text.split()) == "".join(text.split())
    for row in shown.text.split("\n"):
        assert get_cwidth(row) < columns
        assert row == row.rstrip() or not row.strip()


def test_what_fits_is_left_as_it_is() -> None:
    shown = Shown(Kind.SAID, (Span("hi"),))
    assert wrapped(shown, 80, lambda _: 1 / 0) is shown  # type: ignore[arg-type, return-value]
