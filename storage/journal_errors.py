"""What goes wrong with the journal and with what is made from it, as one error whose text says what to do."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path


class JournalError(Exception):
    """The journal can't be had, or can't be written any more; the text says why and what to do."""


class NewerFormatError(Exception):
    """The journal was written by a newer version of this server."""


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Make a JournalError of whatever goes wrong with the disk or the file at `path`."""
    try:
        yield
    except OSError as error:
        raise JournalError(unusable(path, error)) from error
    except NewerFormatError as error:
        raise JournalError(f"{path} is of a newer version of this server. Use that one, or another --data.") from error
    except sqlite3.OperationalError as error:
        raise JournalError(_unusable(path, str(error))) from error
    except (sqlite3.Error, ValueError, TypeError, KeyError) as error:  # no database, or no entries in it
        raise JournalError(damaged(path, str(error))) from error


def unusable(path: Path, error: OSError) -> str:
    """Return what is wrong and what to do."""
    return _unusable(path, error.strerror or str(error))


def damaged(path: Path, why: str) -> str:
    """Return what is wrong and what to do."""
    return f"{path} is damaged ({why}). Put it elsewhere to begin a new one, or choose another --data."


def _unusable(path: Path, why: str) -> str:
    return f"Cannot use {path}: {why}. Repair that, choose another --data, or --no-journal."
