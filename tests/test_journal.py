"""stores/journal.py: what was written is found again, by one server at a time, within bounds; and what goes wrong."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from chat.answers import Answer
from chat.log import Entry
from protocol.messages import Joined, Left, Renamed, RoomEvent, Said, Whispered
from stores.journal import FILE_NAME, Journal, JournalError
from tests.strategies import clean_texts

AT = 1_700_000_000.0
DAY = 86_400.0
EVENTS: tuple[RoomEvent, ...] = (
    Joined(1, "ann", 1),
    Said(2, "ann", 'hi "all" \\ Füchse', AT, 7),
    Said(3, "bob", "hi", AT),
    Whispered(4, "ann", "bob", "psst", AT, 8),
    Renamed(5, "ann", "anna", 9),
    Left(6, "anna", 0, "goodbye"),
)
ENTRIES = [Entry(event, AT, "ann's", "bob's" if isinstance(event, Whispered) else "") for event in EVENTS]
ANSWERS = [Answer("ann's", 7, b'{"type":"said"}'), Answer("b", 1, '{"type":"é"}'.encode())]


def opened(folder: Path, keep: int = 1000, age: float = DAY, sync: bool = False) -> Journal:
    return Journal(folder, "an epoch", keep, age, sync)


def said(seq: int, at: float = AT) -> Entry:
    return Entry(Said(seq, "ann", f"line {seq}", at), at)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = opened(tmp_path)
    yield made
    made.close()


def test_a_new_one_is_empty_and_nobody_else_s_to_read(tmp_path: Path, journal: Journal) -> None:
    assert (journal.seq(), journal.newest(), journal.answers()) == (0, [], [])
    for name in (FILE_NAME, "journal.lock"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("sync", [False, True])
def test_what_was_written_is_found_again_in_its_order_and_epoch(tmp_path: Path, sync: bool) -> None:
    first = opened(tmp_path, sync=sync)
    first.write(ENTRIES[:2])
    first.write(ENTRIES[2:], ANSWERS)
    first.close()
    again = Journal(tmp_path, "another epoch", 1000, DAY)
    assert again.epoch == "an epoch"
    assert (again.seq(), again.newest(), again.answers()) == (6, ENTRIES, ANSWERS)
    assert again.newest(3) == ENTRIES[3:]
    again.close()


def test_entries_of_several_moments_are_turns_of_their_own(journal: Journal) -> None:
    entries = [said(1), said(2), said(3, AT + 1)]
    journal.write(entries)
    assert journal.newest() == entries


def test_answers_alone_are_a_turn_too(tmp_path: Path, journal: Journal) -> None:
    journal.write([], ANSWERS[:1])
    journal.write([], ANSWERS[1:])
    journal.close()
    again = opened(tmp_path)
    assert again.answers() == ANSWERS
    again.write([], ANSWERS)
    assert again.answers() == ANSWERS * 2
    again.close()


@given(text=clean_texts)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_found_as_it_was_said(journal: Journal, text: str) -> None:
    entry = Entry(Said(journal.seq() + 1, "ann", text, AT), AT)
    journal.write([entry])
    assert journal.newest(1) == [entry]


def test_a_killed_process_loses_nothing_that_was_written(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from tests.test_journal import ANSWERS, ENTRIES, opened\n"
        "opened(Path(sys.argv[1])).write(ENTRIES, ANSWERS); os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], check=False, cwd=Path(__file__).parent.parent
    )
    assert killed.returncode == -9
    again = opened(tmp_path)
    assert (again.newest(), again.answers()) == (ENTRIES, ANSWERS)
    again.close()


@pytest.mark.parametrize(
    ("sync", "is_closed", "boot", "epoch"),
    [
        (False, False, "another start", "another epoch"),
        (False, False, "a start", "an epoch"),
        (False, True, "another start", "an epoch"),
        (True, False, "another start", "an epoch"),
    ],
)
def test_what_the_machine_may_have_lost_on_its_way_down_makes_it_another_log(
    tmp_path: Path, sync: bool, is_closed: bool, boot: str, epoch: str
) -> None:
    first = Journal(tmp_path, "an epoch", 1000, DAY, sync, "a start")
    first.write(ENTRIES)
    if is_closed:
        first.close()
    else:
        first._db.close()
        first._lock.close()
    again = Journal(tmp_path, "another epoch", 1000, DAY, sync, boot)
    assert again.epoch == epoch
    assert again.newest() == ENTRIES
    again.close()


# --- bounds ------------------------------------------------------------------------------------------------------


def test_the_oldest_are_deleted_beyond_what_is_to_be_kept(tmp_path: Path) -> None:
    journal = opened(tmp_path, keep=10)
    for first in range(1, 3000, 10):
        journal.write([said(seq) for seq in range(first, first + 10)])
    assert len(journal.newest()) < 1_100
    journal.close()
    again = opened(tmp_path, keep=10)
    assert [entry.event.seq for entry in again.newest()] == list(range(2991, 3001))
    again.close()


def test_what_is_too_old_is_deleted_but_the_newest_turn_stays(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.write([said(1, AT - 2 * DAY), said(2, AT - DAY / 2), said(3)])
    journal.close()
    assert [entry.event.seq for entry in closed(opened(tmp_path))] == [2, 3]
    assert [entry.event.seq for entry in closed(opened(tmp_path, age=1.0))] == [3]


def closed(journal: Journal) -> list[Entry]:
    """Return what the journal holds, and close it."""
    entries = journal.newest()
    journal.close()
    return entries


# --- what goes wrong ---------------------------------------------------------------------------------------------


def complaint(folder: Path) -> str:
    with pytest.raises(JournalError) as caught:
        opened(folder)
    return str(caught.value)


def test_another_server_is_kept_out_until_this_one_is_gone(tmp_path: Path, journal: Journal) -> None:
    assert complaint(tmp_path) == f"Another server uses {tmp_path}. Stop it, or choose another --data."
    journal.close()
    opened(tmp_path).close()


def test_a_file_that_is_no_journal_is_told_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"this is no database, but somebody's notes" * 100)
    assert "is damaged (file is not a database). Put it elsewhere" in complaint(tmp_path)
    assert (tmp_path / FILE_NAME).read_bytes().startswith(b"this is no database")


def test_entries_that_are_none_are_told(tmp_path: Path) -> None:
    opened(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        db.execute("INSERT INTO log VALUES (1, 0.0, '[[\"z\"]]')")
    db.close()
    journal = opened(tmp_path)
    with pytest.raises(JournalError, match="is damaged"):
        journal.newest()
    journal.close()


def test_a_newer_version_s_journal_is_left_alone(tmp_path: Path) -> None:
    opened(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        db.execute("PRAGMA user_version = 2")
    db.close()
    assert "is of a newer version of this server" in complaint(tmp_path)


@pytest.mark.parametrize("what", ["a file", "no rights"])
def test_a_folder_that_can_t_be_one_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    folder = tmp_path / "data"
    if what == "a file":
        folder.touch()
    else:

        def forbidden(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "mkdir", forbidden)
    assert complaint(folder).endswith("Mend that, choose another --data, or --no-journal.")


def test_a_disk_that_is_full_is_told_and_the_file_put_aside(tmp_path: Path, journal: Journal) -> None:
    journal.write(ENTRIES)
    pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
    journal._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(JournalError, match="database or disk is full"):
        journal.write([Entry(Said(7, "ann", "x" * 100_000, AT), AT)])
    aside = journal.set_aside()
    assert aside.exists()
    fresh = opened(tmp_path)
    assert fresh.newest() == []
    fresh.close()
    aside.replace(tmp_path / FILE_NAME)
    again = opened(tmp_path)
    assert again.newest() == ENTRIES
    again.close()


def test_a_file_that_can_t_be_put_aside_is_told(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "replace", forbidden)
    with pytest.raises(JournalError, match="Read-only file system"):
        journal.set_aside()
