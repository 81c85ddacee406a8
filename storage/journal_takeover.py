"""Taking over the journal of an earlier version, a SQLite database: once, by itself, at the start.

The segments are made in a folder beside, which then gets the journal's name; after that the database is put aside as
`journal.db.old`, and stays there. Whenever the process is killed, the next start does the right thing: without the
folder it begins anew, since the database has not been touched; with it, only the putting aside is left to be done.

The database is read from a copy, since SQLite would work its write-ahead log in, and remove the traces of a kill.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from itertools import count, islice
from math import inf
from pathlib import Path
from typing import NamedTuple

from chat.log import Range
from storage.journal_errors import NewerFormatError, explained
from storage.journal_rows import Turn
from storage.journal_state import State
from storage.segment import flush_file, listed
from storage.segments import Bounds, Segments
from system.atomic_file import sync_folder

FILE_NAME = "journal.db"
_NEWEST = 2  # its last format; 1 had no runs, and answers without the mark of what was asked
_BATCH = 500  # turns that are written together
_LOST = "lost"  # a boot that no machine has: the end of the database may be lost


class _Run(NamedTuple):
    first: int
    last: int
    epoch: str


class _Database(NamedTuple):
    """What was read of a database, besides its turns."""

    db: sqlite3.Connection
    runs: list[_Run]
    epoch: str
    is_lost: bool
    has_answers: bool


def take_over(folder: Path, journal: Path, boot: str, epoch: str) -> list[str]:
    """Make the folder `journal` of a database in `folder`, if there is one; return notes for the server's log.

    An old database without an epoch gets `epoch`. Raises JournalError and OSError.
    """
    old, made = folder / FILE_NAME, folder / f"{journal.name}.new"
    if made.exists():  # a start was killed while it made it
        shutil.rmtree(made)
    if not old.exists():
        return []
    notes = []
    if not journal.exists():
        with explained(old):
            entries = _convert(old, made, boot, epoch)
        make_journal(made, journal)
        notes.append(f"The journal of an earlier version was taken over: {entries:,} entries, now in {journal}.")
    notes.append(f"{old} is not used any more. It was put aside as {_put_aside(old)}.")
    return notes


def make_journal(made: Path, journal: Path) -> None:
    """Give the folder that was made its name."""
    made.replace(journal)
    sync_folder(journal.parent)


def _put_aside(old: Path) -> Path:
    """Rename the database, and last its main file, without which the next start would look for no other."""
    aside = next(path for path in _names(old) if not path.exists())
    for suffix in ("-wal", "-shm", ""):
        with contextlib.suppress(FileNotFoundError):
            Path(f"{old}{suffix}").replace(f"{aside}{suffix}")
    return aside


def _names(old: Path) -> Iterator[Path]:
    yield old.with_name(f"{old.name}.old")
    for number in count(2):
        yield old.with_name(f"{old.stem}-{number}{old.suffix}.old")


def _convert(old: Path, made: Path, boot: str, epoch: str) -> int:
    """Make the segments in the folder `made`; return how many entries they have."""
    made.mkdir(mode=0o700)
    copy = made / FILE_NAME
    had_wal = Path(f"{old}-wal").exists()
    for suffix in ("", "-wal") if had_wal else ("",):
        shutil.copyfile(f"{old}{suffix}", f"{copy}{suffix}")
    with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as db:
        entries = _write(_read(db, boot, had_wal, epoch), made)
    for path in made.glob(f"{FILE_NAME}*"):
        path.unlink()
    for path in listed(made):
        flush_file(path)
    sync_folder(made)
    return entries


def _read(db: sqlite3.Connection, boot: str, had_wal: bool, new_epoch: str) -> _Database:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > _NEWEST:
        raise NewerFormatError
    (newest,) = db.execute("SELECT max(last) FROM log").fetchone()
    epoch, opened_in = db.execute("SELECT epoch, boot FROM epoch").fetchone() or (new_epoch, "")
    if version < _NEWEST:
        runs, is_open = [_Run(1, newest, epoch)] if newest else [], False
    else:
        rows = db.execute("SELECT first, last, epoch FROM runs ORDER BY first").fetchall()
        is_open = any(last is None for _, last, _ in rows)
        runs = [_Run(first, newest or 0 if last is None else last, of) for first, last, of in rows]
    # A process that was killed left its write-ahead log behind: if that is gone, so is what was last said.
    is_lost = bool(opened_in and opened_in != boot) or (is_open and not had_wal)
    return _Database(db, [run for run in runs if run.first <= run.last], epoch, is_lost, version == _NEWEST)


def _write(database: _Database, made: Path) -> int:
    """Write all of a database as segments in the folder `made`; return how many entries there are."""
    turns = _turns(database.db)
    batch = list(islice(turns, _BATCH))
    oldest = _first_of(batch[0]) if batch else 1 + max((run.last for run in database.runs), default=0)
    runs = [run for run in database.runs if run.last >= oldest]
    segments = Segments(made, Bounds(1 << 60, inf), sync=False)
    segments.begin(_state_before(database, oldest))
    entries = 0
    while batch:
        for turn in batch:
            while runs and runs[0].first <= turn[0]:
                segments.state.begin_run(runs[0].first, runs.pop(0).epoch, "")
                segments.note_run()
            entries += len(turn[1].rows)
            segments.write([turn])
        batch = list(islice(turns, _BATCH))
    _finish(database, segments)
    return entries


def _first_of(turn: tuple[int, Turn]) -> int:
    return turn[0] - len(turn[1].rows) + 1


def _state_before(database: _Database, oldest: int) -> State:
    """Return the state before the number `oldest`: the runs of which no entry is left."""
    gone: list[Range] = [(run.first, run.last) for run in database.runs if run.last < oldest]
    epoch = next((run.epoch for run in database.runs if run.last >= oldest), database.epoch)
    foreign = sum(run.epoch != epoch for run in database.runs if run.last < oldest)
    return State(epoch, runs=gone, foreign=foreign, first=oldest)


def _finish(database: _Database, segments: Segments) -> None:
    """Write the answers that are no entries, and whether this is the end; close the files."""
    state = segments.state
    rows = database.db.execute("SELECT answers FROM answers ORDER BY last") if database.has_answers else ()
    for (answers,) in rows:
        segments.write([(state.newest, Turn(state.time.now or 0.0, [], json.loads(answers)))])
    state.begin_run(max(state.first, state.newest + 1), database.epoch, _LOST if database.is_lost else "")
    segments.note_run()
    if database.is_lost:
        segments.open.close()
    else:
        segments.end()


def _turns(db: sqlite3.Connection) -> Iterator[tuple[int, Turn]]:
    for last, at, entries in db.execute("SELECT last, at, entries FROM log ORDER BY last"):
        yield last, Turn(at, json.loads(entries))
