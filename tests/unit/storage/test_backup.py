"""storage/backup.py: a copy of a data folder is whole, whatever the server writes meanwhile (O5)."""

from __future__ import annotations

import random
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat.log import Entry
from protocol.events import Said
from storage import backup
from storage.backup import Copied, back_up
from storage.journal import Journal, Start
from storage.segment import listed
from storage.segment_scan import DamagedError

AT = 1_700_000_000.0


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def journal(data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    monkeypatch.setattr("storage.segments.SIZE", 400)
    monkeypatch.setattr("storage.segments._FEWEST", 1)
    made = Journal(data, Start("an epoch"), 40, 1e9)
    yield made
    made.close()


def say(journal: Journal, count: int = 1) -> None:
    for _ in range(count):
        seq = journal.seq() + 1
        journal.write([Entry(Said(seq, "ann", f"line {seq}", AT), AT)])


def seqs_in(folder: Path) -> list[int]:
    """Return the numbers in the journal of a backup, as a server finds them that starts with it."""
    restored = Journal(folder, Start("another"), 1000, 1e9)
    restored.close()
    assert restored.notes == []
    assert (restored.epoch, restored.lost_its_end) == ("an epoch", False)
    return [entry.event.seq for entry in restored.newest()]


def test_all_that_outlives_a_server_is_copied_for_its_owner_alone(data: Path, journal: Journal, tmp_path: Path) -> None:
    say(journal, 12)
    (data / "users.txt").write_text("ann ...\n")
    (data / "bans.txt").write_text("ban ...\n")
    copied = back_up(data, tmp_path / "elsewhere" / "copy")
    copy = tmp_path / "elsewhere" / "copy"
    assert copied == Copied(
        ["users.txt", "bans.txt"],
        len(listed(copy / "journal")),
        sum(p.stat().st_size for p in listed(copy / "journal")),
    )
    assert (copy / "users.txt").read_text() == "ann ...\n"
    assert seqs_in(copy) == list(range(1, 13))
    assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == ["copy"]
    for path in (copy, *copy.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_written_meanwhile_the_copy_has_no_gap(
    data: Path, journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    say(journal, chance.randint(1, 60))
    before = journal.seq()
    copy_file = backup._copy_file
    left = [chance.choice((1, 3, 20))] * chance.randint(1, 12)

    def copy_and_write(source: Path, target: Path) -> bool:
        if left and chance.random() < 0.5:
            say(journal, left.pop())
        copied = copy_file(source, target)
        if left and chance.random() < 0.5:
            say(journal, left.pop())
        return copied

    monkeypatch.setattr(backup, "_copy_file", copy_and_write)
    back_up(data, tmp_path / "copy")
    found = seqs_in(tmp_path / "copy")
    assert found == list(range(found[0], found[-1] + 1))
    assert before <= found[-1] <= journal.seq()


def test_a_line_that_is_half_written_and_an_announced_segment_are_left_out(
    data: Path, journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(journal, 3)
    open_segment = listed(journal.path)[-1]
    whole = open_segment.read_bytes()
    monkeypatch.setattr("storage.segments.Segments._named", lambda self, path: pytest.fail("killed here"))
    with pytest.raises(pytest.fail.Exception):
        journal._segments.rotate()
    announced = open_segment.read_bytes()
    assert announced.startswith(whole)
    assert announced != whole
    back_up(data, tmp_path / "one")
    assert seqs_in(tmp_path / "one") == [1, 2, 3]
    open_segment.write_bytes(whole[:-5])
    back_up(data, tmp_path / "two")
    assert seqs_in(tmp_path / "two") == [1, 2]


def test_damage_is_no_backup(data: Path, journal: Journal, tmp_path: Path) -> None:
    say(journal, 20)
    while b"line" not in listed(journal.path)[-1].read_bytes():
        say(journal)
    first, last = listed(journal.path)[0], listed(journal.path)[-1]
    for path in (first, last):
        whole = path.read_bytes()
        path.write_bytes(whole.replace(b"line", b"life"))
        with pytest.raises(DamagedError):
            back_up(data, tmp_path / "copy")
        path.write_bytes(whole)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_folder_without_a_journal_is_copied_and_none_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    assert back_up(tmp_path / "data", tmp_path / "copy") == Copied([], 0, 0)
    with pytest.raises(FileExistsError):
        back_up(tmp_path / "data", tmp_path / "copy")
