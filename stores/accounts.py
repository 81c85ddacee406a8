"""Accounts: the names that are registered, in `users.txt`, one line each.

    ann:scrypt:16384:8:5:w2kq...==:9tD1...=

The file is replaced as a whole: written beside itself, synced, renamed over the old one, the folder synced. So
whenever the power goes, it is the old file or the new one. A line that can't be read costs that line: it is told
of, kept as it stands, and the rest serves. Blank lines and those that begin with # are kept too.

Everything here may block (hashing, the disk): after `load` it is for the worker thread alone.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from protocol.text import is_name, key_of
from stores.passwords import NOBODY, PasswordHash

FILE_NAME = "users.txt"
_MODE = 0o600  # hashes are nobody else's to try passwords on


class Accounts:
    """The accounts in one folder. `path` is made, with its folder, when the first user registers (D10)."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self._hashes: dict[str, PasswordHash] = {}
        self._names: dict[str, str] = {}
        self._unreadable: list[str] = []

    def load(self) -> list[str]:
        """Read the file, if there is one, anew; return a sentence for each line that was no use. Raises OSError."""
        try:
            text = self.path.read_text(encoding="utf-8", errors="surrogateescape")
        except FileNotFoundError:
            text = ""
        self._hashes, self._names, self._unreadable = {}, {}, []
        complaints = []
        for number, line in enumerate(text.splitlines(), 1):
            try:
                self._add(line)
            except ValueError as error:
                self._unreadable.append(line)
                complaints.append(f"{self.path}, line {number} was left out: {error}")
        return complaints

    def _add(self, line: str) -> None:
        if not line.strip() or line.startswith("#"):
            self._unreadable.append(line)
            return
        name, _, text = line.partition(":")
        if not is_name(name):
            raise ValueError("it does not begin with a name")
        if key_of(name) in self._hashes:
            raise ValueError(f"{name} stands in an earlier line")
        self._hashes[key_of(name)] = PasswordHash.parse(text.strip())
        self._names[key_of(name)] = name

    def keys(self) -> frozenset[str]:
        """Return the registered names, as they are compared."""
        return frozenset(self._hashes)

    def check(self, name: str, password: str) -> bool:
        """Say whether `password` is that of `name`; takes as long, and says the same, for a name without account."""
        return self._hashes.get(key_of(name), NOBODY).matches(password)

    def store(self, name: str, password: str) -> None:
        """Register `name`, or give it another password. Raises OSError; then all is as before."""
        self.load()  # somebody may have edited the file; that is not to be lost
        key = key_of(name)
        self._replace({**self._hashes, key: PasswordHash.of(password)}, {**self._names, key: name})

    def remove(self, name: str) -> None:
        """Remove the account of `name`. Raises OSError; then all is as before."""
        self.load()
        key = key_of(name)
        hashes, names = dict(self._hashes), dict(self._names)
        hashes.pop(key, None)
        names.pop(key, None)
        self._replace(hashes, names)

    def _replace(self, hashes: dict[str, PasswordHash], names: dict[str, str]) -> None:
        lines = [*self._unreadable, *(f"{names[key]}:{text}" for key, text in hashes.items())]
        write_whole(self.path, "".join(f"{line}\n" for line in lines))
        self._hashes, self._names = hashes, names


def write_whole(path: Path, text: str) -> None:
    """Replace the file at `path` by `text`, whole or not at all, readable by its owner only. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE), "wb") as file:
            beside.chmod(_MODE)  # one left over from a crash may have another
            file.write(text.encode(errors="surrogateescape"))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make a rename in `folder` outlive a power loss, where a folder can be opened (not on Windows)."""
    with contextlib.suppress(PermissionError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
