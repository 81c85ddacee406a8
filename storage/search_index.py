"""The archive: what the journal holds, ready to be searched; SQLite's FTS5 in a file of its own.

It is made from the journal and can be made again from it, so it is written when the search service is idle, and is
neither synced nor repaired: if its file is of another epoch, knows more than the journal or is damaged, it is begun
anew (ArchiveDamagedError, `begin_anew`). It reads the journal through a JournalReader, for which nobody has to wait.

Every entry is a row with three indexed columns: the words that were said, as `words_of` compares them; whose event it
is; and who may read it. So the index itself keeps others' whispers out of what is found.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from chat.log import Entry, is_message, names_in, past
from protocol.events import Past
from protocol.text import key_of, words_of
from storage.entry_feed import EntryFeed
from storage.journal import FOLDER
from storage.journal_errors import JournalError, explained
from storage.journal_reader import JournalReader
from system.atomic_file import make_private

FILE_NAME = "search.db"
PATIENCE = 1.0  # seconds for one search
_STEPS = 10_000  # of SQLite's machine, between two looks at the clock
_EVERYBODY = "everybody"
_COLUMNS = "said UNINDEXED, at UNINDEXED, name UNINDEXED, addressee UNINDEXED"
_CREATE = f"CREATE VIRTUAL TABLE entries USING fts5(words, who, readers, {_COLUMNS}, columnsize = 0)"


# What goes by with time, or that others have to do something about: a new file would not be better off.
_PASSING = ("database is locked", "database or disk is full", "interrupted")


class ArchiveDamagedError(JournalError):
    """The archive's own file is of no use; the text says why."""


