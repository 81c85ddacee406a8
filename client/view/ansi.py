"""Colours: what is shown -> the same text with the codes of a terminal. Pure.

The colours of names are dark enough for a white ground and light enough for a black one (a test has the figures, by
the contrast ratio of WCAG 2.1), since a program can't know which one a terminal has.
"""

from __future__ import annotations

from collections.abc import Mapping

from client.core.render import Kind, Role, Shown, Span
from client.view.hyperlinks import hyperlink
from client.view.name_colors import COLORS, NameColors

_RESET = "\x1b[0m"
_BOLD, _DIM, _RED, _MAGENTA = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[35m"
_KINDS = {
    Kind.SAID: "",
    Kind.WHISPERED: _MAGENTA,
    Kind.NOTICE: _DIM,
    Kind.ANSWER: "",
    Kind.QUESTION: _BOLD,
    Kind.REFUSED: _RED,
}
_ROLES = {
    Role.TEXT: "",
    Role.ACT: "\x1b[3m",
    Role.OWN: _BOLD,
    Role.USAGE: "\x1b[1;36m",
    Role.MENTION: "\x1b[1;7m",
    Role.TIME: _DIM,
    Role.RULE: _DIM,
}
# Of the 256 colours that nearly all terminals have; next to each other those that can't be taken for each other.
NAME_COLOURS = (30, 130, 98, 28, 162, 26, 100, 164, 29, 131, 67, 64, 129, 94, 32, 132)
FEW_COLOURS = (36, 32, 35, 34, 33, 31)  # of the 8 that a terminal has at least


def palette(environment: Mapping[str, str], output: str, depth: str) -> AnsiPainter | None:
    """Return a painter for prompt_toolkit's `output` and its colour `depth`, by their names; None for no colours.

    Windows' consoles before Windows 10, a Win32Output, would show the codes as they are.
    """
    if environment.get("NO_COLOR") or output == "Win32Output" or depth == "DEPTH_1_BIT":
        return None
    return AnsiPainter(many=depth != "DEPTH_4_BIT")


def uncoloured(shown: Shown) -> str:
    """Return the text of `shown`, with nothing but its links."""
    return "".join(hyperlink(span) for span in shown.spans)


class AnsiPainter:
    """Paints names, each in a colour of its own."""

    def __init__(self, *, many: bool = True) -> None:
        """`many`: the terminal has 256 colours."""
        colors = range(COLORS)
        self._names = [f"\x1b[38;5;{NAME_COLOURS[n]}m" if many else f"\x1b[{FEW_COLOURS[n % 6]}m" for n in colors]
        self._colors = NameColors()

    def text(self, shown: Shown) -> str:
        """Return the text of `shown` with its colours and links."""
        kind = _KINDS[shown.kind]
        outgoing = _DIM if shown.kind is Kind.WHISPERED and shown.spans[0].role is Role.OWN else ""
        return "".join(self._span(kind + outgoing, span) for span in shown.spans)

    def _span(self, kind: str, span: Span) -> str:
        code = kind + (self._names[self._colors.of(span.text)] if span.role is Role.NAME else _ROLES[span.role])
        return f"{code}{hyperlink(span)}{_RESET}" if code else hyperlink(span)
