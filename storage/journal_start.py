"""The start of a journal: what a killed process left is finished, and what is missing is found out.

What is found                                        what it means                       so
---------------------------------------------------  ----------------------------------  ---------------------------
the last line has no end                             the process was killed in it        cut off; nobody had seen it
the last line is wrong; the newest segment is gone;  the end of the log may be lost      a new epoch (a wrong last
one in the middle is gone or too short; the machine                                      line is put aside)
went down while it was written
a line before the last one is wrong                  damage                              the server does not start

The machine that goes down, without --sync, may leave anything behind the last right line, and that is the end then.
"""

from __future__ import annotations

import contextlib
import os
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from chat.places import Page
from chat.replies import REFUSED, Reply
from storage.journal_state import State
from storage.segment import NEW, listed, serial_of
from storage.segment_scan import DamagedError, Scan, header_of, scanned
from storage.segment_summary import Closed, unpacked
from storage.segments import Bounds, Old, Segments, store_summary, summary_path
from system.atomic_file import write_whole

CUT = ".cut"  # what was put aside of a segment


class Found(NamedTuple):
    """What a folder of segments holds. `notes` are sentences about what was wrong; `is_lost`: its end may be."""

    segments: Segments
    pages: list[Page]
    replies: list[Reply]
    is_lost: bool
    notes: list[str]


def found_in(folder: Path, bounds: Bounds, sync: bool, boot: str) -> Found | None:
    """Read the segments of `folder`; None if there are none. `boot` is that of the machine, if known.

    Raises OSError, and ValueError, TypeError or KeyError for damage.
    """
    _finish_rotation(folder)
    paths = listed(folder)
    if not paths:
        return None
    notes: list[str] = []
    scan = _newest(paths, notes, boot)
    is_down = _went_down(scan.state, boot)
    is_lost = _repair(paths[-1], scan, is_down, notes) or is_down or scan.state.next_serial != 0
    closed = []
    for path, after in pairwise(paths):
        summary, is_whole = _older(path, after, scan.state.epoch)
        closed.append(summary)
        if not is_whole:
            is_lost = True
            notes.append(f"Something is missing between {path} and {after.name}.")
    segments = Segments(folder, bounds, sync)
    segments.old = [Old(path, c.size, c.entries, c.newest_at) for path, c in zip(paths, closed, strict=False)]
    newest = scan.closed()
    segments.go_on(paths[-1], newest, scan.state, scan.summary)
    closed.append(newest)
    replies = [reply for summary in closed for reply in summary.replies][-REFUSED:]
    return Found(segments, [summary.page for summary in closed], replies, is_lost, notes)


def _went_down(state: State, boot: str) -> bool:
    """Return whether the machine has gone down since, while the log was open, and may have lost what was written."""
    return bool(state.boot) and state.boot != boot and not state.ended


def _finish_rotation(folder: Path) -> None:
    """Give a segment its name that was announced by the one before it; remove one that was not."""
    for made in sorted(folder.glob(f"*{NEW}")):
        path = made.with_suffix("")
        before = listed(folder)
        try:
            is_announced = scanned(before[-1]).state.next_serial == serial_of(path) and bool(header_of(made))
        except (IndexError, DamagedError):
            is_announced = False
        if is_announced:
            made.replace(path)
        else:
            made.unlink()


def _newest(paths: list[Path], notes: list[str], boot: str) -> Scan:
    """Read the newest segment; one that the machine left without a header is put aside, and removed from `paths`."""
    while True:
        try:
            return scanned(paths[-1])
        except DamagedError:
            if len(paths) == 1 or not _went_down(scanned(paths[-2]).state, boot):
                raise
            aside = _free(paths[-1])
            paths.pop().replace(aside)
            notes.append(f"The newest segment has no header. It was put aside as {aside}.")


def _repair(path: Path, scan: Scan, is_down: bool, notes: list[str]) -> bool:
    """Cut off what stands behind the last right line; return whether somebody may have seen it.

    Raises DamagedError where that is too much.
    """
    if not scan.tail:
        return False
    if scan.is_damaged_within and not is_down:
        raise DamagedError(f"{path.name}, byte {scan.size}")
    if scan.is_torn:
        notes.append(f"The last line of {path} was not whole. It was cut off: {len(scan.tail):,} bytes.")
    else:
        aside = _free(path)
        write_whole(aside, scan.tail)
        notes.append(f"The end of {path} is damaged. It was cut off and put aside as {aside}.")
    _cut(path, scan.size)
    return not scan.is_torn


def _cut(path: Path, size: int) -> None:
    os.truncate(path, size)


def _free(path: Path) -> Path:
    """Return a name for what is put aside of the segment at `path`."""
    names = (path.with_suffix(f".{number}{CUT}") for number in range(1, 1_000))
    return next(name for name in names if not name.exists())


def _older(path: Path, after: Path, epoch: str) -> tuple[Closed, bool]:
    """Return the summary of a closed segment, and whether nothing is missing between it and the segment `after` it.

    What was missing when this epoch began is known.
    """
    size = path.stat().st_size
    summary = _stored_summary(path)
    if summary is not None and summary.size == size and serial_of(after) == serial_of(path) + 1:
        return summary, True
    state, link = header_of(after)
    is_next = link.serial == serial_of(path)
    if summary is None or summary.size != size or (is_next and not summary.is_of(link.size, link.checksum)):
        scan = scanned(path)
        summary = scan.closed()
        if scan.tail and not scan.is_torn:
            raise DamagedError(f"{path.name}, byte {scan.size}")
        _cut(path, scan.size)
        store_summary(path, summary)
    is_whole = is_next and summary.is_of(link.size, link.checksum)
    return summary, is_whole or state.epoch != epoch


def _stored_summary(path: Path) -> Closed | None:
    with contextlib.suppress(OSError, ValueError, TypeError):
        return unpacked(summary_path(path).read_bytes())
    return None
