"""storage/value_files.py: a store's values on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.value_files import Values


def test_what_was_kept_is_there_after_a_restart(tmp_path: Path) -> None:  # B1
    values = Values(tmp_path / "made" / "later")
    assert values.load() == {}
    everything = bytes(range(256))
    values.keep("ann.to.bob", b"first")
    values.keep("ann.to.bob", everything)
    values.keep("bob.to.ann", b"")
    assert Values(values.folder).load() == {"ann.to.bob": everything, "bob.to.ann": b""}


def test_a_write_that_was_cut_short_by_a_crash_is_not_a_value(tmp_path: Path) -> None:
    (tmp_path / "ann.to.bob.value.x_1y2z3a.new").write_bytes(b"hal")
    (tmp_path / "notes.txt").write_bytes(b"somebody's")
    assert Values(tmp_path).load() == {}
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_folder_that_cannot_be_had_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match=r"Not a directory|File exists"):
        Values(tmp_path / "file" / "in").keep("a", b"")
