"""A text file of ours that people edit, too: one line a record, replaced as a whole (system/atomic_file.py).

It is read again when it is another version than was read or written last. What is no UTF-8 in it stays byte by byte.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from system.atomic_file import write_whole
from system.file_status import FileStatus, status_of

_COMPLAINTS = 20  # at a time: a file of another kind would fill the log


class EditedFile:
    """The file at `path`, which is made, with its folder, when it is written first. Everything here may block."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._status: FileStatus | None = None  # as it was read or written last

    def has_changed(self) -> bool:
        """Return whether it is another one than was read or written last."""
        return status_of(self.path) != self._status

    def read(self) -> list[str]:
        """Return its lines, each with a line end, the last one, too; [] if there is no file. Raises OSError."""
        status = status_of(self.path)  # before it is read: what is written meanwhile is another version
        try:
            text = self.path.read_bytes().decode(errors="surrogateescape")
        except FileNotFoundError:
            text = ""
        self._status = status
        lines = text.splitlines(keepends=True)
        if lines and lines[-1].splitlines() == lines[-1:]:
            lines[-1] += "\n"
        return lines

    def write(self, lines: Iterable[str]) -> None:
        """Replace it by `lines`, which have line ends. Raises OSError; then all is as before."""
        write_whole(self.path, "".join(lines).encode(errors="surrogateescape"))
        self._status = status_of(self.path)


def shortened(complaints: list[str]) -> list[str]:
    """Return as many of `complaints` about a file as a log has room for, and how many more there are."""
    if len(complaints) <= _COMPLAINTS:
        return complaints
    return [*complaints[:_COMPLAINTS], f"... and {len(complaints) - _COMPLAINTS} more."]
