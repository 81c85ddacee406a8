"""The status of a file: what tells it from another that is put in its place, and one version of it from the next."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

Identity = tuple[int, int]  # device and inode


class FileStatus(NamedTuple):
    """One version of a file: two of them differ when it was replaced or, as far as the system shows it, written to."""

    identity: Identity
    size: int
    modified: int  # nanoseconds since 1970


def status_of(path: str | Path) -> FileStatus | None:
    """Return the status of the file or folder at `path` now; None if there is none, or it can't be reached."""
    try:
        status = os.stat(path)  # noqa: PTH116  # takes half the time of Path's, and is asked in every turn
    except OSError:
        return None
    return FileStatus((status.st_dev, status.st_ino), status.st_size, status.st_mtime_ns)


def identity_of(path: str | Path) -> Identity | None:
    """Return what tells the file or folder at `path` from any that may be put in its place; None as in `status_of`."""
    status = status_of(path)
    return None if status is None else status.identity
