"""client.ui.records: the file of /log, and how the chat ends in it. U5."""

from __future__ import annotations

import io
import os
import stat
from datetime import datetime
from pathlib import Path

import pytest

from client.cli.exits import Ending, Exit
from client.core.render import Kind, notice
from client.ui.records import LogFile, Records
from protocol.requests import Log

AT = 1_700_000_000.0
TIME = f"{datetime.fromtimestamp(AT):%Y-%m-%d %H:%M:%S}"


@pytest.fixture
def log() -> LogFile:
    return LogFile(lambda: AT)


def test_what_is_shown_goes_to_the_end_of_a_file_of_ones_own(log: LogFile, tmp_path: Path) -> None:  # U5
    path = tmp_path / "chat log"
    path.write_text("before\n")
    path.chmod(0o644)
    assert log.add(notice("not yet")) is None
    told = log.change(Log(str(path)))
    assert (told.kind, told.text) == (Kind.ANSWER, log.change(Log()).text)
    assert str(path) in told.text
    assert log.add(notice("one")) is None
    assert path.read_text() == f"before\n{TIME} * one\n"  # at once
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert log.change(Log("OFF")).text == f"{path} is not written any more."
    assert log.add(notice("two")) is None
    assert path.read_text() == f"before\n{TIME} * one\n"
    assert log.change(Log("off")).text == log.change(Log()).text


def test_another_file_takes_the_place_of_the_first(
    log: LogFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # U5
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    log.change(Log("one"))
    log.change(Log("~/two"))
    log.add(notice("x"))
    log.change(Log("off"))
    assert ((tmp_path / "one").read_text(), (tmp_path / "two").read_text()) == ("", f"{TIME} * x\n")
    assert stat.S_IMODE((tmp_path / "two").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "name", ["", "nowhere/at all", "pipe", "folder", "~nobody-at-all/x", "link", "a\0b", os.devnull]
)
def test_a_file_that_cannot_be_written_is_a_sentence(log: LogFile, tmp_path: Path, name: str) -> None:  # U5
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "link")
    kept = tmp_path / "kept"
    log.change(Log(str(kept)))
    told = log.change(Log(name if name.startswith("~") else str(tmp_path / name)))
    assert told.kind is Kind.REFUSED
    assert "can't be written: " in told.text
    log.add(notice("x"))
    assert kept.read_text() == f"{TIME} * x\n"  # goes on
    log.change(Log("off"))


def test_a_full_disk_ends_the_log_and_is_told_once(log: LogFile, tmp_path: Path) -> None:  # U5
    class Full(io.BytesIO):
        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    log.change(Log(str(tmp_path / "chat.log")))
    assert log._file is not None
    with log._file:
        log._file = Full()
    told = log.add(notice("x"))
    assert told is not None
    assert "chat.log can't be written: No space left on device." in told.text
    assert log.add(notice("y")) is None


def test_how_the_chat_ended_is_in_it(tmp_path: Path) -> None:  # U5
    path = tmp_path / "chat.log"
    records = Records()
    records.log.change(Log(str(path)))
    with pytest.raises(Ending), records:
        raise Ending(Exit.LOST, "The connection was lost.")
    assert path.read_text().endswith(" ! The connection was lost.\n")
    assert records.add(notice("more")) is None
    with records:
        pass
