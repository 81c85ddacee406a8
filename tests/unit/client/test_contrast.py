"""client.view.contrast: the contrast ratios of WCAG 2.1. U5."""

from __future__ import annotations

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.view.contrast import BLACK, CUBE, ENOUGH, WHITE, Rgb, contrast, distance, is_light, luminance, readable

PART = st.integers(0, 255)
COLOURS = st.builds(Rgb, PART, PART, PART)


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        (BLACK, WHITE, 21.0),
        (WHITE, WHITE, 1.0),
        (Rgb(255, 0, 0), WHITE, 4.0),
        (Rgb(0x76, 0x76, 0x76), WHITE, 4.54),
        (Rgb(0, 0, 255), BLACK, 2.44),
    ],
)
def test_the_ratios_are_those_that_wcag_has(one: Rgb, other: Rgb, ratio: float) -> None:
    assert contrast(one, other) == contrast(other, one)
    assert abs(contrast(one, other) - ratio) < 0.01


@given(COLOURS)
def test_no_colour_has_more_than_the_root_of_21_with_black_and_white(colour: Rgb) -> None:  # U5
    assert min(contrast(colour, BLACK), contrast(colour, WHITE)) <= sqrt(21) + 1e-9
    assert max(contrast(colour, BLACK), contrast(colour, WHITE)) >= sqrt(21) - 1e-9


@given(COLOURS, COLOURS)
def test_every_colour_can_be_made_readable_on_every_ground(colour: Rgb, ground: Rgb) -> None:  # U5
    made = readable(colour, ground)
    assert contrast(made, ground) >= ENOUGH
    assert (made == colour) or contrast(colour, ground) < ENOUGH
    assert (
        luminance(made) <= luminance(colour) + 1e-9 if is_light(ground) else luminance(made) >= luminance(colour) - 1e-9
    )


def test_the_cube_has_216_colours() -> None:
    assert len(set(CUBE.values())) == 216
    assert (CUBE[16], CUBE[21], CUBE[231]) == (BLACK, Rgb(0, 0, 255), WHITE)
    assert distance(CUBE[16], CUBE[21]) == 255**2
