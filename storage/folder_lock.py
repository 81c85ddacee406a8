"""The lock of a data folder: one server at a time uses what is in it, with a journal or without.

It is SQLite's lock of an empty file, which all systems have and which ends with the process, however that ends.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from system.atomic_file import make_private
from system.file_status import identity_of

FILE_NAME = "journal.lock"  # as earlier versions call it, so that they are kept out, too


class FolderInUseError(Exception):
    """Another server has the folder; the text says what to do."""


class FolderLock:
    """Keeps other servers out of `folder` until it is closed, or the process is gone."""

    def __init__(self, folder: Path) -> None:
        """Take the lock; make the folder if there is none.

        Raises FolderInUseError; and OSError or sqlite3.Error where nothing can be locked.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / FILE_NAME
        make_private(self.path)
        self._identity = identity_of(self.path)
        self._lock = sqlite3.connect(self.path, timeout=0, isolation_level=None)
        try:
            self._lock.execute("PRAGMA journal_mode = MEMORY")  # else a full disk could not be locked
            self._lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            self._lock.close()
            if str(error) != "database is locked":
                raise
            raise FolderInUseError(f"Another server uses {folder}. Stop it, or choose another --data.") from None

    def is_there(self) -> bool:
        """Return whether the file is still the one that was locked; else another server may have locked another."""
        return identity_of(self.path) == self._identity

    def close(self) -> None:
        """Let another server have the folder."""
        self._lock.close()
