"""A session as an SVG that moves by itself, without a script: a line is drawn once and shown from one time to another.

Most of a screen stays as it is from frame to frame, so a frame costs the line that changed. Each line is shown by an
animation of CSS, which has the same length as all others. Readers who have asked for less motion see the last frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tools.screenshots.picture import (
    Line,
    Snapshot,
    cursor_at,
    cursor_drawn,
    is_empty,
    pieces,
    top,
    window,
)

STYLE = """\
<style>
use{{visibility:hidden;animation:{seconds:.2f}s step-end infinite}}
.last{{visibility:visible}}
#cursor{{animation:cursor {seconds:.2f}s step-end infinite;transform:translate({x:.1f}px,{y}px)}}
@media (prefers-reduced-motion:reduce){{use,#cursor{{animation:none!important}}}}
{keyframes}
</style>"""


class Shown(NamedTuple):
    """A line in a row of the screen, from one frame up to another one."""

    row: int
    line: Line
    first: int
    end: int


def animate(frames: Sequence[tuple[float, Snapshot]], label: str, theme: dict[str, str]) -> str:
    """Return the frames, each shown for so many seconds, as an SVG; `label` says what it shows."""
    times = _percent([seconds for seconds, _ in frames])
    snapshots = [shown for _, shown in frames]
    height = max(len(shown.lines) for shown in snapshots)
    stays = [shown for row in range(height) for shown in _stays(snapshots, row)]
    drawn = {line: f"l{number}" for number, line in enumerate(dict.fromkeys(shown.line for shown in stays))}
    lines = [f'<g id="{name}">{"".join(pieces(line, theme))}</g>' for line, name in drawn.items()]
    x, y = cursor_at(snapshots[-1].cursor)
    style = STYLE.format(
        seconds=sum(seconds for seconds, _ in frames),
        keyframes="\n".join([*_appearing(stays, times), _moving(snapshots, times)]),
        x=x,
        y=y,
    )
    uses = [_use(shown, drawn[shown.line], len(frames)) for shown in stays]
    box = cursor_drawn('id="cursor"', theme)
    return window("\n".join([style, "<defs>", *lines, "</defs>", *uses, box]), height, label, theme)


def _percent(seconds: Sequence[float]) -> list[str]:
    """Return when each frame begins, and the end, in percent of the whole."""
    return [f"{100 * sum(seconds[:frame]) / sum(seconds):.2f}%" for frame in range(len(seconds) + 1)]


def _stays(snapshots: Sequence[Snapshot], row: int) -> Iterator[Shown]:
    """Yield what stands in a row, one line after another."""
    lines = [shown.lines[row] if row < len(shown.lines) else () for shown in snapshots]
    first = 0
    for frame in range(1, len(lines) + 1):
        if frame == len(lines) or lines[frame] != lines[first]:
            if not is_empty(lines[first]):
                yield Shown(row, lines[first], first, frame)
            first = frame


def _appearing(stays: Sequence[Shown], times: Sequence[str]) -> Iterator[str]:
    """Yield the animations by which lines appear and disappear."""
    for first, end in dict.fromkeys((shown.first, shown.end) for shown in stays):
        steps = {0: "hidden", first: "visible"} | ({end: "hidden"} if end < len(times) - 1 else {})
        drawn = "".join(f"{times[frame]}{{visibility:{value}}}" for frame, value in steps.items())
        yield f"@keyframes t{first}-{end}{{{drawn}}}"


def _moving(snapshots: Sequence[Snapshot], times: Sequence[str]) -> str:
    """Return the animation of the cursor."""
    steps = []
    for frame, shown in enumerate(snapshots):
        if frame == 0 or shown.cursor != snapshots[frame - 1].cursor:
            x, y = cursor_at(shown.cursor)
            steps.append(f"{times[frame]}{{transform:translate({x:.1f}px,{y}px)}}")
    return f"@keyframes cursor{{{''.join(steps)}}}"


def _use(shown: Shown, name: str, frames: int) -> str:
    last = ' class="last"' if shown.end == frames else ""
    animation = f"animation-name:t{shown.first}-{shown.end}"
    return f'<use href="#{name}" y="{top(shown.row)}"{last} style="{animation}"/>'
