"""storage/users_file.py: users.txt (D9, D10, D11)."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from storage import passwords
from storage import users_file as module
from storage.users_file import Accounts

ANN = "ann:scrypt:2:8:5:AAAAAAAAAAAAAAAAAAAAAA==:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


def loaded(folder: Path) -> Accounts:
    made = Accounts(folder)
    assert made.load() == []
    return made


def test_no_file_means_no_accounts_and_makes_none(tmp_path: Path) -> None:
    assert loaded(tmp_path).keys() == frozenset()
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_made_with_its_folder_when_the_first_user_registers(tmp_path: Path) -> None:  # D10
    loaded(tmp_path / "data").store("ann", "secret12")
    assert (tmp_path / "data" / "users.txt").read_text().startswith("ann:scrypt:2:8:5:")


def test_an_account_holds_after_a_restart(tmp_path: Path) -> None:  # D9, D11
    loaded(tmp_path).store("Ann", "secret12")
    again = loaded(tmp_path)
    assert again.keys() == {"ann"}
    assert again.check("ANN", "secret12")
    assert not again.check("ann", "secret13")


def test_a_name_without_an_account_has_no_password(tmp_path: Path) -> None:
    assert not loaded(tmp_path).check("bob", "secret12")


def test_a_new_password_takes_the_place_of_the_old(tmp_path: Path) -> None:
    kept = loaded(tmp_path)
    kept.store("ann", "secret12")
    kept.store("ann", "secret34")
    assert not kept.check("ann", "secret12")
    assert loaded(tmp_path).check("ann", "secret34")
    assert len((tmp_path / "users.txt").read_text().splitlines()) == 1


def test_a_removed_account_is_gone(tmp_path: Path) -> None:
    kept = loaded(tmp_path)
    kept.store("ann", "secret12")
    kept.store("bob", "secret34")
    kept.remove("ANN")
    kept.remove("nobody")
    assert kept.keys() == loaded(tmp_path).keys() == {"bob"}


def test_the_file_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        loaded(tmp_path).store("ann", "secret12")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "users.txt").stat().st_mode) == 0o600


def test_a_damaged_line_costs_that_line_and_is_told_of_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "users.txt"
    path.write_bytes(b"# by hand\n\nbob:nonsense\n\xff\xfe\n" + ANN.encode() + b"\nAnn:again\n" + ANN.encode() + b"\n")
    kept = Accounts(tmp_path)
    complaints = kept.load()
    assert kept.keys() == {"ann", "bob"}
    assert [complaint.partition("line ")[2][:1] for complaint in complaints] == ["3", "4", "6", "7"]
    kept.store("carl", "secret12")
    text = path.read_bytes()
    assert b"# by hand\n" in text
    assert b"bob:nonsense\n\xff\xfe\n" in text
    assert loaded_keys(tmp_path) == {"ann", "bob", "carl"}


def loaded_keys(folder: Path) -> frozenset[str]:
    again = Accounts(folder)
    again.load()
    return again.keys()


def test_what_was_edited_by_hand_meanwhile_is_not_lost(tmp_path: Path) -> None:
    kept = loaded(tmp_path)
    (tmp_path / "users.txt").write_text(ANN + "\n")
    kept.store("bob", "secret12")
    assert kept.keys() == loaded(tmp_path).keys() == {"ann", "bob"}
    (tmp_path / "users.txt").write_text(ANN + "\n")
    kept.remove("bob")
    assert loaded(tmp_path).keys() == {"ann"}


def test_when_the_disk_refuses_all_is_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = loaded(tmp_path)
    kept.store("ann", "secret12")
    before = (tmp_path / "users.txt").read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        kept.store("bob", "secret34")
    assert kept.keys() == {"ann"}
    assert (tmp_path / "users.txt").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["users.txt"]


def test_every_write_is_synced_before_and_after_the_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[bool, bool]] = []
    real = os.fsync

    def watch(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        seen.append((is_folder, (tmp_path / "users.txt").exists()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    loaded(tmp_path).store("ann", "secret12")
    assert seen == [(False, False), (True, True)]


REGISTERING = """
import sys
from dataclasses import replace
from pathlib import Path
from storage import users_file as module
from storage.passwords import NOBODY
from storage import passwords
from storage.users_file import Accounts
passwords.N = 2
kept = Accounts(Path(sys.argv[1]))
kept.load()
print("ready", flush=True)
for number in range(10**6):
    kept.store("user", f"password {number}")
    print(number, flush=True)
