"""A picture of how a figure grows with the number of users: an SVG, for a light and for a dark page."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Mapping, Sequence

Points = Sequence[tuple[float, float]]  # users, figure

WIDTH, HEIGHT = 720, 360
LEFT, RIGHT, TOP, BOTTOM = 60, 110, 50, 50  # margins; the names of the lines stand in the right one
THEMES = {
    "dark": ("#161a23", "#d7dce6", "#3a4152", ("#56d4dd", "#d2a8ff", "#ff7b72", "#8a92a5")),
    "light": ("#fdfdfc", "#24211d", "#dcd8d2", ("#00707f", "#8b3a8f", "#b3261e", "#79756d")),
}
FONT = "system-ui, sans-serif"


def chart(title: str, series: Mapping[str, Points], theme: str) -> str:
    """Return the picture: a line for each of `series`, the users on a logarithmic scale, the figure from 0 on."""
    window, ink, rule, colours = THEMES[theme]
    users = sorted({x for points in series.values() for x, _ in points})
    top = rounded_up(max(y for points in series.values() for _, y in points))
    place = Scale(users[0], users[-1], top)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="{FONT}" font-size="13" role="img" aria-label="{html.escape(title)}">',
        f'<rect width="100%" height="100%" rx="10" fill="{window}"/>',
        text(LEFT, 28, title, ink, "start"),
        *(part for share in range(5) for part in level(place, top * share / 4, ink, rule)),
        *(text(place.x(count), HEIGHT - BOTTOM + 22, f"{count:,.0f}", ink, "middle") for count in users),
        text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "users", ink, "middle"),
    ]
    for colour, (name, points) in zip(colours, series.items(), strict=False):
        parts += line(place, name, points, colour)
    return "\n".join([*parts, "</svg>"]) + "\n"


class Scale:
    """Where a point is in the picture."""

    def __init__(self, fewest: float, most: float, top: float) -> None:
        self._fewest = fewest
        self._decades = math.log10(most / fewest) or 1.0
        self._top = top

    def x(self, users: float) -> float:
        """Return how far to the right."""
        return LEFT + math.log10(users / self._fewest) / self._decades * (WIDTH - LEFT - RIGHT)

    def y(self, figure: float) -> float:
        """Return how far down."""
        return HEIGHT - BOTTOM - figure / self._top * (HEIGHT - TOP - BOTTOM)


def rounded_up(figure: float) -> float:
    """Return the next of 1, 2, 4 or 8 times a power of ten, which four lines part well."""
    power = 10.0 ** math.floor(math.log10(figure))
    return next(power * step for step in (1, 2, 4, 8, 10) if figure <= power * step)


def level(place: Scale, figure: float, ink: str, rule: str) -> Iterator[str]:
    """Yield a line across, and what it stands for."""
    y = place.y(figure)
    yield f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{rule}"/>'
    yield text(LEFT - 8, y + 4, f"{figure:g}", ink, "end")


def line(place: Scale, name: str, points: Points, colour: str) -> Iterator[str]:
    """Yield a line through its points, and its name at its end."""
    at = [(place.x(users), place.y(figure)) for users, figure in sorted(points)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
    yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in at)
    yield text(at[-1][0] + 8, at[-1][1] - 6, name, colour, "start")


def text(x: float, y: float, words: str, colour: str, anchor: str) -> str:
    """Return words at a place."""
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}">{html.escape(words)}</text>'
