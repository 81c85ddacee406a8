"""storage/segment_summary.py: a summary is read as it was stored; any other byte makes it none."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.places import Page, Places
from chat.replies import Reply
from storage.journal_rows import Turn
from storage.segment_summary import Closed, Summary, unpacked

ROWS = st.lists(st.tuples(st.sampled_from(["ann's", "bob's", "seat4", ""]), st.one_of(st.none(), st.integers(0, 99))))


def summed(rows: list[tuple[str, int | None]], answers: int = 2) -> Closed:
    summary = Summary()
    for seq, (author, cseq) in enumerate(rows, 1):
        summary.add(seq, Turn(1_000.0 + seq, [["s", author, "", "ann", "hi", cseq]]))
    summary.add(len(rows), Turn(2_000.0, [], [["ann's", n, 7, "é"] for n in range(answers)]))
    return summary.close(123, 0xFFFFFFFF)


@given(ROWS)
def test_what_was_stored_is_read(rows: list[tuple[str, int | None]]) -> None:
    closed = summed(rows)
    assert unpacked(closed.packed()) == closed
    assert closed.is_of(123, 0xFFFFFFFF)
    assert not closed.is_of(123, 1)
    assert (closed.entries, closed.newest_at) == (len(rows), 2_000.0)
    assert closed.replies == [Reply("ann's", n, 7, "é".encode()) for n in range(2)]


@given(ROWS)
def test_its_places_are_those_of_the_entries(rows: list[tuple[str, int | None]]) -> None:
    places = Places()
    for seq, (author, cseq) in enumerate(rows, 1):
        if author.endswith("'s") and cseq is not None:
            places.note(author, cseq, seq)
    assert summed(rows).page == places.close()


def test_many_turns_are_noted_batch_by_batch() -> None:
    page = summed([("ann's", n) for n in range(1_000)]).page
    assert (list(page.seqs), list(page.cseqs)) == (list(range(1, 1_001)), list(range(1_000)))


def test_any_byte_that_is_cut_or_changed_makes_it_none() -> None:
    data = summed([("ann's", 1), ("bob's", 2)]).packed()
    for at in range(len(data)):
        for wrong in (data[:at], data[:at] + bytes([data[at] ^ 0x41]) + data[at + 1 :]):
            with pytest.raises(ValueError):  # noqa: PT011  # of many kinds
                unpacked(wrong)


def test_machines_of_either_order_read_the_same_file(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = summed([("ann's", 1), ("bob's", 2)])
    data = closed.packed()
    monkeypatch.setattr(sys, "byteorder", "big")
    swapped = unpacked(data)
    assert swapped.page.cseqs[0] == 1 << 56
    assert swapped.packed() == data


def test_an_empty_segment_has_one() -> None:
    closed = Summary().close(1, 2)
    assert unpacked(closed.packed()) == closed
    assert closed.page == Page([], closed.page.ends, closed.page.cseqs, closed.page.seqs)
