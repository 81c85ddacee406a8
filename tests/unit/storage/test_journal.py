"""storage/journal.py: what was written is found again, by one server at a time, within bounds; and what goes wrong."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from chat.log import Entry, first_number
from chat.replies import Place, Reply
from protocol.events import Joined, Left, Renamed, RoomEvent, Said, Whispered
from storage.journal import FILE_NAME, Journal, JournalError, Start
from storage.journal_rows import ROWS, packed
from tests.support.strategies import clean_texts

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
ANSWERS = [Reply("ann's", 7, 0, b'{"type":"refused"}'), Reply("b", 1, 9, '{"type":"é"}'.encode())]


def opened(folder: Path, keep: int = 1000, age: float = DAY, sync: bool = False) -> Journal:
    return Journal(folder, Start("an epoch"), keep, age, sync)


def said(seq: int, at: float = AT) -> Entry:
    return Entry(Said(seq, "ann", f"line {seq}", at), at)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = opened(tmp_path)
    yield made
    made.close()


def test_a_new_one_is_empty_and_nobody_else_s_to_read(tmp_path: Path, journal: Journal) -> None:
    assert (journal.seq(), journal.newest(), journal.answers()) == (0, [], [])
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600


@pytest.mark.parametrize("sync", [False, True])
def test_what_was_written_is_found_again_in_its_order_and_epoch(tmp_path: Path, sync: bool) -> None:
    first = opened(tmp_path, sync=sync)
    first.write(ENTRIES[:2])
    first.write(ENTRIES[2:], ANSWERS)
    first.close()
    again = Journal(tmp_path, Start("another epoch"), 1000, DAY)
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


SAMPLES = {
    "seq": 1,
    "at": AT,
    "cseq": 7,
    "name": "ann",
    "old": "anna",
    "to": "bob",
    "text": "hi",
    "count": 3,
    "reason": "why",
}


@pytest.mark.parametrize("kind", ROWS)
@pytest.mark.parametrize("settled", [0, 9])
def test_each_event_of_the_room_is_found_with_all_of_its_fields(journal: Journal, kind: type, settled: int) -> None:
    event = kind(**{field.name: SAMPLES[field.name] for field in fields(kind)})
    entry = Entry(event, AT, "ann's", "bob's", settled)
    journal.write([entry])
    assert journal.newest() == [entry]


def test_a_turn_is_written_as_earlier_versions_read_it() -> None:
    rows = (
        """["j","ann's","","ann",1]""",
        r"""["s","ann's","","ann","hi \"all\" \\ Füchse",7]""",
        """["s","ann's","","bob","hi",null]""",
        """["w","ann's","bob's","ann","bob","psst",8]""",
        """["r","ann's","","ann","anna",9]""",
        """["l","ann's","","anna",0,"goodbye"]""",
    )
    assert packed(AT, ENTRIES) == (6, AT, f"[{','.join(rows)}]")


@given(text=clean_texts)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_found_as_it_was_said(journal: Journal, text: str) -> None:
    entry = Entry(Said(journal.seq() + 1, "ann", text, AT), AT)
    journal.write([entry])
    assert journal.newest(1) == [entry]


def killed(journal: Journal) -> None:
    """Leave both files as they stand, as a killed process does; SQLite's own end would work one into the other."""
    left = {path: path.read_bytes() for path in (journal.path, journal._wal())}
    journal._db.close()
    for path, content in left.items():
        path.write_bytes(content)


