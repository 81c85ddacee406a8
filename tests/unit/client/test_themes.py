"""client.view.themes: names that can be read on any ground. U5."""

from __future__ import annotations

import pytest

from client.core.render import Kind, Role, Shown, Span
from client.core.settings import CHOICES
from client.view.ansi import AnsiPainter
from client.view.name_colors import COLORS
from client.view.themes import DARK, EITHER, EITHER_OF_MANY, FEW, LIGHT, name_codes

LEVELS = (0, 95, 135, 175, 215, 255)  # of the colour cube in xterm's 256 colours
HINT = "767676"  # client.ui.terminal


def rgb(colour: int | str) -> tuple[int, ...]:
    if isinstance(colour, str):
        return tuple(bytes.fromhex(colour))
    return tuple(LEVELS[(colour - 16) // step % 6] for step in (36, 6, 1))


def contrasts(colour: int | str) -> tuple[float, float]:
    """Return the contrast ratios of WCAG 2.1 with white and with black."""
    channels = [channel / 255 for channel in rgb(colour)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05
    return 1.05 / luminance, luminance / 0.05


def test_every_colour_can_be_read_on_its_ground() -> None:  # U5
    assert {colour for colour in LIGHT if contrasts(colour)[0] < 4.5} == set()
    assert {colour for colour in DARK if contrasts(colour)[1] < 4.5} == set()
    assert {colour for colour in (*EITHER_OF_MANY, HINT) if min(contrasts(colour)) < 4.5} == set()
    assert {colour for colour in EITHER if min(contrasts(colour)) < 3.5} == set()


def test_every_name_has_a_colour_of_its_own() -> None:
    for theme in CHOICES["theme"]:
        paint = AnsiPainter({}, "DEPTH_8_BIT")
        shown = (Shown(Kind.SAID, (Span(f"user{n}", Role.NAME),)) for n in range(COLORS))
        assert len({paint.text(one, theme).partition("user")[0] for one in shown}) == COLORS
    assert len(set(EITHER_OF_MANY)) == COLORS
    assert len(set(FEW)) == len(FEW)


def of_256(*colours: int) -> str:
    return f"\x1b[38;5;{colours[0]}m"


@pytest.mark.parametrize(
    ("theme", "environment", "depth", "first"),
    [
        ("auto", {}, "DEPTH_8_BIT", of_256(*EITHER)),
        ("auto", {"COLORTERM": "truecolor"}, "DEPTH_8_BIT", "\x1b[38;2;236;0;0m"),
        ("auto", {}, "DEPTH_24_BIT", "\x1b[38;2;236;0;0m"),
        ("auto", {"COLORFGBG": "15;0"}, "DEPTH_8_BIT", of_256(*DARK)),
        ("auto", {"COLORFGBG": "0;default;15"}, "DEPTH_24_BIT", of_256(*LIGHT)),
        ("auto", {"COLORFGBG": "default"}, "DEPTH_8_BIT", of_256(*EITHER)),
        ("light", {"COLORFGBG": "15;0"}, "DEPTH_8_BIT", of_256(*LIGHT)),
        ("dark", {"COLORTERM": "truecolor"}, "DEPTH_8_BIT", of_256(*DARK)),
        ("dark", {}, "DEPTH_4_BIT", "\x1b[36m"),
    ],
)
def test_the_colours_are_those_of_the_theme(theme: str, environment: dict[str, str], depth: str, first: str) -> None:
    codes = name_codes(theme, environment, depth)
    assert (len(codes), codes[0]) == (COLORS, first)
