"""How well a colour can be read on another one: the contrast ratio of WCAG 2.1, from 1 to 21. Pure.

White on black has 21. A colour that is read equally well on both has the square root of that, 4.58, with each: more is
not possible, and 4.5 is what WCAG asks for. So on a ground that is not known, hardly any colour but those of a
luminance near 0.18 will do.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

ENOUGH = 4.5  # WCAG 2.1, 1.4.3
_LEVELS = (0, 95, 135, 175, 215, 255)  # of the colour cube in xterm's 256 colours
_CUBE = 16  # the first number of it
_STEPS = 64  # from a colour to white, or to black


class Rgb(NamedTuple):
    """A colour, each part from 0 to 255."""

    red: int
    green: int
    blue: int


BLACK, WHITE = Rgb(0, 0, 0), Rgb(255, 255, 255)


def of_cube(number: int) -> Rgb:
    """Return the colour that has this number, from 16 to 231, among xterm's 256."""
    red, green, blue = (_LEVELS[(number - _CUBE) // step % 6] for step in (36, 6, 1))
    return Rgb(red, green, blue)


CUBE = {number: of_cube(number) for number in range(_CUBE, _CUBE + 216)}


@lru_cache(1024)
def luminance(colour: Rgb) -> float:
    """Return how bright a colour is, from 0 to 1 (WCAG 2.1, relative luminance)."""
    red, green, blue = (c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Rgb, other: Rgb) -> float:
    """Return the contrast ratio of two colours."""
    darker, brighter = sorted(luminance(colour) + 0.05 for colour in (one, other))
    return brighter / darker


def is_light(ground: Rgb) -> bool:
    """Return whether black is read better than white on `ground`."""
    return contrast(BLACK, ground) > contrast(WHITE, ground)


def readable(colour: Rgb, ground: Rgb) -> Rgb:
    """Return `colour`, made brighter on a dark ground and darker on a light one, as little as makes it readable."""
    end = BLACK if is_light(ground) else WHITE
    mixed = (_mixed(colour, end, step / _STEPS) for step in range(_STEPS))
    return next((one for one in mixed if contrast(one, ground) >= ENOUGH), end)


def _mixed(colour: Rgb, end: Rgb, share: float) -> Rgb:
    red, green, blue = (round(ours + (its - ours) * share) for ours, its in zip(colour, end, strict=True))
    return Rgb(red, green, blue)


def distance(one: Rgb, other: Rgb) -> int:
    """Return how much two colours differ, for a comparison."""
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))
