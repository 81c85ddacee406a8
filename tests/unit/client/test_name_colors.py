"""client.view.name_colors: which colour a name has."""

from __future__ import annotations

from client.view.name_colors import COLORS, NameColors


def test_a_name_has_one_colour_in_any_case_and_everywhere() -> None:
    colors = NameColors()
    assert colors.of("bob") == colors.of("BOB") == NameColors().of("Bob")


def test_no_two_names_share_a_colour_while_there_are_colours_left() -> None:
    colors = NameColors()
    given = [colors.of(f"user{number}") for number in range(COLORS)]
    assert sorted(given) == list(range(COLORS))
    assert colors.of("one-more") == NameColors().of("one-more")
    assert [colors.of(f"user{number}") for number in range(COLORS)] == given


def test_names_beyond_the_colours_cost_nothing_to_keep() -> None:  # 24
    colors = NameColors()
    first = [colors.of(f"u{number}") for number in range(1000)]
    assert set(first[:COLORS]) == set(range(COLORS))
    assert [colors.of(f"u{number}") for number in range(1000)] == first
    assert len(colors._given) == COLORS
