"""client.view.name_colors: which colour a name has."""

from __future__ import annotations

from client.view.name_colors import SHADES, Shades


def test_a_name_has_one_colour_in_any_case_and_everywhere() -> None:
    shades = Shades()
    assert shades.of("bob") == shades.of("BOB") == Shades().of("Bob")


def test_no_two_names_share_a_colour_while_there_are_colours_left() -> None:
    shades = Shades()
    given = [shades.of(f"user{number}") for number in range(SHADES)]
    assert sorted(given) == list(range(SHADES))
    assert shades.of("one-more") == Shades().of("one-more")
    assert [shades.of(f"user{number}") for number in range(SHADES)] == given


def test_names_beyond_the_colours_cost_nothing_to_keep() -> None:  # 24
    shades = Shades()
    first = [shades.of(f"u{number}") for number in range(1000)]
    assert set(first[:SHADES]) == set(range(SHADES))
    assert [shades.of(f"u{number}") for number in range(1000)] == first
    assert len(shades._given) == SHADES
