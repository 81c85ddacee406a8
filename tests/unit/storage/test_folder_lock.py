"""storage/folder_lock.py: one server at a time uses a folder."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import pytest

from storage.folder_lock import FILE_NAME, FolderInUseError, FolderLock


def test_another_server_is_kept_out_until_this_one_is_gone(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    with pytest.raises(FolderInUseError) as caught:
        FolderLock(tmp_path)
    assert str(caught.value) == f"Another server uses {tmp_path}. Stop it, or choose another --data."
    lock.close()
    FolderLock(tmp_path).close()


def test_the_folder_is_made_and_the_file_nobody_else_s(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path / "new" / "data")
    assert stat.S_IMODE(lock.path.stat().st_mode) == 0o600
    lock.close()


def test_a_file_that_is_gone_or_another_one_is_noticed(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    assert lock.is_there()
    lock.path.rename(tmp_path / "elsewhere")
    assert not lock.is_there()
    lock.path.touch()
    assert not lock.is_there()
    lock.close()


def test_what_is_no_other_server_is_told_as_it_is(tmp_path: Path) -> None:  # 11
    (tmp_path / FILE_NAME).write_bytes(b"this is no database" * 100)
    with pytest.raises(sqlite3.DatabaseError, match="file is not a database"):
        FolderLock(tmp_path)