"""


@pytest.mark.parametrize("acknowledged", range(1, 40, 4))
def test_a_kill_leaves_the_old_file_or_the_new_one(tmp_path: Path, acknowledged: int) -> None:
    """The process is killed while it goes on writing; which point that is, the machine decides."""
    with subprocess.Popen(
        [sys.executable, "-c", REGISTERING, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for _ in range(acknowledged + 1):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        last = acknowledged - 1 + len(process.stdout.readlines())
    kept = loaded(tmp_path)
    assert kept.check("user", f"password {last}") or kept.check("user", f"password {last + 1}")


def test_every_line_keeps_its_place_and_a_second_one_for_a_name_never_comes_to_life(tmp_path: Path) -> None:
    second = ANN.replace("A=", "B=").replace("ann", "Ann")
    path = tmp_path / "users.txt"
    path.write_text(f"# ours\n{ANN}\n\n{second}\nbob:damaged\n# the end\n")
    accounts = Accounts(tmp_path)
    assert len(accounts.load()) == 2
    accounts.store("carl", "secret12")
    lines = path.read_text().splitlines()
    assert lines[:6] == ["# ours", ANN, "", second, "bob:damaged", "# the end"]
    assert lines[6].startswith("carl:scrypt:")
    accounts.store("bob", "secret12")  # the damaged line was his
    accounts.remove("ann")
    lines = path.read_text().splitlines()
    assert [line.partition(":")[0] for line in lines] == ["# ours", "", "bob", "# the end", "carl"]
    assert loaded(tmp_path).keys() == {"bob", "carl"}


def test_a_folder_that_cannot_be_synced_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(22, "Invalid argument")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    loaded(tmp_path / "new").store("ann", "secret12")
    assert loaded(tmp_path / "new").check("ann", "secret12")


# --- lines that can't be read: their names stay taken (issue 10, 19) ---------------------------------------------

DAMAGED = {
    "a byte order mark": "\ufeff" + ANN,
    "one that was taken for Latin-1": "\ufeff".encode().decode("latin-1") + ANN,
    "a leading blank": " " + ANN,
    "a leading tab": "\t" + ANN,
    "a leading no-break space": "\xa0" + ANN,
    "a cut =": ANN[:-1],
    "cut in the salt": ANN[:40],
    "cut in the name": "ann",
    "a blank before the colon": ANN.replace("ann:", "ann :"),
    "a tab for the colon": ANN.replace("ann:", "ann\t"),
    "the colon lost": ANN.replace("ann:", "ann"),
    "a NUL": ANN.replace("ann", "a\0nn"),
    "a zero-width space": ANN.replace("ann", "an\u200bn"),
    "a blank": ANN.replace("ann", "a nn"),
    "wide letters": ANN.replace("ann", "\uff21\uff2e\uff2e"),
    "junk": "?" + ANN,
    "no hash": "ann:secret12",
    "a line end lost before it": ANN.replace("ann", "eve") + ANN,
    "a line end lost after it": ANN + ANN.replace("ann", "eve"),
}


@pytest.mark.parametrize("line", DAMAGED.values(), ids=DAMAGED)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", ""])
def test_the_name_of_a_damaged_line_stays_taken_and_the_line_as_it_is(tmp_path: Path, line: str, end: str) -> None:
    path = tmp_path / "users.txt"
    path.write_bytes((f"# ours{end or chr(10)}" + line + end).encode())
    kept = Accounts(tmp_path)
    (complaint,) = kept.load()
    assert complaint.startswith(f"{path}, line 2 was left out: ")
    assert "nobody can have " in complaint
    assert "ann" in complaint.partition("nobody can have ")[2]
    assert kept.keys() >= {"ann"}
    assert not kept.check("ann", "secret12")
    assert not kept.add("ann", "secret12")
    before = path.read_bytes()
    assert kept.add("carl", "secret12")
    assert path.read_bytes().startswith(before)
    assert loaded_keys(tmp_path) >= {"ann", "carl"}


@pytest.mark.parametrize("place", range(len(ANN) - 3))
def test_a_character_that_is_lost_anywhere_after_the_name_does_not_set_it_free(tmp_path: Path, place: int) -> None:
    place += 3
    (tmp_path / "users.txt").write_text(ANN[:place] + ANN[place + 1 :])
    assert "ann" in loaded_keys(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_a_file_in_another_encoding_sets_no_name_free(tmp_path: Path, encoding: str) -> None:
    content = f"{ANN}\r\n{ANN.replace('ann', 'Bob')}\r\n".encode(encoding)
    (tmp_path / "users.txt").write_bytes(content)
    assert loaded_keys(tmp_path) >= {"ann", "bob"}
    Accounts(tmp_path).add("carl", "secret12")
    assert (tmp_path / "users.txt").read_bytes().startswith(content)
    assert loaded_keys(tmp_path) >= {"ann", "bob", "carl"}


@pytest.mark.parametrize("line", ["", "  ", "# ann:x", " # ann:x", "\ufeff# ann:x"])
def test_comments_and_blank_lines_hold_no_name_and_are_no_damage(tmp_path: Path, line: str) -> None:
    (tmp_path / "users.txt").write_text(f"{line}\r\n{ANN}\r\n", newline="")
    assert loaded(tmp_path).keys() == {"ann"}


def test_a_line_that_holds_no_name_at_all_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "users.txt").write_bytes(b"\0\0\0\n:scrypt:1\n")
    complaints = Accounts(tmp_path).load()
    assert [complaint.endswith("No name can be read in it.") for complaint in complaints] == [True, True]


def test_a_file_of_another_kind_does_not_fill_the_log(tmp_path: Path) -> None:
    (tmp_path / "users.txt").write_text("junk!\n" * 1000)
    complaints = Accounts(tmp_path).load()
    assert len(complaints) == 21
    assert complaints[-1] == "... and 980 more."


def test_a_new_password_for_a_name_leaves_a_line_that_may_be_another_s_too(tmp_path: Path) -> None:
    path = tmp_path / "users.txt"
    path.write_text(ANN + ANN.replace("ann", "eve"))
    kept = Accounts(tmp_path)
    kept.load()
    kept.store("ann", "secret12")
    assert path.read_text().startswith(ANN)
    again = Accounts(tmp_path)
    again.load()
    assert again.keys() == {"ann", "eve"}
    assert again.check("ann", "secret12")


def test_a_name_that_was_registered_by_hand_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    kept = loaded(tmp_path)
    (tmp_path / "users.txt").write_text(ANN + "\n")
    assert not kept.add("Ann", "secret12")
    assert (tmp_path / "users.txt").read_text() == ANN + "\n"


# --- many (issue 10, 15) -----------------------------------------------------------------------------------------


def test_each_line_is_read_once_however_many_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "users.txt").write_text("".join(ANN.replace("ann", f"user{n}") + "\n" for n in range(2_000)))
    parsed = 0
    real = passwords.PasswordHash.parse

    def parse(text: str) -> passwords.PasswordHash:
        nonlocal parsed
        parsed += 1
        return real(text)

    monkeypatch.setattr(passwords.PasswordHash, "parse", staticmethod(parse))
    kept = loaded(tmp_path)
    assert len(kept.keys()) == parsed == 2_000
    assert kept.add("carl", "secret12")
    kept.remove("user7")
    assert parsed == 2_000
    with (tmp_path / "users.txt").open("a") as file:
        file.write(ANN + "\n")
    assert kept.refresh() == []
    assert kept.refresh() == []
    assert parsed == 2_001
    assert len(kept.keys()) == 2_001


def test_a_line_is_compared_with_no_other_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading was quadratic: the names of all lines were gathered anew for each."""
    sizes: list[int] = []

    class Line(module._Line):
        def __getattribute__(self, name: str) -> object:
            sizes.append(1)
            return super().__getattribute__(name)

    def looks(count: int) -> int:
        (tmp_path / "users.txt").write_text("".join(ANN.replace("ann", f"user{n}") + "\n" for n in range(count)))
        sizes.clear()
        loaded(tmp_path)
        return len(sizes)

    monkeypatch.setattr(module, "_Line", Line)
    assert looks(400) <= 2 * looks(200)


