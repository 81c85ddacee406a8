"""storage/entry_feed.py, and the search index that is kept by it, where no journal is (N1)."""

from __future__ import annotations

from pathlib import Path

import pytest

from chat.log import Entry
from protocol.events import Said
from storage import entry_feed
from storage.entry_feed import EntryFeed
from storage.search_index import Archive


def said(seq: int, text: str = "hello") -> Entry:
    return Entry(Said(seq, "ann", text, 1.0), 1.0, "ann's")


def test_entries_wait_until_they_are_indexed() -> None:
    feed = EntryFeed(100)
    assert (feed.oldest(), feed.newest(), feed.after(0, 9)) == (None, 0, [])
    feed.put([said(5), said(6), said(9)])
    assert [entry.event.seq for entry in feed.after(0, 2)] == [5, 6]
    assert [entry.event.seq for entry in feed.after(0, 2)] == [5, 6]  # nothing of them was indexed
    assert [entry.event.seq for entry in feed.after(6, 2)] == [9]
    assert (feed.oldest(), feed.newest(), feed.after(9, 2)) == (5, 9, [])


def test_the_index_holds_the_newest_and_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry_feed, "WAITING_LIMIT", 3)
    feed = EntryFeed(2)
    feed.put([said(seq) for seq in range(1, 6)])
    assert feed.oldest() == 4
    assert [entry.event.seq for entry in feed.after(0, 9)] == [3, 4, 5]


def test_what_is_fed_is_found_and_what_is_too_old_is_forgotten(tmp_path: Path) -> None:
    feed = EntryFeed(2)
    archive = Archive(tmp_path, feed)
    assert archive.search("fox", 9, "anybody") == []
    feed.put([said(1, "a fox"), said(2, "no cat"), said(3, "another fox")])
    assert archive.take_in(9) is False
    assert [found.seq for found in archive.search("fox", 9, "anybody")] == [1, 3]
    archive.forget()
    assert [found.seq for found in archive.search("fox", 9, "anybody")] == [3]
    archive.close()


def test_a_log_that_is_another_one_has_an_index_of_its_own(tmp_path: Path) -> None:  # N6
    feed = EntryFeed(9)
    archive = Archive(tmp_path, feed)
    feed.put([said(7, "a fox that was lost")])
    archive.take_in(9)
    feed.begin([said(5, "a fox that stayed")])
    archive.take_in(9)
    assert [found.text for found in archive.search("fox", 9, "anybody")] == ["a fox that stayed"]
    archive.close()
    again = Archive(tmp_path, EntryFeed(9))  # the next start has another feed
    assert again.search("fox", 9, "anybody") == []
    again.close()
