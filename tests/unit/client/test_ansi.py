"""client.view.ansi: colours that can be read on any ground."""

from __future__ import annotations

import re

import pytest

from client.core import render
from client.core.render import Kind, Role, Shown, Span
from client.view.ansi import AnsiPainter, palette
from client.view.answers import Answers
from protocol.events import Said, Whispered

AT = 1_700_000_000.0


def painted(event: object) -> str:
    shown = render.render_event(event, "ann")  # type: ignore[arg-type]
    assert shown is not None
    return AnsiPainter({}, "DEPTH_8_BIT", Answers()).text(shown, "auto")


def test_codes_are_all_that_painting_adds() -> None:
    event = Whispered(1, "bob", "ann", "psst", AT)
    assert re.sub(r"\x1b\[[\d;]+m", "", painted(event)) == "bob -> you: psst"


def test_what_people_say_is_plain_and_whispers_stand_out_in_either_direction() -> None:
    assert painted(Said(1, "bob", "hi", AT)).endswith(": hi")
    assert painted(Whispered(1, "bob", "ann", "hi", AT)).endswith("\x1b[35m: hi\x1b[0m")
    assert painted(Whispered(1, "ann", "bob", "hi", AT)).endswith("\x1b[35m\x1b[2m: hi\x1b[0m")


def test_a_mention_stands_out() -> None:
    assert painted(Said(1, "bob", "hi Ann!", AT)).endswith(": hi \x1b[1;7mAnn\x1b[0m!")


@pytest.mark.parametrize(
    ("environment", "output", "depth", "code"),
    [
        ({}, "Vt100_Output", "DEPTH_8_BIT", "\x1b[38;5;"),
        ({}, "Windows10_Output", "DEPTH_24_BIT", "\x1b[38;2;"),
        ({}, "Vt100_Output", "DEPTH_4_BIT", "\x1b[3"),
        ({}, "Vt100_Output", "DEPTH_1_BIT", None),
        ({}, "Win32Output", "DEPTH_4_BIT", None),  # a console that shows codes as they are
        ({"NO_COLOR": "1"}, "Vt100_Output", "DEPTH_8_BIT", None),
        ({"NO_COLOR": ""}, "Vt100_Output", "DEPTH_8_BIT", "\x1b[38;5;"),
    ],
)
def test_a_screen_gets_the_colours_that_it_has(
    environment: dict[str, str], output: str, depth: str, code: str | None
) -> None:
    paint = palette(environment, output, depth, Answers())
    assert (paint is None) == (code is None)
    if paint is not None and code is not None:
        assert paint.text(Shown(Kind.SAID, (Span("bob", Role.NAME),)), "auto").startswith(code)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_name_has_its_colour_and_nothing_that_takes_from_its_contrast(kind: Kind) -> None:  # U5
    paint = AnsiPainter({}, "DEPTH_8_BIT", Answers())
    said = paint.text(Shown(Kind.SAID, (Span("bob", Role.NAME),)), "dark")
    assert paint.text(Shown(kind, (Span("bob", Role.NAME),)), "dark") == said
    assert re.fullmatch(r"\x1b\[38;5;(\d+)mbob\x1b\[0m", said)
