"""client.core.render.mentions: where in a text a name stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.core.render import mentions


@pytest.mark.parametrize(
    "text",
    [
        "ann",
        "ANN",
        "hi ann",
        "ann: hi",
        "@ann!",
        "(Ann)",
        "ann's",
        "so, ann, hi",
        "ann- hi",
        "ann--hi",
        "é ann é",
        "ann.",
    ],
)
def test_a_name_is_found_as_a_word_in_any_case(text: str) -> None:
    assert [piece.lower() for piece, is_name in mentions(text, "ann") if is_name] == ["ann"]


@pytest.mark.parametrize("text", ["anna", "joann", "ann2", "ann_", "ann-marie", "jo-ann", "annéx", "", "bob"])
def test_part_of_a_word_is_no_mention(text: str) -> None:
    assert not any(is_name for _, is_name in mentions(text, "ann"))


def test_nobody_is_mentioned_nowhere() -> None:
    assert list(mentions("hi", "")) == [("hi", False)]


@given(st.text("an -_.é"))
def test_the_pieces_are_the_text(text: str) -> None:
    assert "".join(piece for piece, _ in mentions(text, "ann")) == text
