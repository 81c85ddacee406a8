"""system/atomic_file.py: files that are written whole or not at all, and nowhere else than where they belong (issue
10, 20)."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from client.cli import settings_file
from client.core.settings import Settings
from storage.folder_lock import FILE_NAME as LOCK_NAME
from storage.folder_lock import FolderLock
from storage.users_file import Accounts
from storage.value_files import Values
from system import atomic_file
from system.atomic_file import clear_leftovers, make_private, make_private_folder, open_private, write_whole


def planted(link: Path, target: Path) -> Path:
    """Put a link in the place of a file that is about to be written; return what must not change."""
    target.write_text("precious")
    link.symlink_to(target)
    return target


def test_a_file_is_replaced_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "made" / "file"
    write_whole(path, b"one")
    path.chmod(0o644)
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == atomic_file.MODE
    assert list(path.parent.iterdir()) == [path]


def test_a_link_that_waits_under_the_new_file_s_name_is_not_followed(tmp_path: Path) -> None:
    target = planted(tmp_path / "users.txt.new", tmp_path / "target")
    assert Accounts(tmp_path).add("ann", "secret12")
    Values(tmp_path).keep("users.txt", b"x")
    assert target.read_text() == "precious"
    assert (tmp_path / "users.txt").read_text().startswith("ann:")


def test_the_new_file_must_not_be_there_yet_and_is_no_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flags: list[int] = []
    real = os.open

    def watch(path: str, flag: int, mode: int = 0o777) -> int:
        flags.append(flag)
        return real(path, flag, mode)

    monkeypatch.setattr(os, "open", watch)
    write_whole(tmp_path / "file", b"x")
    assert flags[0] & os.O_EXCL
    assert flags[0] & os.O_NOFOLLOW


def test_a_link_of_one_s_own_is_followed_and_stays(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "users.txt").symlink_to(elsewhere / "accounts")
    Accounts(tmp_path).store("ann", "secret12")
    assert (tmp_path / "users.txt").is_symlink()
    assert (elsewhere / "accounts").read_text().startswith("ann:")
    assert [path.name for path in elsewhere.iterdir()] == ["accounts"]


@pytest.fixture
def _strange_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """All links are somebody else's than this user's and root's."""
    real = Path.lstat

    def lstat(path: Path) -> os.stat_result:
        seen = list(real(path))
        seen[stat.ST_UID] = 4711
        return os.stat_result(seen)

    monkeypatch.setattr(Path, "lstat", lstat)


@pytest.mark.usefixtures("_strange_links")
def test_another_user_s_link_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = planted(tmp_path / "users.txt", tmp_path / "target")
    target.write_text("")
    planted_value = planted(tmp_path / "x.value", tmp_path / "value")
    folder = tmp_path / "journal"
    folder.symlink_to(tmp_path)
    planted_lock = planted(tmp_path / LOCK_NAME, tmp_path / "lock")
    with pytest.raises(OSError, match="another user"):
        Accounts(tmp_path).store("ann", "secret12")
    with pytest.raises(OSError, match="another user"):
        Values(tmp_path).keep("x", b"y")
    with pytest.raises(OSError, match="another user"):
        make_private(tmp_path / "users.txt")
    with pytest.raises(OSError, match="another user"):
        make_private_folder(folder)
    with pytest.raises(OSError, match="another user"):
        FolderLock(tmp_path)
    monkeypatch.setattr(settings_file, "path", lambda: tmp_path / "users.txt")
    settings_file.keep(Settings(bell="off"))
    assert [target.read_text(), planted_value.read_text(), planted_lock.read_text()] == ["", "precious", "precious"]


def test_links_that_lead_to_each_other_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(OSError, match="symbolic links"):
        write_whole(tmp_path / "a", b"x")


def test_another_user_s_file_is_not_written_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "chat.html").write_text("theirs")
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    with pytest.raises(OSError, match="another user's"):
        open_private(tmp_path / "chat.html")
    assert (tmp_path / "chat.html").read_text() == "theirs"


def test_a_device_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    before = stat.S_IMODE(Path(os.devnull).stat().st_mode)
    os.close(open_private(Path(os.devnull)))
    assert stat.S_IMODE(Path(os.devnull).stat().st_mode) == before


def test_what_a_killed_process_has_left_is_removed_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "users.txt", b"x")
    (left,) = tmp_path.iterdir()
    others = [tmp_path / name for name in ("users.txt", "users.txt.new", "users.txt.backup.new", "my" + left.name)]
    for path in others:
        path.write_text("kept")
    clear_leftovers(tmp_path / "users.txt")
    assert sorted(tmp_path.iterdir()) == sorted(others)
    clear_leftovers(tmp_path / "nowhere" / "users.txt")


def killed(*_: object) -> None:
    raise KeyboardInterrupt
