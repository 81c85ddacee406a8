"""The journal: the room's log on disk, and what each client's lines were answered; a folder of segments.

What one turn of the loop has brought is one line of the newest segment, appended with one call before anybody sees it,
so that whatever has been seen or acknowledged is found again. A killed process loses nothing: what the system has been
handed stays. Against the loss of power, `sync` waits for the disk in every turn. The files are text: they can be read,
searched and copied, also while the server runs.

    journal/00000001-0201948572938475.log    a segment: its serial number, the first number in it (storage/segment.py)
    journal/00000001-0201948572938475.sum    its summary, for the next start (storage/segment_summary.py)

The caller holds the folder's lock (storage/folder_lock.py): a journal is for one server at a time. It is bounded by a
number of entries and by their age (chat.log_time). An epoch tells this log from any other; it goes when the folder
goes, or the log's end may have (storage/journal_start.py). Within an epoch the runs tell which numbers have been issued
(chat.log).

An open file that somebody deletes can be written on as if nothing had happened, and nothing of it is ever found again.
So before each write the journal looks whether its file is still where it was, and of the size that it left it with.
"""

from __future__ import annotations

import contextlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import count, groupby
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from chat.log import KEPT, Entry, first_number
from chat.places import Page
from chat.replies import Reply
from storage.journal_errors import JournalError, explained, unusable
from storage.journal_lines import first_from, read
from storage.journal_rows import Turn, entries_of, fields_of, row_of, turn_of
from storage.journal_start import Found, found_in
from storage.journal_state import Link, State
from storage.journal_takeover import take_over
from storage.segment import LostFileError, first_of, serial_of
from storage.segments import Bounds, Segments
from system.atomic_file import make_private_folder
from system.file_status import identity_of

FOLDER = "journal"


class Start(NamedTuple):
    """A start of the server: the epoch that a new log would have, the machine's own start, if known, and when it is."""

    epoch: str
    boot: str = ""
    at: float = 0.0


