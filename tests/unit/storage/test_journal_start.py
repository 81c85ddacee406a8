"""storage/journal_start.py: what is missing between the segments is found; summaries are made again where needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from chat.log import Entry
from protocol.events import Said
from storage.journal import FOLDER, Journal, Start
from storage.journal_errors import JournalError
from storage.segment import listed

AT = 1_700_000_000.0
TURNS = 12


def opened(folder: Path, epoch: str = "a new epoch", at: float = AT + 10) -> Journal:
    return Journal(folder, Start(epoch, "a boot", at), 1000, 1e9)


@pytest.fixture
def segments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the segments of a server that was killed, with three turns each."""
    monkeypatch.setattr("storage.segments.SIZE", 300)
    journal = opened(tmp_path, "an epoch", AT)
    for turn in range(TURNS):
        journal.write([Entry(Said(journal.first + turn, "ann", "x", AT, turn + 1), AT, "ann's")])
    journal._segments.open.close()
    found = listed(tmp_path / FOLDER)
    assert len(found) > 3
    assert all(path.with_suffix(".sum").exists() for path in found[:-1])
    return found


def restarts(folder: Path, is_lost: bool, notes: list[str]) -> list[int]:
    """Start, assert what it says, and that the next start has nothing to say; return the entries' numbers."""
    journal = opened(folder)
    assert (journal.lost_its_end, journal.notes) == (is_lost, notes)
    assert journal.epoch == ("a new epoch" if is_lost else "an epoch")
    found = [entry.event.seq for entry in journal.newest()]
    journal.write([Entry(Said(journal.first, "ann", "x", AT, 99), AT, "ann's")])
    journal.close()
    again = opened(folder, "a third epoch")
    assert (again.lost_its_end, again.notes, again.epoch) == (False, [], journal.epoch)
    assert [entry.event.seq for entry in again.newest()] == [*found, journal.first]
    pages = again.take_places()
    assert sorted(seq for page in pages for seq in page.seqs) == [*found, journal.first]
    again.close()
    return found


def numbers(count: int) -> list[int]:
    first = int((AT - 1_577_836_800) * (1 << 20))
    return list(range(first, first + count))


def test_nothing_is_missing_after_a_kill(tmp_path: Path, segments: list[Path]) -> None:
    assert restarts(tmp_path, False, []) == numbers(TURNS)


def test_the_newest_segment_that_is_gone_is_a_lost_end(tmp_path: Path, segments: list[Path]) -> None:  # 8
    segments[-1].unlink()
    found = restarts(tmp_path, True, [])
    assert found == numbers(len(found))


def test_a_segment_in_the_middle_that_is_gone_is_told(tmp_path: Path, segments: list[Path]) -> None:
    segments[1].unlink()
    found = restarts(tmp_path, True, [f"Something is missing between {segments[0]} and {segments[2].name}."])
    assert len(found) < TURNS


def test_the_oldest_segment_that_is_gone_is_as_if_it_were_too_old(tmp_path: Path, segments: list[Path]) -> None:
    segments[0].unlink()
    found = restarts(tmp_path, False, [])
    assert 0 < len(found) < TURNS
    assert found == numbers(TURNS)[-len(found) :]


@pytest.mark.parametrize("left", [0.99, 0.5])
def test_a_segment_that_is_shorter_than_it_was_is_told(tmp_path: Path, segments: list[Path], left: float) -> None:
    content = segments[1].read_bytes()
    segments[1].write_bytes(content[: int(len(content) * left)])
    restarts(tmp_path, True, [f"Something is missing between {segments[1]} and {segments[2].name}."])


def test_a_header_that_the_machine_left_empty_is_put_aside(tmp_path: Path, segments: list[Path]) -> None:
    segments[-1].write_bytes(bytes(100))
    journal = Journal(tmp_path, Start("a new epoch", "another boot", AT + 10), 1000, 1e9)
    aside = segments[-1].with_suffix(".1.cut")
    assert journal.notes == [f"The newest segment has no header. It was put aside as {aside}."]
    assert (journal.epoch, journal.lost_its_end) == ("a new epoch", True)
    journal.close()
    assert aside.read_bytes() == bytes(100)


@pytest.mark.parametrize("at", [-1, 1])
def test_a_header_that_is_wrong_is_damage(tmp_path: Path, segments: list[Path], at: int) -> None:
    content = segments[at].read_bytes()
    segments[at].write_bytes(b"x" + content[1:])
    segments[0].with_suffix(".sum").unlink()  # else a closed segment is not read
    with pytest.raises(JournalError, match=rf"is damaged \({segments[at].name}, line 1\). Put it elsewhere"):
        opened(tmp_path)


@pytest.mark.parametrize("how", ["gone", "cut", "changed", "of another segment", "no summary", "empty"])
def test_a_summary_that_is_of_no_use_is_made_again(tmp_path: Path, segments: list[Path], how: str) -> None:
    path = segments[1].with_suffix(".sum")
    content = path.read_bytes()
    made = {
        "cut": content[:-1],
        "changed": content[:-9] + bytes([content[-9] ^ 1]) + content[-8:],
        "of another segment": segments[-2].with_suffix(".sum").read_bytes(),
        "no summary": b"notes",
        "empty": b"",
    }
    path.unlink()
    if how != "gone":
        path.write_bytes(made[how])
    assert restarts(tmp_path, False, []) == numbers(TURNS)
    assert path.read_bytes() == content


def test_a_closed_segment_that_is_damaged_is_found_where_it_is_read(tmp_path: Path, segments: list[Path]) -> None:
    content = segments[1].read_bytes()
    at = content.index(b'"x"')
    segments[1].write_bytes(content[:at] + b'"y"' + content[at + 3 :])
    journal = opened(tmp_path)
    with pytest.raises(JournalError, match=rf"is damaged \({segments[1].name}, byte "):
        journal.newest()
    journal.close()
    segments[1].with_suffix(".sum").unlink()
    with pytest.raises(JournalError, match=rf"is damaged \({segments[1].name}, byte "):
        opened(tmp_path)


def test_a_name_that_is_no_segment_s_is_left_alone(tmp_path: Path, segments: list[Path]) -> None:
    notes = tmp_path / FOLDER / "notes.txt"
    notes.write_text("mine")
    (tmp_path / FOLDER / "00000099-0000000000000001.log.bak").touch()
    assert restarts(tmp_path, False, []) == numbers(TURNS)
    assert notes.read_text() == "mine"


def test_a_segment_made_and_not_announced_is_begun_anew(tmp_path: Path, segments: list[Path]) -> None:
    made = segments[-1].with_name(f"{int(segments[-1].name[:8]) + 1:08d}-{numbers(99)[-1]:016d}.log.new")
    made.write_bytes(segments[-1].read_bytes())
    assert restarts(tmp_path, False, []) == numbers(TURNS)
    assert not made.exists()
