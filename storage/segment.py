"""A segment of the journal: a file of lines (storage/journal_lines.py) that is only appended to.

Its name is its serial number and the first number that an entry in it can have, so a listing is in order, shows what is
missing, and tells in which segment an entry is. What `append` has written outlives the process; with `sync`, the
machine. If it can't be written whole, the file is cut back to what it was.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

from storage.journal_lines import seal
from system.atomic_file import MODE
from system.file_status import identity_of, status_of

SUFFIX, NEW, SUMMARY = ".log", ".new", ".sum"
_NAME = re.compile(r"(\d{8})-(\d{16})\.log")
_BINARY = getattr(os, "O_BINARY", 0)  # on Windows
_data_sync = getattr(os, "fdatasync", os.fsync)  # not everywhere


class LostFileError(OSError):
    """A file that is in use was deleted, replaced or changed by somebody else; the text says which and what."""


def name_of(serial: int, first: int) -> str:
    """Return the name of a segment."""
    return f"{serial:08d}-{first:016d}{SUFFIX}"


def serial_of(path: Path) -> int:
    """Return the serial number in a segment's name."""
    return int(path.name[:8])


def first_of(path: Path) -> int:
    """Return the first number that an entry in this segment can have."""
    return int(path.name[9:25])


def listed(folder: Path) -> list[Path]:
    """Return the segments of a folder in their order."""
    return [folder / name for name in sorted(filter(_NAME.fullmatch, os.listdir(folder)))]  # noqa: PTH208  # half the time


class OpenSegment:
    """The segment that is written. `size` and `checksum` are those of its lines so far."""

    def __init__(self, path: Path, size: int, checksum: int, sync: bool) -> None:
        """Go on after `size` bytes, the last line of which has this checksum. Raises OSError."""
        self.path, self.size, self.checksum = path, size, checksum
        self._sync = sync
        self._where = str(path)
        self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | _BINARY)
        self._identity = identity_of(self._where)

    def append(self, texts: Iterable[tuple[int, str]]) -> None:
        """Write these lines, numbers and JSON, with one call. Raises OSError; none of them is there then."""
        checksum, lines = self.checksum, []
        for number, text in texts:
            line, checksum = seal(number, text, checksum)
            lines.append(line)
        content = lines[0] if len(lines) == 1 else b"".join(lines)
        try:
            put(self._descriptor, content)
            if self._sync:
                flush(self._descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self.size)
            raise
        self.size += len(content)
        self.checksum = checksum

    def look(self) -> None:
        """Raise LostFileError if the file was deleted, replaced, cut or written to by somebody else."""
        status = status_of(self._where)
        if status is None:
            what = "deleted"
        elif status.identity != self._identity:
            what = "replaced"
        elif status.size < self.size:
            what = "cut"
        elif status.size > self.size:
            what = "written to by another program"
        else:
            return
        raise LostFileError(f"{self._where} was {what} while the server ran.")

    def rescue(self) -> None:
        """If the file was deleted, write what it held into a new one under its name. Raises OSError."""
        if status_of(self._where) is None:
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            with os.fdopen(os.dup(self._descriptor), "rb") as held:
                create(self.path, held.read(), sync=False)

    def sync(self) -> None:
        """Wait until all of it is on the disk. Raises OSError."""
        flush(self._descriptor)

    def close(self) -> None:
        """Close the file, if it is open."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1


def put(descriptor: int, content: bytes) -> None:
    """Write all of `content`. Raises OSError, when a part of it may have been written."""
    while content:
        content = content[os.write(descriptor, content) :]


def flush(descriptor: int) -> None:
    """Wait until what was written is on the disk. Raises OSError."""
    _data_sync(descriptor)


def create(path: Path, content: bytes, sync: bool) -> None:
    """Make a file that is not there yet, for this user alone. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, MODE)
    try:
        put(descriptor, content)
        if sync:
            flush(descriptor)
    finally:
        os.close(descriptor)


def flush_file(path: Path) -> None:
    """Wait until the file at `path` is on the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDWR | _BINARY)
    try:
        flush(descriptor)
    finally:
        os.close(descriptor)