# --- roles -------------------------------------------------------------------------------------------------------


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    return Accounts(tmp_path)


def role_lines(accounts: Accounts) -> list[str]:
    """Return the lines of the file, each as its name, whether a hash is in it, and what stands behind that."""
    lines = accounts.path.read_text(encoding="utf-8").splitlines()
    return [re.sub(r":scrypt(:[^:]+){5}", " HASH ", line).strip() for line in lines]


def test_a_role_stands_behind_the_hash_and_holds(accounts: Accounts) -> None:  # M1
    accounts.add("Ann", "secret12")
    accounts.add("bob", "secret13")
    assert accounts.set_role("ANN", True)
    assert accounts.operators() == frozenset({"ann"})
    assert role_lines(accounts) == ["Ann HASH :operator", "bob HASH"]
    again = Accounts(accounts.path.parent)
    assert again.load() == []
    assert again.operators() == frozenset({"ann"})
    assert again.check("ann", "secret12")


def test_a_new_password_keeps_the_role_and_a_removed_account_does_not(accounts: Accounts) -> None:  # M1
    accounts.add("ann", "secret12")
    accounts.set_role("ann", True)
    accounts.store("ann", "another1")
    assert role_lines(accounts) == ["ann HASH :operator"]
    accounts.remove("ann")
    assert accounts.operators() == frozenset()
    accounts.add("ann", "secret12")
    assert accounts.operators() == frozenset()


