"""Reading a segment from its beginning: the state after it, its summary, and what stands behind its last right line."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from storage.journal_lines import Line, read
from storage.journal_rows import turn_of
from storage.journal_state import Link, State, parse_header
from storage.segment_summary import Closed, Summary

_HEADER = 1 << 16  # bytes that are read at once


class DamagedError(ValueError):
    """A line of a segment is wrong; the text says where."""


class Scan(NamedTuple):
    """What was read, as far as its lines are right; `size` and `checksum` are those of these lines.

    `tail` is what stands behind them: nothing, a torn line (without its end), or damage.
    """

    state: State
    link: Link
    summary: Summary
    size: int
    checksum: int
    tail: bytes

    @property
    def is_torn(self) -> bool:
        """Return whether all that is wrong is that the last line is not whole, as a killed process may leave it."""
        if not self.tail or b"\n" in self.tail:
            return False
        return next(read(self.tail[:-1] + b"\n", 0, self.checksum), None) is None  # else its end was changed

    @property
    def is_damaged_within(self) -> bool:
        """Return whether more than the last line is wrong."""
        return self.tail.find(b"\n") not in (-1, len(self.tail) - 1)

    def closed(self) -> Closed:
        """Return the segment's summary."""
        return self.summary.close(self.size, self.checksum)


def scanned(path: Path) -> Scan:
    """Read the segment at `path`. Raises OSError, DamagedError for its header; ValueError and the like for no turns."""
    data = path.read_bytes()
    lines = read(data)
    header = next(lines, None)
    if header is None:
        raise DamagedError(f"{path.name}, line 1")
    state, link = parse_header(header.number, header.body)
    summary = Summary(state.time.now)
    last = header
    for last in lines:
        turn = turn_of(last.body)
        if turn is None:
            state.read(last.body)
        else:
            state.ended = False
            state.newest = last.number
            state.time.hear(turn.at)
            summary.add(last.number, turn)
    return Scan(state, link, summary, last.end, last.checksum, data[last.end :])


def header_of(path: Path) -> tuple[State, Link]:
    """Return what the header of the segment at `path` says. Raises OSError and DamagedError."""
    data = b""
    with path.open("rb") as file:
        while b"\n" not in data and (more := file.read(_HEADER)):
            data += more
    header: Line | None = next(read(data), None)
    if header is None:
        raise DamagedError(f"{path.name}, line 1")
    return parse_header(header.number, header.body)
