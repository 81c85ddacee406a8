"""A terminal's screen as an SVG in a window: what stands still of it, and what moves (moving.py).

Nothing in a picture comes from elsewhere, so that it looks the same wherever it is shown; the fonts are the reader's.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from tools.screenshots.session import COLUMNS, Screen

CELL_WIDTH, CELL_HEIGHT, FONT_SIZE = 8.6, 20, 14.3
MARGIN, BAR = 22, 40
FONT = "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace"
THEMES = {  # by the names that pyte gives the colours
    "dark": {
        "window": "#1b1d24",
        "title": "#252832",
        "cursor": "#8f96a8",
        "default": "#d9dce5",
        "red": "#ff7b72",
        "magenta": "#d2a8ff",
        "cyan": "#56d4dd",
        "brightblack": "#8a92a5",
    },
    "light": {
        "window": "#fdfdfc",
        "title": "#eceae6",
        "cursor": "#8f8f8a",
        "default": "#24211d",
        "red": "#b3261e",
        "magenta": "#8b3a8f",
        "cyan": "#00707f",
        "brightblack": "#79756d",
    },
}
WINDOW = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" \
height="{height:.0f}" font-family="{font}" font-size="{size}" role="img" aria-label="{shown}">
<rect width="100%" height="100%" rx="10" fill="{window}"/>
<path d="M0 {bar}V10a10 10 0 0 1 10-10H{corner:.0f}a10 10 0 0 1 10 10V{bar}z" fill="{title}"/>
<circle cx="24" cy="20" r="6" fill="#ec6a5e"/>
<circle cx="44" cy="20" r="6" fill="#f4bf4f"/>
<circle cx="64" cy="20" r="6" fill="#61c454"/>
<text x="50%" y="25" text-anchor="middle" fill="{brightblack}" font-size="13">chat localhost 8001 --name ann</text>
{inside}
</svg>
"""
CURSOR = '<rect {place} width="{width}" height="{height}" fill="{fill}" fill-opacity="0.7"/>'


class Cell(NamedTuple):
    """A character on the screen, and how it looks."""

    data: str
    colour: str
    bold: bool
    is_reversed: bool


Line = tuple[Cell, ...]


class Snapshot(NamedTuple):
    """What a screen shows: its lines, down to the last that is not empty, and where its cursor is (column, line)."""

    lines: tuple[Line, ...]
    cursor: tuple[int, int]


def snapshot(screen: Screen) -> Snapshot:
    """Return what the screen shows now."""
    height = max(row for row, line in enumerate(screen.display) if line.strip()) + 1
    lines = tuple(
        tuple(
            Cell(char.data, char.fg, char.bold, char.reverse) for char in map(screen.buffer[row].__getitem__, columns)
        )
        for row in range(height)
        for columns in (range(COLUMNS),)
    )
    return Snapshot(lines, (screen.cursor.x, screen.cursor.y))


def draw(shown: Snapshot, label: str, theme: dict[str, str]) -> str:
    """Return the screen as an SVG that stands still; `label` says what it shows."""
    lines = [at(row, "".join(pieces(line, theme))) for row, line in enumerate(shown.lines) if not is_empty(line)]
    return window("\n".join([*lines, cursor(shown.cursor, theme)]), len(shown.lines), label, theme)


def window(inside: str, height: int, label: str, theme: dict[str, str]) -> str:
    """Return the SVG of a window with room for so many lines, and what stands in it."""
    width = COLUMNS * CELL_WIDTH + 2 * MARGIN
    places = {"width": width, "height": top(height) + MARGIN - 4, "corner": width - 10, "bar": BAR, "size": FONT_SIZE}
    return WINDOW.format(font=FONT, shown=html.escape(label), inside=inside, **theme, **places)


def at(row: int, drawn: str) -> str:
    """Return a drawn line at its place."""
    return f'<g transform="translate(0 {top(row)})">{drawn}</g>'


def top(row: int) -> int:
    """Return where a line begins, from above."""
    return BAR + MARGIN - 4 + row * CELL_HEIGHT


def cursor(place: tuple[int, int], theme: dict[str, str]) -> str:
    """Return the cursor at its place."""
    x, y = cursor_at(place)
    return cursor_drawn(f'x="{x:.1f}" y="{y}"', theme)


def cursor_at(place: tuple[int, int]) -> tuple[float, int]:
    """Return where the cursor's box begins."""
    return MARGIN + place[0] * CELL_WIDTH, top(place[1]) + 1


def cursor_drawn(place: str, theme: dict[str, str]) -> str:
    """Return the cursor's box; `place` is attributes that say where."""
    return CURSOR.format(place=place, width=CELL_WIDTH, height=CELL_HEIGHT - 2, fill=theme["cursor"])


def is_empty(line: Line) -> bool:
    """Return whether nothing is to be drawn."""
    return not any(cell.data.strip() or cell.is_reversed for cell in line)


def pieces(line: Line, theme: dict[str, str]) -> Iterator[str]:
    """Yield the text of a line, a piece for each style, each stretched to exactly its cells."""
    for (colour, bold, is_reversed), run in groupby(enumerate(line), lambda cell: cell[1][1:]):
        piece = list(run)
        text = "".join(cell.data for _, cell in piece)
        if not text.strip():
            continue
        x = MARGIN + (piece[0][0] + len(text) - len(text.lstrip())) * CELL_WIDTH
        width = len("".join(cell.data or " " for _, cell in piece).strip()) * CELL_WIDTH
        fill = theme.get(colour, f"#{colour}")
        if is_reversed:
            yield f'<rect x="{x:.1f}" y="1" width="{width:.1f}" height="{CELL_HEIGHT - 2}" fill="{fill}"/>'
            fill = theme["window"]
        weight = ' font-weight="700"' if bold else ""
        yield (
            f'<text x="{x:.1f}" y="{CELL_HEIGHT * 0.72:.1f}" fill="{fill}"{weight} '
            f'textLength="{width:.1f}" xml:space="preserve">{html.escape(text.strip())}</text>'
        )