def test_a_role_can_be_taken_and_needs_an_account(accounts: Accounts) -> None:  # M1
    accounts.add("ann", "secret12")
    assert accounts.set_role("ann", True)
    assert accounts.set_role("ann", False)
    assert role_lines(accounts) == ["ann HASH"]
    assert not accounts.set_role("bob", True)


def test_comments_and_bad_lines_stay_where_a_role_changes(accounts: Accounts) -> None:  # M1
    accounts.add("ann", "secret12")
    text = accounts.path.read_text(encoding="utf-8")
    accounts.path.write_text(f"# ours\n{text}bob:nothing:operator\n", encoding="utf-8")
    accounts.set_role("ann", True)
    assert role_lines(accounts) == ["# ours", "ann HASH :operator", "bob:nothing:operator"]
    assert accounts.operators() == frozenset({"ann"})  # what can't be read gives nobody a role
    assert accounts.keys() == frozenset({"ann", "bob"})


def test_a_role_that_is_not_known_costs_its_line(accounts: Accounts) -> None:  # M1
    accounts.add("ann", "secret12")
    text = accounts.path.read_text(encoding="utf-8").strip()
    accounts.path.write_text(f"{text}:oprator\n", encoding="utf-8")
    assert [line.partition("was left out: ")[2] for line in accounts.load()] == [
        "it holds no scrypt hash. Until it is repaired nobody can have ann."
    ]
    assert accounts.operators() == frozenset()


def test_those_that_are_appointed_have_their_role_once_they_are_registered(tmp_path: Path) -> None:  # M1
    Accounts(tmp_path).add("ann", "secret12")
    accounts = Accounts(tmp_path, frozenset({"ann", "bob"}))
    accounts.load()
    assert accounts.grant_roles() == ["bob"]
    assert role_lines(accounts) == ["ann HASH :operator"]
    accounts.add("Bob", "secret12")
    assert accounts.operators() == frozenset({"ann", "bob"})
