"""The segments of a journal, of which the newest is open: writing, going on in another one, deleting the oldest.

Going on has steps, after each of which the process may be killed. The next start then finishes them, or begins them
anew (storage/journal_start.py), and nothing is lost:

    1. the new segment with its header is made beside its name (.new); the header links to the old one's end
    2. the old one's last line announces it
    3. it gets its name
    4. the summary of the old one is stored beside that (storage/segment_summary.py)
    5. the oldest segments are deleted, each after its summary

Segments are deleted whole: the oldest one goes when the newer ones hold enough entries, or when all of it is too old.
The bytes are bounded, too, since refusals are written and count as no entries.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from storage.journal_lines import seal
from storage.journal_rows import Turn, body_of
from storage.journal_state import END, Link, State, next_line
from storage.segment import (
    NEW,
    SUMMARY,
    LostFileError,
    OpenSegment,
    create,
    first_of,
    flush_file,
    listed,
    name_of,
    serial_of,
)
from storage.segment_summary import Closed, Summary
from system.atomic_file import sync_folder

SIZE = 1 << 20  # bytes, from which a segment is closed: as much as a start reads in some 50 ms
_SHARE = 16  # a segment has at most this part of the bounds, in entries and in days
_FEWEST = 100  # entries in a segment; else there would be many of them where few entries are kept
_LONGEST = 5_000  # bytes that an entry takes, roughly


class Bounds(NamedTuple):
    """The bounds of a journal: so many entries are kept, and none older than `age` seconds."""

    keep: int
    age: float


class Old(NamedTuple):
    """A closed segment: where it is, and its size, its entries and the time of its newest one."""

    path: Path
    size: int
    entries: int
    newest_at: float


class Segments:
    """The segments of one folder, for one writer. What fails is an OSError."""

    def __init__(self, folder: Path, bounds: Bounds, sync: bool) -> None:
        """Have no segment yet: next comes `begin` or `go_on`."""
        self.folder = folder
        self.state = State()
        self.summary = Summary()
        self.old: list[Old] = []
        self.open: OpenSegment
        self._bounds = bounds
        self._sync = sync

    # --- the start -----------------------------------------------------------------------------------------------

    def begin(self, state: State, serial: int = 1, link: Link | None = None) -> None:
        """Begin a segment after the one of `link`; the process may be killed, so that nothing of it is there."""
        path, size, checksum = self._made(state, serial, link or Link())
        self._named(path)
        self._use(OpenSegment(path, size, checksum, self._sync), state, Summary(state.time.now))

    def go_on(self, path: Path, closed: Closed, state: State, summary: Summary) -> None:
        """Go on in the segment at `path`, as it was found."""
        self._use(OpenSegment(path, closed.size, closed.checksum, self._sync), state, summary)

    def note_run(self) -> None:
        """Write that a run has begun."""
        self.open.append([(self.state.newest, self.state.run())])

    def sync(self) -> None:
        """Wait until the open segment and the folder's names are on the disk."""
        self.open.sync()
        sync_folder(self.folder)

    def end(self) -> None:
        """Write that the log was shut down, when all else is on the disk; close the file."""
        for old in self.old:
            flush_file(old.path)
        self.open.append([(self.state.newest, END)])
        self.sync()
        self.open.close()

    def _use(self, newest: OpenSegment, state: State, summary: Summary) -> None:
        self.open, self.state, self.summary = newest, state, summary

    # --- every turn ----------------------------------------------------------------------------------------------

    def write(self, turns: Sequence[tuple[int, Turn]]) -> None:
        """Add turns, each with the number of its last entry; go on in another segment if this one is full."""
        self.open.look()
        self.open.append([(number, body_of(turn)) for number, turn in turns])
        for number, turn in turns:
            self.state.newest = number
            self.state.time.hear(turn.at)
            self.summary.add(number, turn)
        if self.is_full():
            self.rotate()

    def look(self) -> None:
        """Raise LostFileError if a segment is not there any more, or the open one was touched."""
        self.open.look()
        there = {path.name for path in listed(self.folder)}
        for old in self.old:
            if old.path.name not in there:
                raise LostFileError(f"{old.path} was deleted while the server ran.")

    def paths(self) -> list[Path]:
        """Return where the segments are, in their order."""
        return [*(old.path for old in self.old), self.open.path]

    # --- going on in another segment -----------------------------------------------------------------------------

    def is_full(self) -> bool:
        """Return whether the open segment holds so much that the log is to go on in another one."""
        keep, age = self._bounds
        now, began_at = self.state.time.now, self.summary.began_at
        return (
            self.open.size >= SIZE
            or self.summary.entries >= max(_FEWEST, keep // _SHARE)
            or (now is not None and began_at is not None and now - began_at > age / _SHARE)
        )

    def rotate(self) -> None:
        """Go on in another segment, and delete the oldest ones that are out of bounds."""
        serial, text = serial_of(self.open.path), next_line(serial_of(self.open.path) + 1)
        line, checksum = seal(self.state.newest, text, self.open.checksum)
        link = Link(serial, self.open.size + len(line), checksum)
        path, size, checksum = self._made(self.state, serial + 1, link)
        self.open.append([(self.state.newest, text)])
        self._named(path)
        self.close_open()
        self._use(OpenSegment(path, size, checksum, self._sync), self.state, Summary(self.state.time.now))
        self.drop()

    def close_open(self) -> None:
        """Close the newest segment and store its summary."""
        self.open.close()
        closed = self.summary.close(self.open.size, self.open.checksum)
        self.old.append(Old(self.open.path, closed.size, closed.entries, closed.newest_at))
        store_summary(self.open.path, closed)

    def _made(self, state: State, serial: int, link: Link) -> tuple[Path, int, int]:
        """Make a segment beside its name; return that, its size and checksum."""
        path = self.folder / name_of(serial, max(state.newest + 1, state.first))
        header, checksum = seal(state.newest, state.header(link), 0)
        create(beside(path), header, self._sync)
        if self._sync:
            sync_folder(self.folder)
        return path, len(header), checksum

    def _named(self, path: Path) -> None:
        beside(path).replace(path)
        if self._sync:
            sync_folder(self.folder)

    # --- deleting the oldest -------------------------------------------------------------------------------------

    def drop(self) -> None:
        """Delete the oldest segments that are out of bounds, as far as that can be done."""
        entries = self.summary.entries + sum(old.entries for old in self.old)
        size = self.open.size + sum(old.size for old in self.old)
        for old in list(self.old):
            entries -= old.entries
            size -= old.size
            if not self._is_too_old(old) and entries < self._bounds.keep and size < self._bounds.keep * _LONGEST:
                break
            try:
                delete(old.path)
            except OSError:  # the next ones must not go before it; it is tried again later
                break
            self.old.remove(old)
        self.state.forget_runs(first_of(self.paths()[0]))

    def _is_too_old(self, old: Old) -> bool:
        now = self.state.time.now
        return now is not None and old.newest_at < now - self._bounds.age


def beside(path: Path) -> Path:
    """Return where a segment is made before it gets its name."""
    return path.with_name(path.name + NEW)


def summary_path(path: Path) -> Path:
    """Return where the summary of a segment is."""
    return path.with_suffix(SUMMARY)


def store_summary(path: Path, closed: Closed) -> None:
    """Store the summary of the segment at `path`; without it the next start takes longer."""
    with contextlib.suppress(OSError):
        summary_path(path).unlink(missing_ok=True)
        create(summary_path(path), closed.packed(), sync=False)


def delete(path: Path) -> None:
    """Delete a segment. Raises OSError."""
    summary_path(path).unlink(missing_ok=True)
    path.unlink(missing_ok=True)
