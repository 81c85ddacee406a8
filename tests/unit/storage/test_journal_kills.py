"""The journal, killed at each step of writing, of going on in another segment, of starting and of taking over."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import pytest

from chat.log import Entry
from chat.replies import Replies, Reply
from protocol.events import Said
from storage.journal import Journal, Start
from storage.journal_errors import JournalError
from tests.support.kills import kills, steps_of

AT = 1_700_000_000.0
ANSWER = b'{"type":"refused"}'


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.segments.SIZE", 500)


def opened(folder: Path, keep: int = 1000) -> Journal:
    return Journal(folder, Start("a new epoch", "a boot", AT + 10), keep, 1e9)


def begin(folder: Path) -> None:
    Journal(folder, Start("an epoch", "a boot", AT), 1000, 1e9).close()


class Talk:
    """Writes turns with a journal and notes what was acknowledged, that is, what `write` has returned from."""

    def __init__(self) -> None:
        self.told: list[int] = []
        self.refused: list[int] = []
        self.began = 0

    def says(self, folder: Path, keep: int = 1000, turns: int = 6) -> None:
        journal = opened(folder, keep)
        self.began = journal.first
        for turn in range(turns):
            seq = journal.seq() + 1 if turn else journal.first
            text = f"line {turn} " + "x" * 60
            entries = [Entry(Said(seq + more, "ann", text, AT, turn + 1), AT, "ann's") for more in (0, 1)]
            journal.write(entries, [Reply("ann's", 100 + turn, 0, ANSWER)])
            self.told += [seq, seq + 1]
            self.refused.append(100 + turn)
        journal.close()


def check(folder: Path, talk: Talk) -> None:
    """Assert that the next start finds all that was acknowledged, and at most one turn more."""
    journal = opened(folder)
    found = [entry.event.seq for entry in journal.newest()]
    assert found[: len(talk.told)] == talk.told
    assert len(found) - len(talk.told) in (0, 2)
    assert (journal.epoch, journal.lost_its_end) == ("an epoch", False)
    assert journal.first > max(found, default=0)
    assert all("It was cut off" in note for note in journal.notes)
    refused = [reply.cseq for reply in journal.take_answers()]
    assert refused[: len(talk.refused)] == talk.refused
    replies = Replies(journal.take_places())
    seqs = [seq for cseq in range(1, 7) for seq in replies.places("ann's", cseq)]
    assert seqs == found
    assert [journal.entry(seq) for seq in found] == journal.newest()
    journal.write([Entry(Said(journal.first, "ann", "on it goes", AT), AT)])
    journal.close()
    again = opened(folder)
    assert [entry.event.seq for entry in again.newest()] == [*found, journal.first]
    assert (again.epoch, again.notes) == ("an epoch", [])
    again.close()


def test_a_kill_at_any_step_of_writing_and_rotating_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    talks: list[Talk] = []

    def says(folder: Path) -> None:
        talks.append(Talk())
        talks[-1].says(folder)

    for count, folder in enumerate(kills(tmp_path, begin, says)):
        check(folder, talks[count])
    assert len(talks) > 40
    assert len(talks[-1].told) == 12


def half_said(folder: Path, step: int) -> Talk:
    """Leave in `folder` what a server leaves that was killed at a step; return what it had acknowledged."""
    talks: list[Talk] = []

    def says(place: Path) -> None:
        talks.append(Talk())
        talks[-1].says(place)

    begin(folder)
    steps_of(lambda: says(folder), step)
    return talks[-1]


@pytest.mark.parametrize("step", [9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20])
def test_a_kill_at_any_step_of_the_start_after_a_kill_loses_nothing_either(tmp_path: Path, step: int) -> None:
    talks: dict[Path, Talk] = {}

    def kill_first(folder: Path) -> None:
        talks[folder] = half_said(folder, step)

    for folder in kills(tmp_path, kill_first, lambda folder: opened(folder).close()):
        check(folder, talks[folder])


def test_a_kill_at_any_step_of_the_very_first_start_leaves_a_beginning(tmp_path: Path) -> None:
    for folder in kills(tmp_path, lambda _: None, begin):
        journal = opened(folder)
        assert (journal.newest(), journal.lost_its_end) == ([], False)
        assert all("It was cut off" in note for note in journal.notes)  # the line that it ended with
        assert [path.name for path in (folder / "journal").glob("*.new")] == []
        journal.close()


def test_a_kill_at_any_step_of_deleting_the_oldest_leaves_a_log_without_a_gap(tmp_path: Path) -> None:
    def says(folder: Path) -> None:
        for _ in range(2):
            Talk().says(folder, keep=3)

    for folder in kills(tmp_path, begin, says):
        journal = opened(folder)
        found = [entry.event.seq for entry in journal.newest()]
        runs = {seq - first for seq in found for first, last in [*journal.runs] if first <= seq <= last}
        assert len(found) == 0 or runs
        assert (journal.epoch, journal.lost_its_end) == ("an epoch", False)
        assert found == sorted(set(found))
        journal.close()


# --- every byte of the last lines --------------------------------------------------------------------------------


def left(folder: Path, is_closed: bool) -> tuple[Path, list[int]]:
    """Return the newest segment of a server that was killed or shut down, and the numbers that were acknowledged."""
    journal = Journal(folder, Start("an epoch", "a boot", AT), 1000, 1e9)
    for turn in range(3):
        seq = journal.first + turn
        journal.write([Entry(Said(seq, "ann", "x", AT, turn), AT, "a")])
    path = journal._segments.open.path
    if is_closed:
        journal.close()
    else:
        journal._segments.open.close()
    return path, [journal.first, journal.first + 1, journal.first + 2]


Checked = Callable[[Path, list[int], bytes], None]


def found_after(folder: Path, path: Path, content: bytes) -> Journal | str:
    """Return the journal of the next start, or why there is none, after the segment got this `content`."""
    for old in folder.rglob("*.cut"):
        old.unlink()
    path.write_bytes(content)
    try:
        return opened(folder)
    except JournalError as error:
        return str(error)


@pytest.mark.parametrize("is_closed", [False, True])
@pytest.mark.parametrize("flip", [0x01, 0x20, 0x80])
def test_each_byte_that_is_changed_is_told_and_what_may_be_lost_makes_another_log(
    tmp_path: Path, is_closed: bool, flip: int
) -> None:
    path, told = left(tmp_path, is_closed)
    whole = path.read_bytes()
    last = whole.rfind(b"\n", 0, -1) + 1
    before = whole.rfind(b"\n", 0, last - 1) + 1
    for at in range(len(whole)):
        changed = whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :]
        journal = found_after(tmp_path, path, changed)
        if isinstance(journal, str):
            assert "is damaged" in journal
            assert at < last or changed[last:-1].count(b"\n")
            assert path.read_bytes() == changed
            continue
        bad = last if at >= last else before  # without the end of a line before it, the last line is a longer one
        assert at >= last - 1
        assert (journal.epoch, journal.lost_its_end) == ("a new epoch", True)
        assert journal.notes == [f"The end of {path} is damaged. It was cut off and put aside as {aside(path)}."]
        assert aside(path).read_bytes() == changed[bad:]
        kept = whole[:bad].count(b"\n") - 1  # besides the header
        assert [entry.event.seq for entry in journal.newest()] == told[:kept]
        journal.close()


def aside(path: Path) -> Path:
    return path.with_suffix(".1.cut")


@pytest.mark.parametrize("is_closed", [False, True])
def test_wherever_the_newest_segment_is_cut_it_is_told_and_no_lost_number_counts_as_issued(
    tmp_path: Path, is_closed: bool
) -> None:
    path, told = left(tmp_path, is_closed)
    whole = path.read_bytes()
    header = whole.index(b"\n") + 1
    for size in range(len(whole)):
        journal = found_after(tmp_path, path, whole[:size])
        if isinstance(journal, str):
            assert "is damaged" in journal
            assert size < header
            continue
        found = [entry.event.seq for entry in journal.newest()]
        issued = {seq for first, end in journal.runs for seq in range(first, end + 1)}
        assert found == told[: len(found)]
        assert set(told) & issued == set(found)  # a client that has seen more learns that it is lost
        assert (journal.epoch, journal.lost_its_end) == ("an epoch", False)
        assert bool(journal.notes) == (whole[size - 1 : size] != b"\n")
        assert journal.first > told[-1] or not found
        journal.close()


def test_the_machine_that_went_down_may_leave_anything_behind_the_last_right_line(tmp_path: Path) -> None:
    path, told = left(tmp_path, is_closed=False)
    whole = path.read_bytes()
    last = whole.rfind(b"\n", 0, -1) + 1
    before = whole.rfind(b"\n", 0, last - 1) + 1
    for damage in (b"", bytes(4096), b"\n\n\n", whole[last:], whole[last:] * 2):
        folder = tmp_path / f"{len(damage)}-{damage[:1].hex()}"
        (folder / "journal").mkdir(parents=True)
        (folder / "journal" / path.name).write_bytes(whole[:before] + damage)
        journal = Journal(folder, Start("a new epoch", "another boot", AT), 1000, 1e9)
        assert (journal.epoch, journal.lost_its_end) == ("a new epoch", True)
        assert [entry.event.seq for entry in journal.newest()] == told[:1]
        journal.close()
        assert opened(folder).notes == []


def test_the_names_of_kills_tell_of_steps(tmp_path: Path) -> None:
    first = functools.partial(begin, tmp_path / "a")
    (tmp_path / "a").mkdir()
    assert (steps_of(first) or 0) > 4
    assert steps_of(first, 2) is None