def test_a_killed_process_loses_nothing_that_was_written(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path\n"
        "from tests.unit.storage.test_journal import ANSWERS, ENTRIES, opened\n"
        "opened(Path(sys.argv[1])).write(ENTRIES, ANSWERS); os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False, cwd=Path(__file__).parents[3])
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
    first = Journal(tmp_path, Start("an epoch", "a start"), 1000, DAY, sync)
    first.write(ENTRIES)
    if is_closed:
        first.close()
    else:
        killed(first)
    again = Journal(tmp_path, Start("another epoch", boot), 1000, DAY, sync)
    assert (again.epoch, again.lost_its_end) == (epoch, epoch != "an epoch")
    assert again.newest() == ENTRIES
    again.close()


# --- runs --------------------------------------------------------------------------------------------------------


def started(folder: Path, at: float = 0.0, epoch: str = "an epoch", keep: int = 1000) -> Journal:
    return Journal(folder, Start(epoch, at=at), keep, 1e9)


def test_each_run_has_numbers_of_its_own_by_the_clock_or_above_the_newest(tmp_path: Path) -> None:  # 8
    later = AT + 10
    for at, written in ((AT, 2), (later, 0), (later, 3), (AT, 1), (later, 0)):
        run = started(tmp_path, at)
        run.write([said(run.first + number) for number in range(written)])
        run.close()
    run = started(tmp_path)
    first, second = first_number(0, AT), first_number(0, later)
    assert run.runs == [(first, first + 1), (second, second + 2), (second + 3, second + 3)]
    assert run.first == second + 4
    assert [entry.event.seq for entry in closed(run)] == [first, first + 1, second, second + 1, second + 2, second + 3]


def test_a_run_that_was_killed_is_known_too(tmp_path: Path) -> None:
    first = started(tmp_path, AT)
    first.write([said(first.first)])
    killed(first)
    second = started(tmp_path, AT + 10)
    assert (second.runs, second.epoch, second.lost_its_end) == ([(first.first, first.first)], "an epoch", False)
    second.close()


def test_a_killed_run_whose_end_is_gone_makes_it_another_log(tmp_path: Path) -> None:  # 8
    first = started(tmp_path, AT)
    first.write([said(first.first)])
    killed(first)
    first._wal().unlink()
    second = started(tmp_path, AT + 10, "another epoch")
    assert (second.runs, second.epoch, second.lost_its_end) == ([], "another epoch", True)
    second.write([said(second.first)])
    second.close()
    third = started(tmp_path, AT + 20)
    assert (third.runs, third.epoch) == ([(second.first, second.first)], "another epoch")
    third.close()


def test_runs_that_left_nothing_are_forgotten_beyond_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.journal._RUNS", 2)
    for _ in range(4):
        run = started(tmp_path, keep=1)
        run.write([said(run.first)])
        run.close()
    run = started(tmp_path)
    assert run.runs == [(3, 3), (4, 4)]
    run.close()


def test_a_journal_of_an_earlier_version_is_one_run(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.write(ENTRIES, ANSWERS)
    first.close()
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        db.execute("DROP TABLE runs")
        db.execute("PRAGMA user_version = 1")
    db.close()
    again = opened(tmp_path)
    assert (again.runs, again.first, again.answers()) == ([(1, 6)], 7, [])
    assert closed(again) == ENTRIES


# --- whose lines -------------------------------------------------------------------------------------------------


def test_where_clients_lines_and_comings_stand_is_known_from_the_entries(journal: Journal) -> None:  # 6
    seats = [Entry(Said(7, "bob", "hi", AT, 1), AT, "seat4"), Entry(Joined(8, "ann", 1), AT, "ann's", settled=9)]
    journal.write([*ENTRIES, *seats])
    assert list(journal.places()) == [
        Place("ann's", 0, 1),
        Place("ann's", 7, 2),
        Place("ann's", 8, 4),
        Place("ann's", 9, 5),
        Place("ann's", 9, 8),
    ]
    assert journal.newest(1) == seats[1:]


def test_an_entry_is_looked_up_by_its_number(journal: Journal) -> None:
    journal.write(ENTRIES)
    journal.write([said(9)])
    assert [journal.entry(seq) for seq in (2, 6, 9)] == [ENTRIES[1], ENTRIES[5], said(9)]
    assert [journal.entry(seq) for seq in (7, 10)] == [None, None]
    journal.close()
    assert journal.entry(2) is None


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
    journal.write([said(seq, AT + days * DAY) for seq, days in enumerate((-2, -1.2, -0.5, 0), 1)])
    journal.close()
    assert [entry.event.seq for entry in closed(opened(tmp_path))] == [3, 4]
    assert [entry.event.seq for entry in closed(opened(tmp_path, age=1.0))] == [4]


def closed(journal: Journal) -> list[Entry]:
    """Return what the journal holds, and close it."""
    entries = journal.newest()
    journal.close()
    return entries


def test_entries_are_counted_over_runs(tmp_path: Path) -> None:  # 8
    for at in (AT, AT + 10, AT + 20):
        run = started(tmp_path, at)
        for number in range(3):  # a turn each
            run.write([said(run.first + number)])
        run.close()
    assert len(closed(started(tmp_path, keep=5))) == 5
    assert len(closed(started(tmp_path, keep=1))) == 1


@pytest.mark.parametrize("jump", [60 * DAY, -60 * DAY])
def test_a_run_with_a_wrong_clock_deletes_nothing(tmp_path: Path, jump: float) -> None:  # 10
    journal = opened(tmp_path, age=30 * DAY)
    journal.write([said(1)])
    journal.close()
    journal = opened(tmp_path, age=30 * DAY)
    journal.write([said(2, AT + jump)])
    journal.close()
    journal = opened(tmp_path, age=30 * DAY)
    journal.write([said(3, AT + 60)])
    journal.close()
    assert [entry.event.seq for entry in closed(opened(tmp_path, age=30 * DAY))] == [1, 2, 3]


def test_a_wrong_clock_that_was_believed_deletes_nothing_after_it(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    times = [AT + 60 * DAY, AT + 60 * DAY + 60, AT, AT + 60]
    journal.write([said(seq, at) for seq, at in enumerate(times, 1)])
    journal.close()
    assert len(closed(opened(tmp_path))) == 4


# --- what goes wrong ---------------------------------------------------------------------------------------------


def complaint(folder: Path) -> str:
    with pytest.raises(JournalError) as caught:
        opened(folder)
    return str(caught.value)


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
        db.execute("PRAGMA user_version = 3")
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
    assert complaint(folder).endswith("Repair that, choose another --data, or --no-journal.")


def test_a_disk_that_is_full_is_told_and_the_file_put_aside(tmp_path: Path, journal: Journal) -> None:
    journal.write(ENTRIES)
    pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
    journal._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(JournalError, match="database or disk is full"):
        journal.write([Entry(Said(7, "ann", "x" * 100_000, AT), AT)])
    aside = journal.set_aside()
    assert aside is not None
    fresh = opened(tmp_path)
    assert fresh.newest() == []
    fresh.close()
    aside.replace(tmp_path / FILE_NAME)
    again = opened(tmp_path)
    assert again.newest() == ENTRIES
    again.close()


def test_no_journal_that_was_put_aside_is_overwritten(tmp_path: Path) -> None:  # 7
    names = []
    for number in (1, 2, 3):
        journal = opened(tmp_path)
        journal.write([said(number)])
        aside = journal.set_aside()
        assert aside is not None
        names.append(aside.name)
    assert names == ["journal.failed", "journal-2.failed", "journal-3.failed"]
    journal = opened(tmp_path)
    assert sorted(path.name for path in journal.put_aside()) == sorted(names)
    journal.close()
    for number, name in enumerate(names, 1):
        (tmp_path / name).replace(tmp_path / FILE_NAME)
        assert closed(opened(tmp_path)) == [said(number)]


@pytest.mark.parametrize("suffix", ["", "-wal"])
@pytest.mark.parametrize("how", ["deleted", "replaced", "cut"])
def test_a_file_that_is_lost_while_it_is_open_is_noticed(
    tmp_path: Path, journal: Journal, suffix: str, how: str
) -> None:
    journal.write([said(1)])  # 8
    journal.look()
    path = tmp_path / f"{FILE_NAME}{suffix}"
    if how == "cut":
        os.truncate(path, 0)
    else:
        path.rename(tmp_path / "elsewhere")
        if how == "replaced":
            path.write_bytes((tmp_path / "elsewhere").read_bytes())
    for look in (journal.look, lambda: journal.write([said(2)])):
        with pytest.raises(JournalError) as caught:
            look()
        assert str(caught.value) == f"{path} was {how} while the server ran."


def test_what_a_deleted_write_ahead_log_held_is_in_what_is_put_aside(tmp_path: Path, journal: Journal) -> None:
    journal.write(ENTRIES)
    with contextlib.closing(sqlite3.connect(journal.path)) as archivist:  # else SQLite would work it in at the end
        archivist.execute("SELECT * FROM log").fetchall()
        journal._wal().unlink()
        aside = journal.set_aside()
    assert aside is not None
    aside.replace(journal.path)
    assert closed(opened(tmp_path)) == ENTRIES


def test_what_is_not_there_any_more_or_not_ours_is_left_where_it_is(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.path.rename(tmp_path / "elsewhere")
    assert journal.set_aside() is None
    journal = opened(tmp_path)
    journal.path.rename(tmp_path / "another")
    journal.path.write_bytes(b"a backup")
    assert journal.set_aside() is None
    assert journal.path.read_bytes() == b"a backup"


def test_a_file_that_can_t_be_put_aside_is_told(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "replace", forbidden)
    with pytest.raises(JournalError, match="Read-only file system"):
        journal.set_aside()