class Archive:
    """The archive in a folder. For one thread: the file is opened when it is first needed."""

    def __init__(self, folder: Path, source: str | EntryFeed) -> None:
        """Search the journal in `folder`, which is there already, in the epoch `source`; or what comes by a feed."""
        self._path = folder / FILE_NAME
        self._feed = source if isinstance(source, EntryFeed) else None
        self._epoch = source if isinstance(source, str) else source.epoch
        self._journal = JournalReader(folder / FOLDER) if self._feed is None else self._feed
        self._db: sqlite3.Connection | None = None

    # --- asking --------------------------------------------------------------------------------------------------

    def search(self, words: str, limit: int, identity: str) -> list[Past]:
        """Return the newest `limit` messages with all of `words` that `identity` may read, the oldest first.

        Raises JournalError.
        """
        wanted = " AND ".join(f'words : "{word}"' for word in sorted(set(words_of(words))))
        with self._own(), self._bounded():
            rows = self._opened().execute(
                "SELECT rowid, at, name, said, addressee FROM entries"
                " WHERE entries MATCH ? ORDER BY rowid DESC LIMIT ?",
                (f'{wanted} AND readers : ("{_EVERYBODY}" OR "{identity}")', limit),
            )
            return [Past(seq, at, name, said, to) for seq, at, name, said, to in rows][::-1]

    def last_seen(self, name: str) -> float | None:
        """Return the time of the newest public entry about a user called `name`, or None. Raises JournalError."""
        with self._own():
            row = (
                self._opened()
                .execute(
                    "SELECT at FROM entries WHERE entries MATCH ? ORDER BY rowid DESC LIMIT 1",
                    (f'who : "{_token(name)}" AND readers : "{_EVERYBODY}"',),
                )
                .fetchone()
            )
            return None if row is None else float(row[0])

    @contextlib.contextmanager
    def _bounded(self) -> Iterator[None]:
        """Interrupt what is asked within, if it takes too long: others wait for it."""
        db = self._opened()
        give_up_at = time.monotonic() + PATIENCE
        db.set_progress_handler(lambda: time.monotonic() > give_up_at, _STEPS)
        try:
            yield
        finally:
            db.set_progress_handler(None, 0)

    # --- keeping up ----------------------------------------------------------------------------------------------

    def take_in(self, limit: int) -> bool:
        """Take in the next `limit` entries of the journal; return whether there may be more. Raises JournalError."""
        with self._own():
            db = self._opened()
            (newest,) = db.execute("SELECT max(rowid) FROM entries").fetchone()
            rows = [_row(entry) for entry in self._journal.after(newest or 0, limit)]
            with _transaction(db):
                db.executemany(
                    "INSERT INTO entries (rowid, words, who, readers, said, at, name, addressee)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    rows,
                )
            return len(rows) == limit

    def forget(self) -> None:
        """Forget what the journal has forgotten. Raises JournalError."""
        oldest = self._journal.oldest()
        if oldest is not None:
            with self._own():
                self._opened().execute("DELETE FROM entries WHERE rowid < ?", (oldest,))

    def begin_anew(self) -> None:
        """Remove the file, or put out of the way whatever has its name; the next call makes a new one.

        Raises JournalError.
        """
        if self._db is not None:
            with contextlib.suppress(sqlite3.Error):
                self._db.close()
            self._db = None
        with explained(self._path):
            if self._path.is_dir():
                self._path.rename(next(path for path in _aside(self._path) if not path.exists()))
            for suffix in ("", "-journal", "-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    Path(f"{self._path}{suffix}").unlink()

    @contextlib.contextmanager
    def _own(self) -> Iterator[None]:
        """Make a JournalError of what goes wrong with the archive's file, and tell when it is of no use any more."""
        with explained(self._path):
            try:
                yield
            except (sqlite3.Error, IsADirectoryError) as error:
                if str(error) in _PASSING:
                    raise
                raise ArchiveDamagedError(f"{self._path} is of no use ({error}).") from error

    def close(self) -> None:
        """Close the file."""
        if self._db is not None:
            self._db.close()
            self._db = None

    # --- the files -----------------------------------------------------------------------------------------------

    def _opened(self) -> sqlite3.Connection:
        if self._feed is not None and self._feed.epoch != self._epoch:
            self._epoch = self._feed.epoch
            self.close()
        if self._db is None:
            self._db = self._begun(self._journal.newest())
        return self._db

    def _begun(self, newest: int) -> sqlite3.Connection:
        """Return the archive of a journal that has reached `newest`, an empty one if there is none."""
        make_private(self._path)
        with contextlib.ExitStack() as stack:
            db = stack.enter_context(contextlib.closing(_connected(self._path)))
            db.execute("PRAGMA synchronous = OFF")
            with _transaction(db):
                db.execute("CREATE TABLE IF NOT EXISTS epoch (epoch TEXT NOT NULL)")
                if not _is_of(db, self._epoch, newest):
                    db.execute("DROP TABLE IF EXISTS entries")
                    db.execute("DELETE FROM epoch")
                    db.execute("INSERT INTO epoch VALUES (?)", (self._epoch,))
                    db.execute(_CREATE)
            stack.pop_all()
        return db


def _is_of(db: sqlite3.Connection, epoch: str, newest: int) -> bool:
    """Return whether an archive is of this epoch, and knows nothing that came after `newest`."""
    if db.execute("SELECT epoch FROM epoch").fetchall() != [(epoch,)]:
        return False
    (known,) = db.execute("SELECT max(rowid) FROM entries").fetchone()
    return (known or 0) <= newest


def _aside(path: Path) -> Iterator[Path]:
    return (path.with_name(f"{path.name}-{number}.aside") for number in count(1))


def _connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False)  # `close` comes from another


@contextlib.contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Do all within or nothing."""
    db.execute("BEGIN")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _row(entry: Entry) -> tuple[object, ...]:
    event = entry.event
    told = past(entry)
    said = told.text if is_message(entry) else ""
    return (
        event.seq,
        " ".join(words_of(said)),
        " ".join(map(_token, names_in(event))),
        f"{entry.reader} {entry.author}" if entry.reader else _EVERYBODY,
        said,
        entry.at,
        event.name,
        told.to,
    )


def _token(name: str) -> str:
    """Return a name as one word of the index, whatever is in it."""
    return "n" + key_of(name).encode().hex()
