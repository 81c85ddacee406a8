"""Colours: what is shown -> the same text with the codes of a terminal. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from client.core.render import Kind, Role, Shown, Span
from client.view.answers import Answers
from client.view.hyperlinks import hyperlink
from client.view.name_colors import NameColors
from client.view.themes import name_codes

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


def palette(environment: Mapping[str, str], output: str, depth: str, answers: Answers) -> AnsiPainter | None:
    """Return a painter for prompt_toolkit's `output` and its colour `depth`, by their names; None for no colours.

    Windows' consoles before Windows 10, a Win32Output, would show the codes as they are.
    """
    if environment.get("NO_COLOR") or output == "Win32Output" or depth == "DEPTH_1_BIT":
        return None
    return AnsiPainter(environment, depth, answers)


def uncoloured(shown: Shown) -> str:
    """Return the text of `shown`, with nothing but its links."""
    return "".join(hyperlink(span) for span in shown.spans)


class AnsiPainter:
    """Paints names, each in a colour of its own."""

    def __init__(self, environment: Mapping[str, str], depth: str, answers: Answers) -> None:
        """Paint with the colours of a terminal that this is the environment of, and that has given these answers."""
        self._answers = answers
        self._colors = NameColors()
        self._codes = lru_cache(lambda theme, ground: name_codes(theme, environment, depth, ground))

    def text(self, shown: Shown, theme: str) -> str:
        """Return the text of `shown` with its links, and the colours of a `theme`, one of the settings' choices."""
        kind = _KINDS[shown.kind]
        outgoing = _DIM if shown.kind is Kind.WHISPERED and shown.spans[0].role is Role.OWN else ""
        names = self._codes(theme, self._answers.background)
        return "".join(self._span(kind + outgoing, span, names) for span in shown.spans)

    def _span(self, kind: str, span: Span, names: Sequence[str]) -> str:
        code = names[self._colors.of(span.text)] if span.role is Role.NAME else kind + _ROLES[span.role]  # never dim
        return f"{code}{hyperlink(span)}{_RESET}" if code else hyperlink(span)
