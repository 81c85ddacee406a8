"""The journal: the room's log on disk, and what each client's lines were answered; in SQLite.

What one turn of the loop has brought is written in one transaction before anybody is told of it, so that whatever has
been seen or acknowledged is found again. A killed process loses nothing: what SQLite has handed to the system stays
(its write-ahead log, synchronous=NORMAL). Against the loss of power, `sync` waits for the disk in every transaction.

One turn is one row: its entries as one JSON text, under the number of the last of them. A row for each entry took
four times as long (3.4 us and 0.8 us an entry, in turns of 900), and nobody asks for one entry here: what was said is
searched in stores/archive.py.

The journal belongs to one server at a time, which a lock says that ends with the process. It is bounded by a number of
entries and by their age. An epoch tells this log from any other; it goes when the file goes, or its end may have.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, islice
from operator import attrgetter
from pathlib import Path
from typing import Any

from chat.answers import CLIENTS, LINES, Answer
from chat.log import KEPT, Entry
from disk.whole import make_private
from protocol.messages import Joined, Left, Renamed, Said, Whispered

FILE_NAME, LOCK_NAME = "journal.db", "journal.lock"
FORMAT = 1
_TRIM_EVERY = 1_000  # entries
_CHECKPOINT_PAGES = 16_384  # 64 MiB: when the loop itself works the write-ahead log in, if the archivist did not
_SCHEMA = """
    CREATE TABLE IF NOT EXISTS epoch (epoch TEXT NOT NULL, boot TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS log (last INTEGER PRIMARY KEY, at REAL NOT NULL, entries TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS answers (last INTEGER PRIMARY KEY, answers TEXT NOT NULL);
"""


class JournalError(Exception):
    """The journal can't be had, or can't be written any more; the text says why and what to do."""


class Journal:
    """The open journal of one folder. For one thread; `close` gives it up."""

    def __init__(self, folder: Path, new_epoch: str, keep: int, age: float, sync: bool = False, boot: str = "") -> None:
        """Open it, or begin one with `new_epoch`; keep `keep` entries and none older than `age` seconds.

        `boot` is what this start of the machine is called, if that is known. A journal that was open, without `sync`,
        when the machine went down may have lost its end: it goes on in the new epoch. Raises JournalError.
        """
        self.path = folder / FILE_NAME
        self._keep = keep
        self._age = age
        self._untrimmed = 0  # entries and answers written since the last trim
        with explained(self.path), contextlib.ExitStack() as stack:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = stack.enter_context(contextlib.closing(_locked(folder / LOCK_NAME)))
            self._db = stack.enter_context(contextlib.closing(_opened(self.path, sync)))
            self.epoch = self._begin(new_epoch, "" if sync else boot)
            self._answered = self._newest_of("answers")
            self._trim()
            stack.pop_all()

    def _begin(self, new_epoch: str, boot: str) -> str:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > FORMAT:
            raise JournalError(f"{self.path} is of a newer version of this server. Use that one, or another --data.")
        self._db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {FORMAT}; COMMIT")
        epoch, opened_in = self._db.execute("SELECT epoch, boot FROM epoch").fetchone() or (new_epoch, "")
        if opened_in and opened_in != boot:
            epoch = new_epoch
        self._db.execute("BEGIN")
        self._db.execute("DELETE FROM epoch")
        self._db.execute("INSERT INTO epoch VALUES (?, ?)", (epoch, boot))
        self._db.execute("COMMIT")
        return str(epoch)

    def _newest_of(self, table: str) -> int:
        (last,) = self._db.execute(f"SELECT max(last) FROM {table}").fetchone()  # noqa: S608
        return last or 0

    # --- reading, at the start ---------------------------------------------------------------------------------------

    def seq(self) -> int:
        """Return the newest number, 0 if there is none. Raises JournalError, like all that follow."""
        with explained(self.path):
            return self._newest_of("log")

    def newest(self, count: int = KEPT) -> list[Entry]:
        """Return the newest `count` entries, the oldest first."""
        with explained(self.path):
            turns = self._db.execute("SELECT last, at, entries FROM log ORDER BY last DESC")
            backwards = (entry for turn in turns for entry in reversed(unpacked(*turn)))
            return list(islice(backwards, count))[::-1]

    def answers(self) -> list[Answer]:
        """Return the answers, the oldest first."""
        with explained(self.path):
            rows = self._db.execute("SELECT answers FROM answers ORDER BY last")
            return [Answer(who, cseq, text.encode()) for (row,) in rows for who, cseq, text in json.loads(row)]

    # --- writing, every turn -----------------------------------------------------------------------------------------

    def write(self, entries: Sequence[Entry], answers: Sequence[Answer] = ()) -> None:
        """Add these, all or none of them; afterwards they outlive the process."""
        with explained(self.path):
            self._db.execute("BEGIN")
            for at, turn in groupby(entries, attrgetter("at")):
                self._db.execute("INSERT INTO log VALUES (?, ?, ?)", _packed(at, list(turn)))
            if answers:
                self._answered += len(answers)
                rows = [(who, cseq, payload.decode()) for who, cseq, payload in answers]
                self._db.execute("INSERT INTO answers VALUES (?, ?)", (self._answered, _encode(rows)))
            self._db.execute("COMMIT")
            self._untrimmed += len(entries) + len(answers)
            if self._untrimmed >= _TRIM_EVERY:
                self._trim()

    def _trim(self) -> None:
        """Delete the oldest turns, as far as their entries are too many or too old; the newest turn stays."""
        self._untrimmed = 0
        newest = self._db.execute("SELECT last, at FROM log ORDER BY last DESC LIMIT 1").fetchone()
        if newest is not None:
            last, at = newest
            young = self._db.execute("SELECT last FROM log WHERE at >= ? ORDER BY last LIMIT 1", (at - self._age,))
            self._db.execute("DELETE FROM log WHERE last < ?", (max(last - self._keep + 1, *young.fetchone()),))
        self._db.execute("DELETE FROM answers WHERE last <= ?", (self._answered - LINES * CLIENTS,))

    # --- the end -----------------------------------------------------------------------------------------------------

    def set_aside(self) -> Path:
        """Close it and put its file out of the way, so that the next start begins a new one; return where it is.

        For a journal that can't be written any more: what is said from now on must not get this epoch's numbers a
        second time. Raises JournalError.
        """
        aside = self.path.with_suffix(".failed")
        self.close()
        with explained(self.path):
            self.path.replace(aside)
            for suffix in ("-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    Path(f"{self.path}{suffix}").replace(f"{aside}{suffix}")
        return aside

    def close(self) -> None:
        """Let another server have it."""
        with contextlib.suppress(sqlite3.Error):  # whatever it is, it is told when the file is opened again
            self._db.execute("UPDATE epoch SET boot = ''")
        self._db.close()
        self._lock.close()


def _locked(path: Path) -> sqlite3.Connection:
    """Return what keeps other servers out until it is closed, or the process is gone. Raises JournalError."""
    make_private(path)  # whispers are in it
    lock = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        lock.close()
        raise JournalError(f"Another server uses {path.parent}. Stop it, or choose another --data.") from None
    return lock


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
    return f"Cannot use {path}: {why}. Mend that, choose another --data, or --no-journal."


# --- entries as JSON -----------------------------------------------------------------------------------------------

_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode

# A letter for each class of event, and its fields but `seq` and `at`, which a turn's row has for all.
_FIELDS: dict[type, tuple[str, Callable[[Any], tuple[object, ...]]]] = {
    Said: ("s", lambda e: (e.name, e.text, e.cseq)),
    Whispered: ("w", lambda e: (e.name, e.to, e.text, e.cseq)),
    Joined: ("j", lambda e: (e.name, e.count)),
    Left: ("l", lambda e: (e.name, e.count, e.reason)),
    Renamed: ("r", lambda e: (e.old, e.name, e.cseq)),
}
_EVENTS: dict[str, Callable[..., Any]] = {
    "s": lambda seq, at, name, text, cseq: Said(seq, name, text, at, cseq),
    "w": lambda seq, at, name, to, text, cseq: Whispered(seq, name, to, text, at, cseq),
    "j": lambda seq, at, name, count: Joined(seq, name, count),
    "l": lambda seq, at, name, count, reason: Left(seq, name, count, reason),
    "r": lambda seq, at, old, name, cseq: Renamed(seq, old, name, cseq),
}


def _packed(at: float, entries: list[Entry]) -> tuple[int, float, str]:
    """Return the row of one turn; the numbers of its entries run up to the last one's."""
    return entries[-1].event.seq, at, _encode([_fields(entry) for entry in entries])


def _fields(entry: Entry) -> tuple[object, ...]:
    letter, fields = _FIELDS[type(entry.event)]
    return (letter, entry.author, entry.reader, *fields(entry.event))


def unpacked(last: int, at: float, entries: str) -> list[Entry]:
    """Return the entries of one turn's row. Raises ValueError, TypeError or KeyError for what is none."""
    rows: list[list[Any]] = json.loads(entries)
    first = last - len(rows) + 1
    return [
        Entry(_EVENTS[letter](seq, at, *fields), at, author, reader)
        for seq, (letter, author, reader, *fields) in enumerate(rows, first)
    ]
