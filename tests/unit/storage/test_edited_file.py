"""storage/edited_file.py: a text file of ours that people edit, too."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from storage.edited_file import EditedFile, shortened


@pytest.fixture
def file(tmp_path: Path) -> EditedFile:
    return EditedFile(tmp_path / "data" / "a.txt")


def written(file: EditedFile, content: bytes) -> EditedFile:
    file.path.parent.mkdir()
    file.path.write_bytes(content)
    return file


def test_without_a_file_there_are_no_lines_and_nothing_has_changed(file: EditedFile) -> None:
    assert file.read() == []
    assert not file.has_changed()
    assert not file.path.parent.exists()


def test_it_has_changed_until_it_is_read_and_when_somebody_has_edited_it(file: EditedFile) -> None:
    written(file, b"one\n")
    assert file.has_changed()
    assert file.read() == ["one\n"]
    assert not file.has_changed()
    file.path.write_bytes(b"two\n")
    os.utime(file.path, ns=(0, 1))  # a clock that is coarse could have kept its time
    assert file.has_changed()
    file.path.unlink()
    assert file.has_changed()
    assert file.read() == []


def test_what_was_written_is_no_change(file: EditedFile) -> None:
    file.write(["one\n", "two\n"])
    assert not file.has_changed()
    assert file.read() == ["one\n", "two\n"]


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"one", ["one\n"]),
        (b"one\ntwo", ["one\n", "two\n"]),
        (b"one\r\ntwo\r", ["one\r\n", "two\r"]),
        (b"one\x0c", ["one\x0c"]),
        (b"\n", ["\n"]),
    ],
)
def test_another_line_can_follow_each(file: EditedFile, content: bytes, lines: list[str]) -> None:
    assert written(file, content).read() == lines


def test_what_is_no_text_stays_byte_by_byte(file: EditedFile) -> None:
    content = b"\xff\xfe one\n\xc3\n"
    file.write(written(file, content).read())
    assert file.path.read_bytes() == content


def test_where_the_disk_fails_the_next_look_is_as_before(file: EditedFile, monkeypatch: pytest.MonkeyPatch) -> None:
    written(file, b"one\n")

    def fail(path: Path) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(OSError, match="Input/output"):
        file.read()
    assert file.has_changed()


def test_many_complaints_are_told_in_short() -> None:
    assert shortened(["a"] * 20) == ["a"] * 20
    assert shortened(["a"] * 23) == [*["a"] * 20, "... and 3 more."]
