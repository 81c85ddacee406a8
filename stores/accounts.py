"""Accounts: the names that are registered, in `users.txt`, one line each.

    ann:scrypt:16384:8:5:w2kq...==:9tD1...=

The file is replaced as a whole: written beside itself, synced, renamed over the old one, the folder synced. So
whenever the power goes, it is the old file or the new one. A line that can't be read costs that line: it is told
of, kept as it stands, where it stands, until its name is registered anew, and the rest serves. Blank lines and those
that begin with # are kept too.

Everything here may block (hashing, the disk): after `load` it is for the worker thread alone.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import NamedTuple

from protocol.text import is_name, key_of
from stores.passwords import NOBODY, PasswordHash

FILE_NAME = "users.txt"
_MODE = 0o600  # hashes are nobody else's to try passwords on


class _Line(NamedTuple):
    """A line as it stands. `key`: whose account it says, or would if it could be read; "" if nobody's."""

    text: str
    key: str = ""
    hash: PasswordHash | None = None


class Accounts:
    """The accounts in one folder. `path` is made, with its folder, when the first user registers (D10)."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self._lines: list[_Line] = []
        self._hashes: dict[str, PasswordHash] = {}

    def load(self) -> list[str]:
        """Read the file, if there is one, anew; return a sentence for each line that was no use. Raises OSError."""
        try:
            text = self.path.read_text(encoding="utf-8", errors="surrogateescape")
        except FileNotFoundError:
            text = ""
        lines: list[_Line] = []
        complaints = []
        for number, content in enumerate(text.splitlines(), 1):
            try:
                line = _read(content)
                if line.key in {earlier.key for earlier in lines if earlier.hash} and line.hash:
                    raise ValueError(f"{line.key} stands in an earlier line")
            except ValueError as error:
                line = _Line(content, key_of(content.partition(":")[0]))
                complaints.append(f"{self.path}, line {number} was left out: {error}")
            lines.append(line)
        self._take(lines)
        return complaints

    def keys(self) -> frozenset[str]:
        """Return the registered names, as they are compared."""
        return frozenset(self._hashes)

    def check(self, name: str, password: str) -> bool:
        """Say whether `password` is that of `name`; takes as long, and says the same, for a name without account."""
        return self._hashes.get(key_of(name), NOBODY).matches(password)

    def store(self, name: str, password: str) -> None:
        """Register `name`, or give it another password. Raises OSError; then all is as before."""
        hashed = PasswordHash.of(password)
        self._replace(key_of(name), _Line(f"{name}:{hashed}", key_of(name), hashed))

    def remove(self, name: str) -> None:
        """Remove the account of `name`. Raises OSError; then all is as before."""
        self._replace(key_of(name))

    def _replace(self, key: str, *new: _Line) -> None:
        """Put `new` in the place of the lines of `key`, or at the end."""
        self.load()  # somebody may have edited the file; that is not to be lost
        place = next((number for number, line in enumerate(self._lines) if line.key == key), len(self._lines))
        before, after = self._lines[:place], [line for line in self._lines[place:] if line.key != key]
        lines = [*before, *new, *after]
        write_whole(self.path, "".join(f"{line.text}\n" for line in lines))
        self._take(lines)

    def _take(self, lines: list[_Line]) -> None:
        self._lines = lines
        self._hashes = {line.key: line.hash for line in lines if line.hash}


def _read(content: str) -> _Line:
    """Return what a line says. Raises ValueError for one that is no use."""
    if not content.strip() or content.startswith("#"):
        return _Line(content)
    name, _, text = content.partition(":")
    if not is_name(name):
        raise ValueError("it does not begin with a name")
    return _Line(content, key_of(name), PasswordHash.parse(text.strip()))


def write_whole(path: Path, text: str) -> None:
    """Replace the file at `path` by `text`, whole or not at all, readable by its owner only. Raises OSError."""
    is_new = not path.parent.exists()
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
    if is_new:
        _sync_folder(path.parent.parent)


def _sync_folder(folder: Path) -> None:
    """Make a rename in `folder` outlive a power loss, as far as the system can; the file is in place anyway."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
