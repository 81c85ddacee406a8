"""storage/journal.py: what was written is found again, by one server at a time, within bounds; and what goes wrong."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from chat.log import Entry, first_number
from chat.replies import Reply
from protocol.events import Joined, Left, Renamed, RoomEvent, Said, Whispered
from storage.journal import FOLDER, Journal, Start
from storage.journal_errors import JournalError
from storage.journal_rows import ROWS, Turn, body_of, row_of
from storage.segment import listed
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
    assert (journal.seq(), journal.newest(), journal.take_answers(), journal.notes) == (0, [], [], [])
    (segment,) = listed(tmp_path / FOLDER)
    assert segment.name == "00000001-0000000000000001.log"
    assert stat.S_IMODE((tmp_path / FOLDER).stat().st_mode) == 0o700
    assert stat.S_IMODE(segment.stat().st_mode) == 0o600


@pytest.mark.parametrize("sync", [False, True])
def test_what_was_written_is_found_again_in_its_order_and_epoch(tmp_path: Path, sync: bool) -> None:
    first = opened(tmp_path, sync=sync)
    first.write(ENTRIES[:2])
    first.write(ENTRIES[2:], ANSWERS)
    first.close()
    again = Journal(tmp_path, Start("another epoch"), 1000, DAY)
    assert again.epoch == "an epoch"
    assert (again.seq(), again.newest(), again.take_answers()) == (6, ENTRIES, ANSWERS)
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
    assert again.take_answers() == ANSWERS
    assert again.take_answers() == []
    again.write([], ANSWERS)
    again.close()
    third = opened(tmp_path)
    assert third.take_answers() == ANSWERS * 2
    third.close()


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


def test_a_turn_is_written_as_earlier_versions_read_it() -> None:  # issue 12, 2
    rows = (
        """["j","ann's","","ann",1]""",
        r"""["s","ann's","","ann","hi \"all\" \\ Füchse",7]""",
        """["s","ann's","","bob","hi",null]""",
        """["w","ann's","bob's","ann","bob","psst",8]""",
        """["r","ann's","","ann","anna",9]""",
        """["l","ann's","","anna",0,"goodbye"]""",
    )
    turn = Turn(AT, [row_of(entry) for entry in ENTRIES])
    assert body_of(turn) == f"[1700000000.0,[{','.join(rows)}]]"
    assert body_of(turn._replace(rows=[], answers=[["b", 1, 9, "é"]])) == '[1700000000.0,[],[["b",1,9,"é"]]]'


@given(text=clean_texts)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_text_is_found_as_it_was_said(journal: Journal, text: str) -> None:
    entry = Entry(Said(journal.seq() + 1, "ann", text, AT), AT)
    journal.write([entry])
    assert journal.newest(1) == [entry]


def test_the_files_can_be_read_and_searched_by_eye(tmp_path: Path, journal: Journal) -> None:
    journal.write([said(1), said(2)])
    (segment,) = listed(tmp_path / FOLDER)
    header, line = segment.read_text().splitlines()
    assert header.split(" ", 2)[1:] == [
        "0",
        '{"format":3,"epoch":"an epoch","boot":"","run":1,"runs":[],"foreign":0,'
        '"time":[null,null,0.0],"after":[0,0,0]}',
    ]
    assert line[9:] == '2 [1700000000.0,[["s","","","ann","line 1",null],["s","","","ann","line 2",null]]]'


def killed(journal: Journal) -> None:
    """Leave the files as they stand, as a killed process does."""
    journal._segments.open.close()


def test_a_killed_process_loses_nothing_that_was_written(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path\n"
        "from tests.unit.storage.test_journal import ANSWERS, ENTRIES, opened\n"
        "opened(Path(sys.argv[1])).write(ENTRIES, ANSWERS); os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False, cwd=Path(__file__).parents[3])
    assert killed.returncode == -9
    again = opened(tmp_path)
    assert (again.newest(), again.take_answers()) == (ENTRIES, ANSWERS)
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


def test_runs_that_left_nothing_are_forgotten_beyond_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.journal_state._RUNS", 2)
    monkeypatch.setattr("storage.segments._FEWEST", 1)
    for _ in range(5):
        run = started(tmp_path, keep=1)
        run.write([said(run.first)])
        run.close()
    run = started(tmp_path, keep=1)
    assert run.runs == [(4, 4), (5, 5)]
    run.close()


# --- whose lines -------------------------------------------------------------------------------------------------


def test_where_clients_lines_and_comings_stand_is_known_from_the_entries(tmp_path: Path, journal: Journal) -> None:  # 6
    seats = [Entry(Said(7, "bob", "hi", AT, 1), AT, "seat4"), Entry(Joined(8, "ann", 1), AT, "ann's", settled=9)]
    journal.write([*ENTRIES, *seats])
    assert journal.newest(1) == seats[1:]
    journal.close()
    again = opened(tmp_path)
    (page,) = again.take_places()
    assert again.take_places() == []
    again.close()
    assert page.identities == ["ann's"]
    places = list(zip(page.cseqs, page.seqs, strict=True))
    assert places == [(0, 1), (7, 2), (8, 4), (9, 5), (9, 8)]


def test_an_entry_is_looked_up_by_its_number(journal: Journal) -> None:
    journal.write(ENTRIES)
    journal.write([said(9)])
    assert [journal.entry(seq) for seq in (2, 6, 9)] == [ENTRIES[1], ENTRIES[5], said(9)]
    assert [journal.entry(seq) for seq in (7, 10)] == [None, None]
    for path in listed(journal.path):
        path.unlink()
    assert journal.entry(2) is None


# --- bounds ------------------------------------------------------------------------------------------------------


def test_the_oldest_segments_are_deleted_beyond_what_is_to_be_kept(tmp_path: Path) -> None:
    journal = opened(tmp_path, keep=10)
    for first in range(1, 3000, 10):
        journal.write([said(seq) for seq in range(first, first + 10)])
        assert len(journal.newest()) <= 10 + 2 * 100  # whole segments, of 100
    assert len(listed(journal.path)) == 2
    journal.close()
    again = opened(tmp_path, keep=10)
    assert [entry.event.seq for entry in again.newest(10)] == list(range(2991, 3001))
    again.close()


def test_what_is_too_old_is_deleted_by_segments_but_the_newest_stays(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    for seq, days in enumerate((-2, -1.2, -0.5, 0), 1):
        journal.write([said(seq, AT + days * DAY)])
    journal.close()
    assert [entry.event.seq for entry in closed(opened(tmp_path))] == [3, 4]
    assert [entry.event.seq for entry in closed(opened(tmp_path, age=1.0))] == [4]


def test_refusals_alone_can_t_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.segments.SIZE", 1000)
    journal = opened(tmp_path, keep=1)
    for _ in range(200):
        journal.write([], ANSWERS * 3)
    assert sum(path.stat().st_size for path in listed(journal.path)) < 5_000 + 2 * 1_000
    journal.close()


def test_a_segment_that_can_t_be_deleted_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("storage.segments._FEWEST", 1)
    journal = started(tmp_path, keep=1)
    monkeypatch.setattr("storage.segments.delete", forbidden)
    for seq in range(1, 5):
        journal.write([said(seq)])
    assert [entry.event.seq for entry in journal.newest()] == [1, 2, 3, 4]
    monkeypatch.undo()
    journal.close()
    assert [entry.event.seq for entry in closed(started(tmp_path, keep=1))] == [4]


def closed(journal: Journal) -> list[Entry]:
    """Return what the journal holds, and close it."""
    entries = journal.newest()
    journal.close()
    return entries


def test_entries_are_counted_over_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # 8
    monkeypatch.setattr("storage.segments._FEWEST", 1)
    for at in (AT, AT + 10, AT + 20):
        run = started(tmp_path, at, keep=9)
        for number in range(3):  # a turn each, and a segment each
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


def test_a_newer_version_s_journal_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.journal_state.FORMAT", 4)
    opened(tmp_path).close()
    monkeypatch.undo()
    assert "is of a newer version of this server. Use that one" in complaint(tmp_path)


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


def fails(error: int, after: int = 0) -> Callable[[int, bytes], None]:
    """Return a way to write that fails when so many bytes are there."""

    def put(descriptor: int, content: bytes) -> None:
        os.write(descriptor, content[:after])
        raise OSError(error, os.strerror(error))

    return put


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("after", [0, 1, 30])
def test_what_can_t_be_written_whole_is_cut_off_and_told(
    tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch, error: int, after: int
) -> None:
    journal.write(ENTRIES)
    (segment,) = listed(journal.path)
    before = segment.read_bytes()
    monkeypatch.setattr("storage.segment.put", fails(error, after))
    with pytest.raises(JournalError, match=os.strerror(error)):
        journal.write([said(7)])
    monkeypatch.undo()
    assert segment.read_bytes() == before
    aside = journal.set_aside()
    assert aside is not None
    assert closed(opened(tmp_path)) == []
    journal.path.rename(tmp_path / "elsewhere")
    aside.replace(journal.path)
    assert closed(opened(tmp_path)) == ENTRIES


def test_what_the_disk_did_not_take_is_cut_off_with_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flush(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    journal = opened(tmp_path, sync=True)
    journal.write(ENTRIES)
    (segment,) = listed(journal.path)
    before = segment.read_bytes()
    monkeypatch.setattr("storage.segment.flush", flush)
    with pytest.raises(JournalError, match="Input/output error"):
        journal.write([said(7)])
    assert segment.read_bytes() == before
    killed(journal)


def test_a_turn_is_one_call_and_a_short_one_is_gone_on_with(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    write, calls = os.write, []

    def writing(descriptor: int, content: bytes) -> int:
        calls.append(content)
        return write(descriptor, content[:100])

    monkeypatch.setattr(os, "write", writing)
    journal.write(ENTRIES, ANSWERS)
    assert len(calls) > 2
    monkeypatch.undo()
    assert journal.newest() == ENTRIES


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
        journal.path.rename(tmp_path / f"kept{number}")
        (tmp_path / name).replace(tmp_path / FOLDER)
        assert closed(opened(tmp_path)) == [said(number)]


@pytest.mark.parametrize("how", ["deleted", "replaced", "cut", "written to by another program"])
def test_a_file_that_is_lost_while_it_is_open_is_noticed(tmp_path: Path, journal: Journal, how: str) -> None:
    journal.write([said(1)])  # 8
    journal.look()
    (path,) = listed(journal.path)
    if how == "cut":
        os.truncate(path, 0)
    elif how.startswith("written"):
        with path.open("ab") as file:
            file.write(b"a note")
    else:
        path.rename(tmp_path / "elsewhere")
        if how == "replaced":
            path.write_bytes((tmp_path / "elsewhere").read_bytes())
    for look in (journal.look, lambda: journal.write([said(2)])):
        with pytest.raises(JournalError) as caught:
            look()
        assert str(caught.value) == f"{path} was {how} while the server ran."


def test_an_older_segment_that_is_deleted_is_noticed(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.segments.SIZE", 1)
    for seq in (1, 2, 3):
        journal.write([said(seq)])
    journal.look()
    (_, path, *_) = listed(journal.path)
    path.unlink()
    with pytest.raises(JournalError) as caught:
        journal.look()
    assert str(caught.value) == f"{path} was deleted while the server ran."


def test_what_a_deleted_segment_held_is_in_what_is_put_aside(tmp_path: Path, journal: Journal) -> None:
    journal.write(ENTRIES)
    (segment,) = listed(journal.path)
    segment.unlink()
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
    journal.path.mkdir()
    (journal.path / "a backup").touch()
    assert journal.set_aside() is None
    assert (journal.path / "a backup").exists()


def test_a_folder_that_can_t_be_put_aside_is_told(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "replace", forbidden)
    with pytest.raises(JournalError, match="Read-only file system"):
        journal.set_aside()


def test_before_the_log_counts_as_shut_down_all_of_it_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.segments.SIZE", 1)
    journal = opened(tmp_path)
    for seq in (1, 2, 3):
        journal.write([said(seq)])
    flushed: list[tuple[str, bytes]] = []

    def flush(descriptor: int) -> None:
        path = next(path for path in listed(journal.path) if path.stat().st_ino == os.fstat(descriptor).st_ino)
        flushed.append((path.name, path.read_bytes().splitlines()[-1][9:]))

    monkeypatch.setattr("storage.segment.flush", flush)
    journal.close()
    assert [name for name, _ in flushed] == [path.name for path in listed(journal.path)]
    assert flushed[-1][1] == b'3 {"end":true}'
