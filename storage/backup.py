"""A copy of a data folder that is whole, made while a server uses the folder (O5).

Nothing is locked and nobody waits. The accounts and the bans are files that are replaced whole, so a copy of each is
one that stood there. The journal's segments only grow; the copy ends with a right line, and goes on where the server
has gone on to another segment meanwhile. Each copied line is checked against its checksum. The copy is made beside its
name and gets that at the end, so a folder of that name is a whole one.

A server that is started with the copy tells clients that have seen more than it holds. The search index is not copied:
the server makes it anew.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from storage import bans_file, users_file
from storage.journal import FOLDER
from storage.segment import create, flush_file, listed
from storage.segment_scan import DamagedError, scanned
from storage.segments import summary_path
from system.atomic_file import make_private_folder, sync_folder

FILES = (users_file.FILE_NAME, bans_file.FILE_NAME)


class Copied(NamedTuple):
    """What was copied: the names of files, and the number of the journal's segments and of their bytes."""

    files: list[str]
    segments: int
    size: int


def back_up(folder: Path, target: Path, tell: Callable[[str], None] = lambda text: None) -> Copied:
    """Copy the data folder `folder` to `target`, which is not there yet; `tell` hears how far that is.

    Raises OSError; and ValueError, TypeError or KeyError for a journal that is damaged.
    """
    if target.exists():
        raise FileExistsError(17, "It is there already", str(target))
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{target.name}.", suffix=".new", dir=target.parent) as name:
        beside = Path(name) / target.name  # for this user alone, as mkdtemp makes it
        make_private_folder(beside)
        files = [name for name in FILES if _copy_file(folder / name, beside / name)]
        segments = _copy_journal(folder / FOLDER, beside / FOLDER, tell) if (folder / FOLDER).exists() else []
        size = sum(path.stat().st_size for path in segments)
        sync_folder(beside)
        beside.rename(target)
    sync_folder(target.parent)
    return Copied(files, len(segments), size)


def _copy_file(source: Path, target: Path) -> bool:
    """Copy a file for this user alone; return whether there was one."""
    try:
        content = source.read_bytes()
    except FileNotFoundError:
        return False
    create(target, content, sync=True)
    return True


def _copy_journal(source: Path, target: Path, tell: Callable[[str], None]) -> list[Path]:
    """Copy the segments, until there is none that was begun meanwhile; return the copies."""
    make_private_folder(target)
    newest: Path | None = None
    while (left := [path for path in listed(source) if newest is None or path >= newest]) != [newest]:
        for number, path in enumerate(left, 1):
            tell(f"segment {number} of {len(left)}")
            _copy_segment(path, target, is_newest=path == left[-1])
        newest = left[-1]
    copies = listed(target)
    _cut(copies[-1])
    sync_folder(target)
    return copies


def _copy_segment(path: Path, target: Path, is_newest: bool) -> None:
    """Copy a segment and its summary, and check it."""
    copy = target / path.name
    copy.unlink(missing_ok=True)
    if not _copy_file(path, copy):
        _forget_older(copy)  # the server has deleted it, being too old, and all before it
    elif not is_newest:
        _copy_file(summary_path(path), summary_path(copy))
        if scanned(copy).tail:
            raise DamagedError(path.name)


def _forget_older(copy: Path) -> None:
    for older in listed(copy.parent):
        if older < copy:
            older.unlink()
            summary_path(older).unlink(missing_ok=True)


def _cut(path: Path) -> None:
    """Let a copied segment end with a right line that announces no other segment."""
    scan = scanned(path)
    if scan.tail and not scan.is_torn:
        raise DamagedError(f"{path.name}, byte {scan.size}")
    end = scan.size
    if scan.state.next_serial:
        end = path.read_bytes().rfind(b"\n", 0, end - 1) + 1
    os.truncate(path, end)
    flush_file(path)
