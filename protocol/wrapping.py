"""Wrapping: a line that is wider than a terminal -> rows, all but the first set in by two blanks (M9).

A terminal continues a line that is too long at its left edge, where the lines of the server and of other people begin.
What somebody says would stand there as if somebody else had said it. So no row of a line begins at the left edge but
its first, which begins with who speaks.

A row has 78 columns, which fit the 80 of a terminal. Wide characters (UAX #11: W and F) take two; what takes none, such
as a mark on a letter, is counted as one, so a row is never wider than it is thought to be. A word that is too long for
a row is cut, but no character from its marks.
"""

from __future__ import annotations

import re

from protocol.sanitize import is_mark
from protocol.text import WIDTH

INDENT = "  "
# UAX #11, W and F, by blocks: some characters in them take one column, and are counted as two.
_WIDE = re.compile(
    "[\u1100-\u115f\u231a-\u23ff\u25fd-\u27bf\u2b00-\u2bff\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff"
    "\ufe10-\ufe6f\uff01-\uff60\uffe0-\uffe6\U00016fe0-\U0001b2ff\U0001d300-\U0001d37f\U0001f000-\U0001faff"
    "\U00020000-\U0003fffd]"
)
LINE_BREAK = "\r\n"


def wrap(line: str) -> str:
    """Return `line` as rows with line breaks between; unchanged if it fits."""
    if len(line) <= WIDTH and (line.isascii() or columns(line) <= WIDTH):
        return line
    rows = []
    start, width = 0, WIDTH
    while start < len(line):
        end = _row_end(line, start, width)
        rows.append(line[start:end].rstrip())
        start, width = end, WIDTH - len(INDENT)
        while line.startswith(" ", start):
            start += 1
    return f"{LINE_BREAK}{INDENT}".join(rows)


def columns(text: str) -> int:
    """Return how many columns `text` takes at the most."""
    return len(text) if text.isascii() else len(text) + len(_WIDE.findall(text))


def _row_end(line: str, start: int, width: int) -> int:
    """Return where the row that begins at `start` ends: behind a word, or within one that is longer than a row."""
    limit = _fitting(line, start, width)
    if limit == len(line) or line[limit] == " ":
        return limit
    blank, end = line.rfind(" ", start, limit), line.find(" ", limit)
    if blank > start and columns(line[blank + 1 : end if end > 0 else len(line)]) <= WIDTH - len(INDENT):
        return blank
    while limit > start + 1 and is_mark(line[limit]):
        limit -= 1
    return limit


def _fitting(line: str, start: int, width: int) -> int:
    """Return the end of what fits `width` columns from `start` on; at least one character does."""
    limit = min(len(line), start + width)
    if line.isascii():
        return limit
    excess = columns(line[start:limit]) - width
    while excess > 0 and limit > start + 1:
        limit -= 1
        excess -= columns(line[limit])
    return limit
