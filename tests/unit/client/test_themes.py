"""client.view.themes: names that can be read on any ground. U5."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.core.render import Kind, Role, Shown, Span
from client.core.settings import CHOICES
from client.view.ansi import AnsiPainter
from client.view.answers import Answers
from client.view.contrast import BLACK, CUBE, WHITE, Rgb, contrast
from client.view.name_colors import COLORS
from client.view.themes import DARK, EITHER, EITHER_OF_MANY, FEW, LIGHT, name_codes, numbers, shades

HINT = "767676"  # client.ui.terminal
# Grounds that people have: black, white, Solarized, Gruvbox, Nord, Dracula, Tango, One, GNOME, a dark blue, a paper.
GROUNDS = (
    *("000000", "ffffff", "002b36", "fdf6e3", "282828", "fbf1c7", "2e3440", "282a36", "2e3436", "eeeeec", "282c34"),
    *("fafafa", "171421", "000080", "f4ecd8", "300a24", "d8d8d8", "3c3836"),
)


def rgb(colour: str) -> Rgb:
    return Rgb(*bytes.fromhex(colour))


def both(colour: Rgb) -> float:
    return min(contrast(colour, BLACK), contrast(colour, WHITE))


def test_every_colour_can_be_read_on_its_ground() -> None:  # U5
    assert {number for number in LIGHT if contrast(CUBE[number], WHITE) < 4.5} == set()
    assert {number for number in DARK if contrast(CUBE[number], BLACK) < 4.5} == set()
    assert {colour for colour in (*EITHER_OF_MANY, HINT) if both(rgb(colour)) < 4.5} == set()


def test_of_256_colours_too_few_have_enough_with_both_grounds() -> None:  # U5
    """4.58 is possible: the square root of 21. Of the 16 best, the last has 4.13; but some of these look alike."""
    assert sum(both(colour) >= 4.5 for colour in CUBE.values()) < COLORS
    assert {number for number in EITHER if both(CUBE[number]) < 4.0} == set()


@pytest.mark.parametrize("ground", GROUNDS)
def test_on_a_known_ground_every_name_can_be_read(ground: str) -> None:  # U5
    for colours in ([CUBE[number] for number in numbers(rgb(ground))], list(shades(rgb(ground)))):
        assert len(set(colours)) == COLORS
        assert min(contrast(colour, rgb(ground)) for colour in colours) >= 4.5


@given(st.builds(Rgb, *[st.integers(0, 255)] * 3))
def test_on_any_ground_names_have_colours_of_their_own(ground: Rgb) -> None:  # U5
    found = [CUBE[number] for number in numbers(ground)]
    assert len(set(found)) == COLORS
    possible = sorted((contrast(colour, ground) for colour in CUBE.values()), reverse=True)[COLORS - 1]
    assert min(contrast(colour, ground) for colour in found) >= min(4.5, possible)
    assert min(contrast(colour, ground) for colour in shades(ground)) >= 4.5


def test_every_name_has_a_colour_of_its_own() -> None:
    for theme in CHOICES["theme"]:
        paint = AnsiPainter({}, "DEPTH_8_BIT", Answers())
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


def test_what_the_terminal_says_counts_for_auto_alone() -> None:  # U5
    environment, paper = {"COLORFGBG": "15;0"}, rgb("f4ecd8")
    assert name_codes("auto", environment, "DEPTH_8_BIT", paper)[0] == of_256(*numbers(paper))
    assert name_codes("auto", {}, "DEPTH_24_BIT", WHITE)[0] == "\x1b[38;2;0;0;175m"
    assert name_codes("dark", environment, "DEPTH_8_BIT", paper)[0] == of_256(*DARK)
    assert name_codes("auto", {}, "DEPTH_4_BIT", paper)[0] == "\x1b[36m"


def test_an_answer_that_comes_late_changes_the_colours() -> None:  # U5
    answers = Answers()
    paint = AnsiPainter({}, "DEPTH_8_BIT", answers)
    ann = Shown(Kind.SAID, (Span("ann", Role.NAME),))
    before = paint.text(ann, "auto")
    answers.without("\x1b]11;rgb:ffff/ffff/ffff\x07")
    assert paint.text(ann, "auto") == paint.text(ann, "light") != before
