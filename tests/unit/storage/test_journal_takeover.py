"""storage/journal_takeover.py: the journal of an earlier version becomes segments, once, whatever comes between."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from storage.journal import Journal, Start
from storage.journal_errors import JournalError
from storage.journal_takeover import FILE_NAME
from tests.support.kills import kills
from tests.support.old_journal import Run, make_old
from tests.unit.storage.test_journal import ANSWERS, ENTRIES, said

TURNS = [ENTRIES[:2], ENTRIES[2:], [said(1_000), said(1_001)]]
RUNS: list[Run] = [(1, 6, "an epoch"), (1_000, None, "an epoch")]


def opened(folder: Path, boot: str = "") -> Journal:
    return Journal(folder, Start("a new epoch", boot), 1000, 1e9)


def check(folder: Path) -> None:
    journal = opened(folder)
    assert [entry for turn in TURNS for entry in turn] == journal.newest()
    assert (journal.epoch, journal.lost_its_end) == ("an epoch", False)
    assert journal.runs[:2] == [(1, 6), (1_000, 1_001)]
    assert journal.take_answers() == ANSWERS
    assert journal.first > 1_001
    journal.close()
    assert sorted(path.name for path in folder.iterdir() if ".new" in path.name) == []
    assert not (folder / FILE_NAME).exists()
    assert (folder / "journal.db.old").exists()
    again = opened(folder)
    assert (again.notes, again.epoch) == ([], "an epoch")
    again.close()


def test_a_database_is_taken_over_and_put_aside_unchanged(tmp_path: Path) -> None:  # issue 12, 2
    old = make_old(tmp_path, TURNS, RUNS, ANSWERS)
    content = old.read_bytes()
    journal = opened(tmp_path)
    assert journal.notes == [
        f"The journal of an earlier version was taken over: 8 entries, now in {journal.path}.",
        f"{old} is not used any more. It was put aside as {old}.old.",
    ]
    journal.close()
    assert (tmp_path / "journal.db.old").read_bytes() == content
    assert (tmp_path / "journal.db.old-wal").exists()
    check(tmp_path)


def test_a_kill_at_any_step_leaves_what_the_next_start_takes_over(tmp_path: Path) -> None:
    def begin(folder: Path) -> None:
        make_old(folder, TURNS, RUNS, ANSWERS)

    for folder in kills(tmp_path, begin, lambda folder: opened(folder).close()):
        check(folder)


def test_one_that_is_found_beside_segments_is_only_put_aside(tmp_path: Path) -> None:
    (tmp_path / "journal.db.old").touch()
    journal = opened(tmp_path)
    journal.write([said(1)])
    journal.close()
    make_old(tmp_path, TURNS, RUNS)
    again = opened(tmp_path)
    assert again.newest() == [said(1)]
    assert again.notes == [
        f"{tmp_path / FILE_NAME} is not used any more. It was put aside as {tmp_path}/journal-2.db.old."
    ]
    again.close()


@pytest.mark.parametrize(
    ("boot", "has_wal", "is_lost"), [("a boot", True, False), ("another", True, True), ("a boot", False, True)]
)
def test_one_whose_end_may_be_lost_is_another_log(tmp_path: Path, boot: str, has_wal: bool, is_lost: bool) -> None:
    old = make_old(tmp_path, TURNS, RUNS, boot="a boot")
    if not has_wal:
        with sqlite3.connect(old) as db:  # it works the write-ahead log in
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
        assert not old.with_name(f"{FILE_NAME}-wal").exists()
    journal = opened(tmp_path, boot)
    assert (journal.epoch, journal.lost_its_end) == ("a new epoch" if is_lost else "an epoch", is_lost)
    assert journal.runs == ([] if is_lost else [(1, 6), (1_000, 1_001)])
    journal.close()
    again = opened(tmp_path, boot)
    assert (again.epoch, again.lost_its_end) == (journal.epoch, False)
    again.close()


def test_the_first_format_is_one_run_without_answers(tmp_path: Path) -> None:
    make_old(tmp_path, TURNS[:2], [(1, None, "an epoch")], ANSWERS, version=1)
    journal = opened(tmp_path)
    assert (journal.runs, journal.first, journal.take_answers()) == ([(1, 6)], 7, [])
    assert journal.newest() == ENTRIES
    journal.close()


def test_runs_without_an_entry_and_of_other_epochs_are_known(tmp_path: Path) -> None:
    runs: list[Run] = [(1, 5, "old"), (20, 25, "an epoch"), (1_000, 1_001, "an epoch"), (2_000, None, "an epoch")]
    make_old(tmp_path, TURNS[2:], runs)
    journal = opened(tmp_path)
    assert journal.runs == [(20, 25), (1_000, 1_001)]
    journal.close()


def test_an_empty_one_is_a_beginning(tmp_path: Path) -> None:
    make_old(tmp_path, [], [(1, 5, "an epoch"), (7, None, "an epoch")])
    journal = opened(tmp_path)
    assert (journal.epoch, journal.runs, journal.newest(), journal.first) == ("an epoch", [(1, 5)], [], 6)
    journal.close()


@pytest.mark.parametrize("what", ["notes", "newer"])
def test_what_is_no_database_of_ours_is_told_and_left_alone(tmp_path: Path, what: str) -> None:
    path = tmp_path / FILE_NAME
    if what == "notes":
        path.write_bytes(b"this is no database, but somebody's notes" * 100)
        words = "is damaged (file is not a database). Put it elsewhere"
    else:
        make_old(tmp_path, TURNS, RUNS, version=3)
        words = "is of a newer version of this server. Use that one"
    content = path.read_bytes()
    for _ in range(2):
        with pytest.raises(JournalError) as caught:
            opened(tmp_path)
        assert str(caught.value).startswith(f"{path} {words}")
    assert path.read_bytes() == content
    assert not (tmp_path / "journal").exists()
