"""storage/motd_file.py: the message of the day is bounded and cleaned (M5)."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.motd_file import LINES, read_motd


def read(folder: Path, content: bytes) -> tuple[tuple[str, ...], str]:
    path = folder / "motd"
    path.write_bytes(content)
    return read_motd(path)


def test_its_lines_are_cleaned_and_blank_ones_left_out(tmp_path: Path) -> None:  # M5
    content = "Be kind.\r\n\n \x1b[31mred\u202e\t\N{SNOWMAN}\n".encode() + b"\xff\n"
    assert read(tmp_path, content) == (("Be kind.", "[31mred \N{SNOWMAN}", "\N{REPLACEMENT CHARACTER}"), "")


@pytest.mark.parametrize("content", [b"x\n" * (LINES + 1), b"x" * 401, b"\n" * 20_000], ids=["lines", "wide", "bytes"])
def test_what_is_too_long_is_cut_and_told(tmp_path: Path, content: bytes) -> None:  # M5
    lines, why = read(tmp_path, content)
    assert len(lines) <= LINES
    assert max(map(len, lines), default=0) <= 400
    assert "is too long: newcomers are shown 20 lines of 400 characters at the most" in why


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_motd(tmp_path / "nothing")
