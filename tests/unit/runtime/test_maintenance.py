"""runtime/maintenance.py: `server.py export` and `server.py backup DIR` (O5)."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from chat.log import Entry
from protocol.events import Said
from runtime.maintenance import Progress, run
from storage.journal import Journal, Start

AT = 1_700_000_000.0  # 2023-11-14 22:13:20


@pytest.fixture
def data(tmp_path: Path) -> Path:
    journal = Journal(tmp_path / "data", Start("an epoch"), 100, 1e9)
    journal.write([Entry(Said(1, "ann", "one", AT), AT), Entry(Said(2, "ann", "two", AT), AT)])
    journal.write([Entry(Said(3, "ann", "three", AT + 60), AT + 60)])
    journal.close()
    return tmp_path / "data"


def test_other_words_are_the_server_s() -> None:
    assert run([]) is None
    assert run(["8001"]) is None


@pytest.mark.parametrize(
    ("since", "texts"),
    [
        ([], ["one", "two", "three"]),
        (["--since", "2023-11-14"], ["one", "two", "three"]),
        (["--since", "2023-11-14T22:14"], ["three"]),
        (["--since", "2023-11-14T22:14:00Z"], ["three"]),
        (["--since", "2023-11-14T23:14+01:00"], ["three"]),
        (["--since", "2023-11-15"], []),
    ],
)
def test_the_history_is_printed_from_a_date_on(
    data: Path, capsys: pytest.CaptureFixture[str], since: list[str], texts: list[str]
) -> None:
    assert run(["export", "--data", str(data), *since]) == 0
    assert [json.loads(line)["text"] for line in capsys.readouterr().out.splitlines()] == texts


def test_the_folder_is_the_one_that_is_configured(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHAT_SERVER_DATA", str(data))
    assert run(["export"]) == 0
    assert "three" in capsys.readouterr().out
    pytest.importorskip("tomllib")
    file = data.parent / "chat.toml"
    file.write_text(f'data = "{data}"\n')
    monkeypatch.delenv("CHAT_SERVER_DATA")
    assert run(["export", "--config", str(file)]) == 0
    assert "three" in capsys.readouterr().out


def test_a_backup_is_made_once(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = data.parent / "copy"
    assert run(["backup", "--data", str(data), str(copy)]) == 0
    assert capsys.readouterr().out.startswith(f"Copied to {copy}: the journal (")
    assert run(["backup", "--data", str(data), str(copy)]) == 1
    assert capsys.readouterr().err == f"{copy} is there already. Choose another name.\n"


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["export", "--since", "soon"], 2, "'soon' is not a date: give one such as 2026-11-21"),
        (["export", "--data", "nowhere"], 1, "Cannot use nowhere/journal: No such file or directory."),
        (["backup", "copy", "--data", "nowhere"], 1, "There is no folder nowhere. Name the server's with --data."),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    capsys: pytest.CaptureFixture[str], words: list[str], code: int, sentence: str
) -> None:
    try:
        ended = run(words)
    except SystemExit as error:
        ended = error.code  # type: ignore[assignment]
    assert ended == code
    assert sentence in capsys.readouterr().err


def test_damage_is_said_in_a_sentence(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (segment,) = (data / "journal").glob("*.log")
    segment.write_bytes(segment.read_bytes().replace(b"one", b"ore"))
    for words in (["export"], ["backup", str(data.parent / "copy")]):
        assert run([*words, "--data", str(data)]) == 1
        assert f"{data}" in (told := capsys.readouterr().err)
        assert "is damaged" in told


def test_what_takes_long_shows_its_progress_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress = Progress()
    for moment in (0.9, 1.0, 1.1, 1.3):
        now[0] = moment
        progress.tell(f"at {moment}")
    progress.end()
    assert capsys.readouterr().err == "\rat 1.0\rat 1.3\r      \r"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    progress = Progress()
    now[0] = 9.0
    progress.tell("nobody sees it")
    progress.end()
    assert capsys.readouterr().err == ""
