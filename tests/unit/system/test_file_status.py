"""system/file_status.py: a file that was replaced or written to is another one."""

from __future__ import annotations

import os
from pathlib import Path

from system.file_status import identity_of, status_of


def test_what_is_not_there_or_not_reached_has_no_status(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "none", tmp_path / "file" / "within"):
        assert status_of(path) is None
        assert identity_of(path) is None


def test_a_file_that_is_written_to_is_the_same_file_in_another_version(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("one")
    before = status_of(str(path))
    assert before == status_of(path)
    with path.open("a") as file:
        file.write(" more")
    after = status_of(path)
    assert after is not None
    assert before is not None
    assert after != before
    assert (after.identity, after.size) == (before.identity, len("one more"))


def test_a_change_that_keeps_the_size_is_another_version(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("one")
    before = status_of(path)
    os.utime(path, ns=(0, 1))
    assert status_of(path) != before


def test_what_is_put_in_its_place_is_another_file(tmp_path: Path) -> None:
    path, other = tmp_path / "file", tmp_path / "other"
    path.write_text("one")
    other.write_text("one")
    before = identity_of(path)
    other.replace(path)
    assert identity_of(path) not in (None, before)
