"""Wrapping: a long line goes on indented, so that nothing within a text stands at the left edge of a row. Pure.

The left edge is where times, names and the marks of the server's and the client's own lines stand. A terminal that
wraps a line by itself goes on there, and a text of the right length could put anything there: `bob: I quit` (M9).

Rows are cut at blanks, which are left out, or within a word that is longer than a row. A character that is drawn as an
emoji because a variation selector follows (U+FE0F) counts a column more, as terminals disagree on that.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from client.core.render import Shown, Span

WIDE = 40  # columns from which on a row is indented by more
INDENT, SMALL_INDENT = 8, 2  # columns: more than a time takes, behind which a name stands; or just some
TINY = 10  # columns below which nothing is indented

WidthOf = Callable[[str], int]
Cut = tuple[int, int]  # where a row ends and where the next one begins

_LINE = re.compile(r"[^\n]+")
_DRAWN_AS_EMOJI = "\ufe0f"


def wrapped(shown: Shown, columns: int, width_of: WidthOf) -> Shown:
    """Return `shown` in rows that leave the last of `columns` free. `width_of` returns how many a text takes."""
    text = shown.text
    if text.isascii():  # nearly all
        if len(text) < columns:
            return shown
        width_of = len
    indent = INDENT if columns >= WIDE else SMALL_INDENT if columns >= TINY else 0
    cuts = [cut for line in _LINE.finditer(text) for cut in _Rows(columns - 1, indent, width_of).cuts(line)]
    return replace(shown, spans=tuple(_with_cuts(shown.spans, cuts, "\n" + " " * indent))) if cuts else shown


class _Rows:
    """Cuts one line into rows."""

    def __init__(self, width: int, indent: int, width_of: WidthOf) -> None:
        self._width_of = width_of
        self._width, self._indent = width, indent
        self._left = width  # columns in the row
        self._begin = 0  # of the row
        self._gap: Cut | None = None  # the newest blanks behind a word of the row

    def cuts(self, line: re.Match[str]) -> Iterator[Cut]:
        """Yield where to cut `line`, as places in the text that it stands in."""
        text, start = line[0], line.start()
        first_word = len(text) - len(text.lstrip(" "))
        for at, character in enumerate(text):
            if character == " " and at > first_word:
                self._note_gap(at)
            taken = self._width_of(character) + (text[at + 1 : at + 2] == _DRAWN_AS_EMOJI)
            if taken > self._left and character != " " and at > self._begin:
                end, begin = self._cut_before(text, at)
                yield start + end, start + begin
                self._begin, self._gap = begin, None
                self._left = self._width - self._indent - self._width_of(text[begin:at])
            self._left -= taken

    def _cut_before(self, text: str, at: int) -> Cut:
        """Return where to cut for the character at `at`: at the gap, but within a word that no row can hold."""
        if self._gap is None:
            return at, at
        begin = self._gap[1]
        word = text[begin:].partition(" ")[0]
        return self._gap if begin == at or self._width_of(word) <= self._width - self._indent else (at, at)

    def _note_gap(self, at: int) -> None:
        if self._gap is not None and self._gap[1] == at:
            self._gap = self._gap[0], at + 1
        else:
            self._gap = at, at + 1


def _with_cuts(spans: Iterable[Span], cuts: Iterable[Cut], between: str) -> Iterator[Span]:
    """Yield `spans` with `between` in the places where their text, as a whole, is cut."""
    waiting = deque(cuts)
    at = end = 0
    for span in spans:
        start, end = end, end + len(span.text)
        text = ""
        while waiting and waiting[0][0] < end:
            last, begin = waiting.popleft()
            text += span.text[at - start : last - start] + between
            at = begin
        yield replace(span, text=text + span.text[at - start :])
        at = max(at, end)