class Journal:
    """The open journal of one folder, whose lock is held. For one thread; `close` gives it up.

    `runs` are the numbers that earlier runs of this epoch have issued; this one begins with the number `first`.
    `lost_its_end`: an earlier run's end was not found, so that the epoch is a new one. `notes` are sentences for the
    server's log about what was found at the start.
    """

    def __init__(self, folder: Path, start: Start, keep: int, age: float, sync: bool = False) -> None:
        """Open it, or begin one in the epoch of `start`; keep `keep` entries and none older than `age` seconds.

        A journal that was open, without `sync`, when the machine went down may have lost its end: it goes on in the
        new epoch. Raises JournalError.
        """
        self.path = folder / FOLDER
        boot = "" if sync else start.boot
        with explained(self.path):
            folder.mkdir(parents=True, exist_ok=True)
            self.notes = take_over(folder, self.path, start.boot, start.epoch)
            make_private_folder(self.path)
            found = found_in(self.path, Bounds(keep, age), sync, start.boot)
            if found is None:
                found = Found(Segments(self.path, Bounds(keep, age), sync), [], [], False, [])
                state = State(start.epoch, boot, first_number(0, start.at))
                found.segments.begin(state)
            else:
                _begin_run(found, start._replace(boot=boot))
            found.segments.drop()
            found.segments.sync()
        self._segments = found.segments
        self._pages, self._replies = found.pages, found.replies
        self._read_last: tuple[Path, int, bytes] = (self.path, 0, b"")  # a segment, of this size
        self._identity = identity_of(self.path)
        self.notes += found.notes
        self.lost_its_end = found.is_lost
        self.epoch, self.first = found.segments.state.epoch, found.segments.state.first
        self.runs = found.segments.state.known_runs()

    # --- reading, at the start ---------------------------------------------------------------------------------------

    def seq(self) -> int:
        """Return the newest number, 0 if there is none."""
        return self._segments.state.newest

    def newest(self, limit: int = KEPT) -> list[Entry]:
        """Return the newest `limit` entries, the oldest first. Raises JournalError."""
        found: list[list[Entry]] = []
        left = limit
        with explained(self.path):
            for number, turn in self._backwards():
                found.append(entries_of(number, turn)[-left:] if left else [])
                left -= len(found[-1])
                if not left:
                    break
        return [entry for entries in reversed(found) for entry in entries]

    def _backwards(self) -> Iterator[tuple[int, Turn]]:
        for path in reversed(self._segments.paths()):
            lines = list(read(data := path.read_bytes()))
            if not lines or lines[-1].end != len(data):
                raise ValueError(f"{path.name}, byte {lines[-1].end if lines else 0}")
            for line in reversed(lines):
                turn = turn_of(line.body)
                if turn is not None:
                    yield line.number, turn

    def entry(self, seq: int) -> Entry | None:
        """Return the entry of this number; None if there is none, or the disk fails."""
        with contextlib.suppress(JournalError), explained(self.path):
            paths = self._segments.paths()
            at = bisect_right(paths, seq, key=first_of) - 1
            data = self._data(paths[at]) if at >= 0 else b""
            for line in read(data, *first_from(data, seq)):
                turn = turn_of(line.body)
                if turn is not None:
                    return next((entry for entry in entries_of(line.number, turn) if entry.event.seq == seq), None)
        return None

    def _data(self, path: Path) -> bytes:
        """Return a segment; the same one is often asked for several times."""
        size = path.stat().st_size
        if self._read_last[:2] != (path, size):
            self._read_last = path, size, path.read_bytes()
        return self._read_last[2]

    def take_places(self) -> list[Page]:
        """Return, once, where the lines of clients stand that the start has found, the oldest page first."""
        pages, self._pages = self._pages, []
        return pages

    def take_answers(self) -> list[Reply]:
        """Return, once, the answers that are no entries and that the start has found, the oldest first."""
        replies, self._replies = self._replies, []
        return replies

    # --- writing, every turn -----------------------------------------------------------------------------------------

    def write(self, entries: Sequence[Entry], answers: Sequence[Reply] = ()) -> None:
        """Add these, all or none of them; afterwards they outlive the process. Raises JournalError."""
        turns: list[tuple[int, Turn]] = []
        for at, together in groupby(entries, attrgetter("at")):
            turn = list(together)
            turns.append((turn[-1].event.seq, Turn(at, [row_of(entry) for entry in turn])))
        if answers:
            number, last = turns.pop() if turns else (self.seq(), Turn(self._segments.state.time.now or 0.0, []))
            turns.append((number, last._replace(answers=fields_of(answers))))
        try:  # no context manager: this is in every turn
            self._segments.write(turns)
        except OSError as error:
            raise JournalError(self._reason(error)) from error

    def look(self) -> None:
        """Raise JournalError if a file of the journal was deleted, replaced or changed by somebody else."""
        try:
            self._segments.look()
        except OSError as error:
            raise JournalError(self._reason(error)) from error

    def _reason(self, error: OSError) -> str:
        return str(error) if isinstance(error, LostFileError) else unusable(self.path, error)

    # --- the end -----------------------------------------------------------------------------------------------------

    def set_aside(self) -> Path | None:
        """Close it and put its folder out of the way, so that the next start begins a new one; return where it is.

        For a journal that can't be written any more: a client that comes back after the next start then learns that
        something is missing. Nothing that was put aside earlier is touched. None if there is no folder any more, or
        another one. Raises JournalError.
        """
        is_there = self._identity is not None and identity_of(self.path) == self._identity
        if is_there:
            with contextlib.suppress(OSError):
                self._segments.open.rescue()
        self._segments.open.close()
        if not is_there:
            return None
        with explained(self.path):
            aside = next(path for path in _aside(self.path) if not path.exists())
            self.path.replace(aside)
        return aside

    def put_aside(self) -> list[Path]:
        """Return the journals that were put aside in this folder and are still there."""
        return sorted(self.path.parent.glob("journal*.failed"))

    def close(self) -> None:
        """Let another server have it."""
        newest = self._segments.open
        with contextlib.suppress(OSError):  # whatever it is, the next start reports it
            newest.look()
            self._segments.end()
        newest.close()


def _begin_run(found: Found, start: Start) -> None:
    """Begin a run in the log that was found, in its epoch or, if its end may be lost, in that of `start`."""
    segments, state = found.segments, found.segments.state
    is_announced = state.next_serial
    newest = max([state.newest, *(last for _, last in state.runs)])
    first = first_number(newest, start.at)
    state.begin_run(first, start.epoch if found.is_lost else state.epoch, start.boot)
    if is_announced:  # and lost: its serial number is not used again
        segments.close_open()
        serial = serial_of(segments.old[-1].path)
        segments.begin(state, serial + 2, Link(serial, segments.open.size, segments.open.checksum))
    elif segments.is_full():
        segments.rotate()
    else:
        segments.note_run()


def _aside(path: Path) -> Iterator[Path]:
    """Yield where a journal may be put aside: journal.failed, journal-2.failed and so on."""
    yield path.with_suffix(".failed")
    for number in count(2):
        yield path.with_name(f"{path.name}-{number}.failed")
