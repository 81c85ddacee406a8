"""The journal: the room's log on disk, and what each client's lines were answered; in SQLite.

What one turn of the loop has brought is written in one transaction before anybody sees it, so that whatever has
been seen or acknowledged is found again. A killed process loses nothing: what SQLite has handed to the system stays
(its write-ahead log, synchronous=NORMAL). Against the loss of power, `sync` waits for the disk in every transaction.

One turn is one row: its entries as one JSON text, under the number of the last of them. A row for each entry took
four times as long (3.4 us and 0.8 us an entry, in turns of 900), and nobody asks for one entry here: what was said is
searched in storage/search_index.py.

The caller holds the folder's lock (storage/folder_lock.py): a journal is for one server at a time. It is bounded by a
number of entries and by their age (chat.log_time). An epoch tells this log from any other; it goes when the file goes,
or its end may have. Within an epoch the table of runs tells which numbers have been issued (chat.log).

An open file that somebody deletes can be written on as if nothing had happened, and nothing of it is ever found again.
So before each write the journal looks whether its files are still where they were, and no shorter.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import count, groupby, islice
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from chat.log import KEPT, Entry, Range, first_number
from chat.log_time import LogTime
from chat.replies import REFUSED, Place, Reply
from storage.folder_lock import state_of
from storage.journal_rows import encode, lines_in, packed, unpacked
from system.atomic_file import make_private

FILE_NAME = "journal.db"
FORMAT = 2  # 1 had no runs, and answers without the mark of what was asked
_TRIM_EVERY = 1_000  # entries
_CHECKPOINT_PAGES = 16_384  # 64 MiB: when the loop itself works the write-ahead log in, if the search service did not
_SCHEMA = """
    CREATE TABLE IF NOT EXISTS epoch (epoch TEXT NOT NULL, boot TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS log (last INTEGER PRIMARY KEY, at REAL NOT NULL, entries TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS answers (last INTEGER PRIMARY KEY, answers TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS runs (first INTEGER PRIMARY KEY, last INTEGER, epoch TEXT NOT NULL);
"""
_RUNS = 1_024  # the newest ones are kept, and with them every older one that still has an entry


class JournalError(Exception):
    """The journal can't be had, or can't be written any more; the text says why and what to do."""


class Start(NamedTuple):
    """A start of the server: the epoch that a new log would have, the machine's own start, if known, and when it is."""

    epoch: str
    boot: str = ""
    at: float = 0.0


class Journal:
    """The open journal of one folder, whose lock is held. For one thread; `close` gives it up.

    `runs` are the numbers that earlier runs of this epoch have issued; this one begins with the number `first`.
    `lost_its_end`: an earlier run's end was not found, so that the epoch is a new one.

    It has 14 attributes, more than other classes: what the start found, and what each write compares.
    """

    def __init__(
        self,
        folder: Path,
        start: Start,
        keep: int,
        age: float,
        sync: bool = False,
    ) -> None:
        """Open it, or begin one in the epoch of `start`; keep `keep` entries and none older than `age` seconds.

        A journal that was open, without `sync`, when the machine went down may have lost its end: it goes on in the
        new epoch. Raises JournalError.
        """
        self.path = folder / FILE_NAME
        self._paths = str(self.path), str(self._wal())
        self._keep = keep
        self._age = age
        self._untrimmed = 0  # entries and answers written since the last trim
        self._time = LogTime()
        with explained(self.path), contextlib.ExitStack() as stack:
            folder.mkdir(parents=True, exist_ok=True)
            had_wal = self._wal().exists()
            self._db = stack.enter_context(contextlib.closing(_opened(self.path, sync)))
            self.epoch, self.lost_its_end = self._begin(start.epoch, "" if sync else start.boot, had_wal)
            self._ranges = self._begin_run(start.at)
            (*self.runs,) = self._ranges[self._foreign_runs() :]
            self._answered = self._newest_of("answers")
            for (heard,) in self._db.execute("SELECT at FROM log ORDER BY last"):
                self._time.hear(heard)
            self._trim()
            self._work_in()
            self._files = self._looked_at()
            stack.pop_all()

    def _begin(self, new_epoch: str, boot: str, had_wal: bool) -> tuple[str, bool]:
        """Return the epoch that the log goes on in, and whether it is another one because its end may be lost."""
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > FORMAT:
            raise JournalError(f"{self.path} is of a newer version of this server. Use that one, or another --data.")
        self._db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {FORMAT}; COMMIT")
        epoch, opened_in = self._db.execute("SELECT epoch, boot FROM epoch").fetchone() or (new_epoch, "")
        is_open = self._db.execute("SELECT 1 FROM runs WHERE last IS NULL").fetchone() is not None
        # A process that is killed leaves its write-ahead log behind: if that is gone, so is what was last said.
        is_lost = bool(opened_in and opened_in != boot) or (is_open and not had_wal)
        epoch = new_epoch if is_lost else str(epoch)
        with self._transaction():
            if version == 1:
                self._db.execute("DELETE FROM answers")
                self._db.execute("INSERT INTO runs SELECT 1, last, ? FROM log ORDER BY last DESC LIMIT 1", (epoch,))
            self._db.execute("DELETE FROM epoch")
            self._db.execute("INSERT INTO epoch VALUES (?, ?)", (epoch, boot))
        return epoch, is_lost

    def _begin_run(self, at: float) -> list[Range]:
        """Open a run; return what earlier ones have issued, and set `first`."""
        newest = self._newest_of("log")
        with self._transaction():
            self._close_run(newest)
            (known,) = self._db.execute("SELECT max(last) FROM runs").fetchone()
            self.first = first_number(max(newest, known or 0), at)
            oldest = "SELECT last FROM log ORDER BY last LIMIT 1"
            kept = "SELECT first FROM runs ORDER BY first DESC LIMIT ?"
            self._db.execute(f"DELETE FROM runs WHERE last < ({oldest}) AND first NOT IN ({kept})", (_RUNS,))  # noqa: S608
            ranges = self._db.execute("SELECT first, last FROM runs ORDER BY first").fetchall()
            self._db.execute("INSERT INTO runs VALUES (?, NULL, ?)", (self.first, self.epoch))
        return ranges

    def _close_run(self, newest: int) -> None:
        """Note which numbers the open run has issued, if any; `newest` is the newest of the log."""
        self._db.execute("UPDATE runs SET last = ? WHERE last IS NULL AND first <= ?", (newest, newest))
        self._db.execute("DELETE FROM runs WHERE last IS NULL")

    def _foreign_runs(self) -> int:
        """Return how many of the runs before this one were in another epoch."""
        (count,) = self._db.execute("SELECT count(*) FROM runs WHERE epoch != ?", (self.epoch,)).fetchone()
        return int(count)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """Do all within or nothing."""
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _newest_of(self, table: str) -> int:
        (last,) = self._db.execute(f"SELECT max(last) FROM {table}").fetchone()  # noqa: S608
        return last or 0

    # --- reading, at the start ---------------------------------------------------------------------------------------

    def seq(self) -> int:
        """Return the newest number, 0 if there is none. Raises JournalError, like all that follow."""
        with explained(self.path):
            return self._newest_of("log")

    def newest(self, limit: int = KEPT) -> list[Entry]:
        """Return the newest `limit` entries, the oldest first."""
        with explained(self.path):
            turns = self._db.execute("SELECT last, at, entries FROM log ORDER BY last DESC")
            backwards = (entry for turn in turns for entry in reversed(unpacked(*turn)))
            return list(islice(backwards, limit))[::-1]

    def entry(self, seq: int) -> Entry | None:
        """Return the entry of this number; None if there is none, or the disk fails."""
        with contextlib.suppress(JournalError), explained(self.path):
            turn = self._db.execute(
                "SELECT last, at, entries FROM log WHERE last >= ? ORDER BY last LIMIT 1", (seq,)
            ).fetchone()
            found = unpacked(*turn) if turn is not None else []
            return next((entry for entry in found if entry.event.seq == seq), None)
        return None

    def places(self) -> Iterator[Place]:
        """Yield where the entries of clients stand, the oldest first (chat.replies)."""
        with explained(self.path):
            for last, entries in self._db.execute("SELECT last, entries FROM log ORDER BY last"):
                yield from lines_in(last, entries)

    def answers(self) -> list[Reply]:
        """Return the answers that are no entries, the oldest first."""
        with explained(self.path):
            rows = self._db.execute("SELECT answers FROM answers ORDER BY last")
            return [
                Reply(who, cseq, mark, text.encode()) for (row,) in rows for who, cseq, mark, text in json.loads(row)
            ]

    # --- writing, every turn -----------------------------------------------------------------------------------------

    def write(self, entries: Sequence[Entry], answers: Sequence[Reply] = ()) -> None:
        """Add these, all or none of them; afterwards they outlive the process."""
        with explained(self.path):
            self.look()
            self._db.execute("BEGIN")
            for at, turn in groupby(entries, attrgetter("at")):
                self._time.hear(at)
                self._db.execute("INSERT INTO log VALUES (?, ?, ?)", packed(at, list(turn)))
            if answers:
                self._answered += len(answers)
                rows = [(who, cseq, mark, payload.decode()) for who, cseq, mark, payload in answers]
                self._db.execute("INSERT INTO answers VALUES (?, ?)", (self._answered, encode(rows)))
            self._db.execute("COMMIT")
            self._files = self._looked_at()
            self._untrimmed += len(entries) + len(answers)
            if self._untrimmed >= _TRIM_EVERY:
                self._trim()

    def look(self) -> None:
        """Raise JournalError if a file of the journal was deleted, replaced or cut since it was last written."""
        for path, (was, size), (now, now_size) in zip(
            (self.path, self._wal()), self._files, self._looked_at(), strict=True
        ):
            if was != now or now_size < size:
                what = "deleted" if now is None else "replaced" if now != was else "cut"
                raise JournalError(f"{path} was {what} while the server ran.")

    def _looked_at(self) -> list[tuple[tuple[int, int] | None, int]]:
        """Return of each file what tells it from others, and its size."""
        return [state_of(path) for path in self._paths]

    def _trim(self) -> None:
        """Delete the oldest turns, as far as their entries are too many or too old; the newest turn stays."""
        self._untrimmed = 0
        newest, now = self._newest_of("log"), self._time.now
        if now is not None:
            young = self._db.execute("SELECT last FROM log WHERE at >= ? ORDER BY last LIMIT 1", (now - self._age,))
            first_young = (young.fetchone() or (0,))[0]
            self._db.execute("DELETE FROM log WHERE last < ?", (max(self._oldest_kept(newest), first_young),))
        self._db.execute("DELETE FROM answers WHERE last <= ?", (self._answered - REFUSED,))

    def _oldest_kept(self, newest: int) -> int:
        """Return the number of the oldest entry to be kept, by how many there are after it."""
        left = self._keep
        for first, last in [(self.first, newest), *reversed(self._ranges)]:
            count = max(0, last - first + 1)
            if count >= left:
                return last - left + 1
            left -= count
        return 0

    def _work_in(self) -> None:
        """Empty the write-ahead log into the file, so that the run's beginning stands there even if the log is lost."""
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    # --- the end -----------------------------------------------------------------------------------------------------

    def set_aside(self) -> Path | None:
        """Close it and put its file out of the way, so that the next start begins a new one; return where it is.

        For a journal that can't be written any more: a client that comes back after the next start then learns that
        something is missing. No file that was put aside earlier is touched. None if there is no file any more, or
        another one. Raises JournalError.
        """
        (was, _), *_ = self._files
        with contextlib.suppress(sqlite3.Error):
            self._work_in()  # a write-ahead log that was deleted is still open here
        self.close()
        with explained(self.path):
            if was is None or state_of(str(self.path))[0] != was:
                return None
            aside = next(path for path in _aside(self.path) if not path.exists())
            self.path.replace(aside)
            for suffix in ("-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    Path(f"{self.path}{suffix}").replace(f"{aside}{suffix}")
        return aside

    def put_aside(self) -> list[Path]:
        """Return the journals that were put aside in this folder and are still there."""
        return sorted(path for path in self.path.parent.glob("journal*.failed") if path.is_file())

    def close(self) -> None:
        """Let another server have it."""
        with contextlib.suppress(sqlite3.Error), self._transaction():  # whatever it is, the next start reports it
            self._close_run(self._newest_of("log"))
            self._db.execute("UPDATE epoch SET boot = ''")
        self._db.close()

    def _wal(self) -> Path:
        return Path(f"{self.path}-wal")


def _aside(path: Path) -> Iterator[Path]:
    """Yield where a journal may be put aside: journal.failed, journal-2.failed and so on."""
    yield path.with_suffix(".failed")
    for number in count(2):
        yield path.with_name(f"{path.stem}-{number}.failed")


def _opened(path: Path, sync: bool) -> sqlite3.Connection:
    make_private(path)  # whispers are in it
    with contextlib.ExitStack() as stack:
        db = stack.enter_context(contextlib.closing(sqlite3.connect(path, isolation_level=None)))
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA synchronous = {'FULL' if sync else 'NORMAL'}")
        db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        stack.pop_all()
    return db


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Make a JournalError of whatever goes wrong with the disk or the file at `path`."""
    try:
        yield
    except OSError as error:
        raise JournalError(_unusable(path, error.strerror or str(error))) from error
    except sqlite3.OperationalError as error:
        raise JournalError(_unusable(path, str(error))) from error
    except (sqlite3.Error, ValueError, TypeError, KeyError) as error:  # no database, or no entries in it
        why = f"{path} is damaged ({error})."
        raise JournalError(f"{why} Put it elsewhere to begin a new one, or choose another --data.") from error


def _unusable(path: Path, why: str) -> str:
    return f"Cannot use {path}: {why}. Repair that, choose another --data, or --no-journal."
