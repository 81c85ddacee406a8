"""storage/journal_reader.py: another reader follows the journal while it is written and goes through its segments."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat.log import Entry
from protocol.events import Said
from storage.journal import Journal, Start
from storage.journal_errors import JournalError
from storage.journal_reader import JournalReader
from storage.segment import listed

AT = 1_700_000_000.0


def said(seq: int, text: str = "x") -> Entry:
    return Entry(Said(seq, "ann", text, AT), AT)


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    monkeypatch.setattr("storage.segments.SIZE", 400)
    made = Journal(tmp_path, Start("an epoch"), 1000, 1e9)
    yield made
    made.close()


def seqs(entries: list[Entry]) -> list[int]:
    return [entry.event.seq for entry in entries]


def test_a_new_journal_has_nothing_to_read(journal: Journal) -> None:
    reader = JournalReader(journal.path)
    assert (reader.newest(), reader.oldest(), reader.after(0, 10)) == (0, 1, [])


def test_what_is_written_is_read_as_it_comes(journal: Journal) -> None:
    reader = JournalReader(journal.path)
    for seq in range(1, 30):
        journal.write([said(seq)])
        assert reader.after(seq - 1, 10) == [said(seq)]
        assert reader.newest() == seq
    assert len(listed(journal.path)) > 5


@given(
    turns=st.lists(st.integers(1, 5), min_size=1, max_size=12),
    asked=st.lists(st.tuples(st.integers(0, 70), st.integers(1, 9)), max_size=8),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_part_is_found_wherever_it_begins(
    tmp_path_factory: pytest.TempPathFactory, turns: list[int], asked: list[tuple[int, int]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("storage.segments.SIZE", 300)
        journal = Journal(tmp_path_factory.mktemp("data"), Start("an epoch"), 1000, 1e9)
        for count in turns:
            journal.write([said(journal.seq() + 1 + more) for more in range(count)])
            journal.write([], [])
    reader = JournalReader(journal.path)
    for seq, limit in asked:
        expected = list(range(seq + 1, min(seq + limit, sum(turns)) + 1))
        assert seqs(reader.after(seq, limit)) == expected
        again = expected[-1] if expected else seq
        assert seqs(reader.after(again, limit)) == list(range(again + 1, min(again + limit, sum(turns)) + 1))
    journal.close()


def test_a_line_longer_than_a_piece_is_read(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.journal_reader._PIECE", 50)
    journal.write([said(1, "y" * 500), said(2)])
    journal.write([said(3)])
    assert seqs(JournalReader(journal.path).after(0, 9)) == [1, 2, 3]


def test_a_torn_line_is_waited_for(journal: Journal) -> None:
    reader = JournalReader(journal.path)
    journal.write([said(1)])
    (path,) = listed(journal.path)
    before = path.read_bytes()
    journal.write([said(2)])
    after = path.read_bytes()
    path.write_bytes(after[:-5])
    assert seqs(reader.after(0, 9)) == [1]
    assert reader.newest() == 1
    path.write_bytes(after)
    assert seqs(reader.after(1, 9)) == [2]
    assert before < after


@pytest.mark.parametrize("at", [0, 1])
def test_damage_is_told_with_its_place(journal: Journal, at: int) -> None:
    for seq in range(1, 12):
        journal.write([said(seq)])
    path = listed(journal.path)[at]
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"x"', b'"y"', 1))
    with pytest.raises(JournalError, match=rf"is damaged \({path.name}, byte "):
        JournalReader(journal.path).after(0, 99)


def test_a_closed_segment_without_its_end_is_damage(journal: Journal) -> None:
    for seq in range(1, 12):
        journal.write([said(seq)])
    path = listed(journal.path)[0]
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(JournalError, match="is damaged"):
        JournalReader(journal.path).after(0, 99)


def test_a_folder_without_segments_is_told(tmp_path: Path) -> None:
    for ask in (
        JournalReader(tmp_path).newest,
        JournalReader(tmp_path).oldest,
        lambda: JournalReader(tmp_path).after(0, 1),
    ):
        with pytest.raises(JournalError, match="It has no segments"):
            ask()
