"""storage/export.py: the history as JSON lines (O5)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chat.log import Entry
from protocol.events import Joined, Said, Whispered
from storage.export import exported
from storage.journal import Journal, Start
from storage.journal_errors import JournalError
from storage.journal_reader import JournalReader
from storage.segment import listed

AT = 1_700_000_000.0


def lines(reader: JournalReader, since: float = 0.0, whispers: bool = False) -> list[dict[str, Any]]:
    return [json.loads(line) for line in exported(reader, since, whispers)]


def test_each_entry_is_an_object_with_its_time(tmp_path: Path) -> None:
    journal = Journal(tmp_path, Start("an epoch"), 100, 1e9)
    journal.write([Entry(Joined(1, "ann", 1), AT, "<ann>"), Entry(Said(2, "ann", "h\u00e9", AT, 7), AT, "<ann>")])
    journal.write([Entry(Whispered(3, "ann", "bob", "psst", AT + 5, 8), AT + 5, "<ann>", "<bob>")])
    journal.close()
    said = {"time": "2023-11-14T22:13:20Z", "type": "said", "seq": 2, "name": "ann", "text": "h\u00e9", "at": AT}
    joined = {"time": "2023-11-14T22:13:20Z", "type": "joined", "seq": 1, "name": "ann", "count": 1, "at": AT}
    reader = JournalReader(journal.path)
    assert lines(reader) == [joined, said]
    assert [line["type"] for line in lines(reader, whispers=True)] == ["joined", "said", "whispered"]
    assert [line["type"] for line in lines(reader, AT + 1, whispers=True)] == ["whispered"]
    assert "<" not in "".join(exported(reader, 0.0, whispers=True))  # nobody's identity


def test_what_is_deleted_meanwhile_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.segments.SIZE", 200)
    monkeypatch.setattr("storage.export._PART", 2)
    journal = Journal(tmp_path, Start("an epoch"), 1000, 1e9)
    for seq in range(1, 31):
        journal.write([Entry(Said(seq, "ann", "x", AT), AT)])
    found = exported(JournalReader(journal.path), 0.0)
    first = json.loads(next(found))["seq"]
    gone = listed(journal.path)[:5]
    for path in gone:
        path.unlink()
    rest = [json.loads(line)["seq"] for line in found]
    assert (first, rest[-1]) == (1, 30)
    assert rest == [2, *range(rest[1], 31)]
    assert rest[1] > 3
    journal.close()


def test_a_folder_without_a_journal_is_told(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="journal"):
        list(exported(JournalReader(tmp_path / "journal"), 0.0))
