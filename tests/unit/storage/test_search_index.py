"""storage/search_index.py: the journal's entries are found by their words and names, by those who may read them."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat.log import Entry, Log
from protocol.events import Joined, Past, Renamed, Said, Whispered
from protocol.text import words_of
from storage.journal import Journal, Start
from storage.journal_errors import JournalError
from storage.search_index import FILE_NAME, Archive, ArchiveDamagedError
from storage.segment import listed
from storage.segments import delete
from tests.unit.chat.test_log import TALK

AT = 1_700_000_000.0
MANY = 10_000


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path, Start("an epoch"), 1000, 1e9)
    yield made
    made.close()


@pytest.fixture
def archive(journal: Journal, tmp_path: Path) -> Iterator[Archive]:
    journal.write(TALK)
    made = Archive(tmp_path, "an epoch")
    made.take_in(MANY)
    yield made
    made.close()


def seqs(messages: list[Past]) -> list[int]:
    return [message.seq for message in messages]


@pytest.mark.parametrize("words", ["fox", "FOX", "fox red", "fuchse!", "fo", "mine", "a", "zebra", "red mine"])
@pytest.mark.parametrize("identity", ["ann's", "bobs", "eves"])
def test_it_finds_what_memory_would(archive: Archive, words: str, identity: str) -> None:
    assert archive.search(words, 9, identity) == Log(TALK, len(TALK)).search(words, 9, identity)


@given(texts=st.lists(st.text(max_size=12), min_size=1, max_size=5), data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_word_that_was_said_is_found_as_in_memory(
    journal: Journal, tmp_path: Path, texts: list[str], data: st.DataObject
) -> None:
    begin = journal.seq()
    entries = [Entry(Said(begin + n, "ann", text, AT), AT) for n, text in enumerate(texts, 1)]
    journal.write(entries)
    words = data.draw(st.sampled_from([word for text in texts for word in words_of(text)] or ["none"]))
    archive = Archive(tmp_path, "an epoch")
    while archive.take_in(MANY):
        pass
    found = [message for message in archive.search(words, MANY, "x") if message.seq > begin]
    archive.close()
    assert found == Log(entries, begin + len(texts)).search(words, MANY, "x")


def test_the_newest_are_found_the_oldest_of_them_first(archive: Archive) -> None:
    assert seqs(archive.search("fox", 1, "eves")) == [5]
    assert archive.search("fuchse", 9, "eves") == [Past(5, AT + 5, "carl", "Füchse, no fox")]


def test_whispers_are_found_by_the_two_they_were_between(journal: Journal, tmp_path: Path) -> None:
    journal.write([Entry(Whispered(1, "ann", "bob", "psst", AT), AT, "seat1", "seat2")])
    archive = Archive(tmp_path, "an epoch")
    archive.take_in(MANY)
    for identity, found in (("seat1", [1]), ("seat2", [1]), ("seat3", []), ("everybody", [])):
        assert seqs(archive.search("psst", 9, identity)) == found
    assert archive.search("psst", 9, "seat2") == [Past(1, AT, "ann", "psst", "bob")]
    archive.close()


@pytest.mark.parametrize(("name", "at"), [("ANN", AT + 4), ("anna", AT + 4), ("carl", AT + 6), ("bob", None)])
def test_it_knows_when_everybody_last_heard_of_somebody(archive: Archive, name: str, at: float | None) -> None:
    assert archive.last_seen(name) == at


def test_it_takes_in_little_by_little_and_goes_on_where_it_was(journal: Journal, tmp_path: Path) -> None:
    journal.write([Entry(Said(seq, "ann", f"word{seq}", AT), AT) for seq in range(1, 8)])
    journal.write([Entry(Joined(8, "bob", 2), AT + 1), Entry(Renamed(9, "bob", "rob"), AT + 1)])
    archive = Archive(tmp_path, "an epoch")
    assert archive.take_in(5)
    assert seqs(archive.search("word5", 9, "x")) == [5]
    assert archive.search("word6", 9, "x") == []
    archive.close()
    again = Archive(tmp_path, "an epoch")
    assert not again.take_in(5)
    assert seqs(again.search("word6", 9, "x")) == [6]
    assert again.last_seen("rob") == again.last_seen("bob") == AT + 1
    again.close()


def test_what_the_journal_has_forgotten_is_forgotten(
    journal: Journal, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.segments.SIZE", 1)  # a segment a turn, from the next one on
    journal.write([Entry(Said(7, "ann", "fox", AT), AT + 9)])
    journal.write([Entry(Said(8, "ann", "fox", AT), AT + 9)])
    archive.take_in(MANY)
    archive.forget()
    assert seqs(archive.search("fox", 9, "ann's")) == [2, 3, 5, 7, 8]
    (first, *_) = listed(journal.path)
    delete(first)
    archive.forget()
    assert seqs(archive.search("fox", 9, "ann's")) == [8]


@pytest.mark.parametrize("other", ["another epoch", "more than the journal knows"])
def test_a_file_of_another_log_is_begun_anew(journal: Journal, tmp_path: Path, other: str) -> None:  # 9
    journal.write(TALK)
    before = Archive(tmp_path, "an epoch")
    before.take_in(MANY)
    before.close()
    if other == "more than the journal knows":  # a backup of the journal was put back
        journal.close()
        journal.path.rename(tmp_path / "elsewhere")
        journal = Journal(tmp_path, Start("an epoch"), 1000, 1e9)
        journal.write(TALK[:2])
    archive = Archive(tmp_path, "an epoch" if other == "more than the journal knows" else other)
    assert archive.search("fox", 9, "x") == []
    archive.take_in(MANY)
    assert seqs(archive.search("fox", 9, "x")) == ([2, 5] if other == "another epoch" else [2])
    archive.close()


def test_a_lock_or_a_full_disk_is_no_damage(archive: Archive, tmp_path: Path) -> None:  # 9
    archive._opened().execute("PRAGMA busy_timeout = 0")
    with contextlib.closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(JournalError, match="database is locked") as caught:
            archive.search("fox", 9, "x")
        assert not isinstance(caught.value, ArchiveDamagedError)
    assert seqs(archive.search("fox", 9, "x")) == [2, 5]


def test_a_file_that_can_t_be_removed_is_told(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", forbidden)
    with pytest.raises(JournalError, match="Permission denied"):
        archive.begin_anew()


def test_entries_that_are_none_are_told_and_nothing_is_taken_in(journal: Journal, archive: Archive) -> None:
    with listed(journal.path)[0].open("a") as file:
        file.write("0badc0de 9 nothing\n")
    with pytest.raises(JournalError, match="is damaged"):
        archive.take_in(MANY)
    assert seqs(archive.search("fox", 9, "x")) == [2, 5]


def test_a_folder_without_a_journal_is_told(tmp_path: Path) -> None:
    with pytest.raises(JournalError):
        Archive(tmp_path / "nowhere", "an epoch").search("x", 1, "x")


def test_a_search_that_takes_too_long_is_given_up(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.search_index.PATIENCE", -1.0)
    monkeypatch.setattr("storage.search_index._STEPS", 1)
    with pytest.raises(JournalError, match="interrupted"):
        archive.search("fox", 9, "x")
    monkeypatch.undo()
    assert seqs(archive.search("fox", 9, "x")) == [2, 5]
