"""The journal as another thread reads it while the server writes: the write-ahead log lets both go on."""

from __future__ import annotations

import sqlite3
from itertools import islice
from pathlib import Path

from chat.log import Entry
from storage.journal import explained
from storage.journal_rows import unpacked


class JournalReader:
    """The journal of `path` as another thread reads it while the server writes. What fails is a JournalError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened: sqlite3.Connection | None = None  # when it is first needed

    def epoch(self) -> str:
        """Return the log's epoch."""
        with explained(self.path):
            (epoch,) = self._db().execute("SELECT epoch FROM epoch").fetchone()
            return str(epoch)

    def newest(self) -> int:
        """Return the newest number, 0 if there is none."""
        with explained(self.path):
            (last,) = self._db().execute("SELECT max(last) FROM log").fetchone()
            return last or 0

    def oldest(self) -> int | None:
        """Return the oldest number, None if there is none."""
        with explained(self.path):
            turn = self._db().execute("SELECT last, at, entries FROM log ORDER BY last LIMIT 1").fetchone()
            return None if turn is None else unpacked(*turn)[0].event.seq

    def after(self, seq: int, limit: int) -> list[Entry]:
        """Return the first `limit` entries after the number `seq`."""
        with explained(self.path):
            turns = self._db().execute("SELECT last, at, entries FROM log WHERE last > ? ORDER BY last", (seq,))
            entries = (entry for turn in turns for entry in unpacked(*turn) if entry.event.seq > seq)
            return list(islice(entries, limit))

    def checkpoint(self) -> None:
        """Work the write-ahead log into the file, as far as nobody has to wait for it."""
        with explained(self.path):
            self._db().execute("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        """Close the file."""
        if self._opened is not None:
            self._opened.close()

    def _db(self) -> sqlite3.Connection:
        if self._opened is None:  # `close` comes from another thread
            self._opened = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        return self._opened
