"""storage/bans_file.py: bans.txt, made for editing by hand; no mistake in it sets anybody free (M3)."""

from __future__ import annotations

import stat
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.sanctions import Act, Sanction, Sanctions
from storage.bans_file import BansFile, Change, text_of

NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc).timestamp()
CLIENT = "client:" + "0123456789abcdef" * 2
BOB = Sanction(Act.BAN, ("bob", CLIENT), NOON, "ann", "rude: very")
NETWORK = Sanction(Act.BAN, ("203.0.113.0/24",))


def written(folder: Path, text: str) -> BansFile:
    (folder / "bans.txt").write_text(text, encoding="utf-8")
    return BansFile(folder)


def lines(bans: BansFile) -> list[str]:
    return bans.path.read_text(encoding="utf-8").splitlines()


def test_without_a_file_nothing_holds_and_none_is_made(tmp_path: Path) -> None:
    assert BansFile(tmp_path).load() == ([], [], [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("sanction", "line"),
    [
        (BOB, f"ban bob,{CLIENT} 2026-11-22T12:00:00Z by ann: rude: very"),
        (NETWORK, "ban 203.0.113.0/24 forever"),
        (Sanction(Act.MUTE, ("carl",), NOON, "ann"), "mute carl 2026-11-22T12:00:00Z by ann"),
        (Sanction(Act.LOCKDOWN, ("*",), None, "the server", "flood"), "lockdown * forever by the server: flood"),
        (Sanction(Act.BAN, ("bob",), None, "", "by hand"), "ban bob forever: by hand"),
        (Sanction(Act.BAN, ("bob",), NOON, "", "by hand"), "ban bob 2026-11-22T12:00:00Z: by hand"),
    ],
)
def test_a_line_says_what_holds_and_is_read_again(tmp_path: Path, sanction: Sanction, line: str) -> None:  # M3
    bans = BansFile(tmp_path / "data")
    bans.add(sanction, NOON - 60)
    assert lines(bans) == [line] == [text_of(sanction)]
    assert stat.S_IMODE(bans.path.stat().st_mode) == 0o600
    assert BansFile(tmp_path / "data").load() == ([sanction], [], [])


@pytest.mark.parametrize(
    ("line", "sanction"),
    [
        ("ban bob", Sanction(Act.BAN, ("bob",))),
        ("  BAN   Bob  ", Sanction(Act.BAN, ("bob",))),
        ("ban 203.0.113.9/24 forever", NETWORK),
        ("ban 2001:db8::1", Sanction(Act.BAN, ("2001:db8::/64",))),
        ("ban bob by ann", Sanction(Act.BAN, ("bob",), None, "ann")),
        ("ban bob 2026-11-22T12:00Z", Sanction(Act.BAN, ("bob",), NOON)),
        ("ban bob 2026-11-22T13:00+01:00 by ann", Sanction(Act.BAN, ("bob",), NOON, "ann")),
        ("ban bob forever he knows why", Sanction(Act.BAN, ("bob",), None, "", "he knows why")),
        ("ban bob,bob,carl", Sanction(Act.BAN, ("bob", "carl"))),
    ],
)
def test_what_a_person_writes_is_understood(tmp_path: Path, line: str, sanction: Sanction) -> None:  # M3
    assert written(tmp_path, f"# ours\n\n{line}").load() == ([sanction], [], [])


@pytest.mark.parametrize(
    ("line", "sanction", "why"),
    [
        ("bn bob", Sanction(Act.BAN, ("bob",)), "it does not begin with ban, mute or lockdown, and counts as a ban"),
        ("mute bob 10m", Sanction(Act.MUTE, ("bob",), None, "", "10m"), "it has no time such as"),
        ("ban bob 2026-13-45 by ann", Sanction(Act.BAN, ("bob",), None, "", "2026-13-45 by ann"), "and holds for good"),
        ("ban bob,1.2.3", Sanction(Act.BAN, ("bob",)), "1.2.3 is no network"),
        ("ban 1.2.3", None, "It holds for nobody."),
        ("ban", None, "Nothing is neither a name nor a network. It holds for nobody."),
        ("ban \udcff\udcfe", None, "It holds for nobody."),
        ("lockdown on", Sanction(Act.LOCKDOWN, ("*",)), "a lockdown is for *, and counts as that"),
        ("ban bob,*", Sanction(Act.BAN, ("bob",)), "no ban can be for *"),
        ("mute 192.0.2.0/24", None, "no mute can be for 192.0.2.0/24. It holds for nobody."),
    ],
)
def test_what_can_be_understood_of_a_bad_line_holds(  # M3
    tmp_path: Path, line: str, sanction: Sanction | None, why: str
) -> None:
    (tmp_path / "bans.txt").write_bytes(f"# ours\n{line}\n".encode(errors="surrogateescape"))
    added, removed, (problem,) = BansFile(tmp_path).load()
    assert added == ([] if sanction is None else [sanction])
    assert removed == []
    assert problem.startswith(f"{tmp_path / 'bans.txt'}, line 2: ")
    assert why in problem


def test_the_difference_is_what_somebody_has_edited(tmp_path: Path) -> None:  # M3
    bans = written(tmp_path, "ban bob\nban carl\n")
    bans.load()
    bans.path.write_text("ban carl\nmute dora\n", encoding="utf-8")
    assert bans.load() == ([Sanction(Act.MUTE, ("dora",))], [Sanction(Act.BAN, ("bob",))], [])
    bans.path.unlink()
    assert len(bans.load().removed) == 2


def test_while_a_subject_can_t_be_read_nothing_is_lifted(tmp_path: Path) -> None:  # M3
    bans = written(tmp_path, "ban bob\nban carl\n")
    bans.load()
    bans.path.write_text("ban b?b\nban carl\n", encoding="utf-8")
    added, removed, problems = bans.load()
    assert (added, removed) == ([], [])
    assert problems[-1].endswith("until that is repaired, what has no line any more holds: 1.")
    bans.path.write_text("ban carl\n", encoding="utf-8")
    assert bans.load() == ([], [Sanction(Act.BAN, ("bob",))], [])


def test_what_has_lost_its_line_to_a_bad_one_is_written_again(tmp_path: Path) -> None:  # M3
    bans = written(tmp_path, "ban bob\n")
    bans.load()
    bans.path.write_text("ban b?b", encoding="utf-8")  # without a line end
    bans.refresh()
    bans.add(NETWORK, NOON)
    assert lines(bans) == ["ban b?b", "ban bob forever", "ban 203.0.113.0/24 forever"]


def test_of_two_lines_about_one_name_the_other_one_still_holds(tmp_path: Path) -> None:  # M3
    bans = written(tmp_path, f"ban bob\nban bob,{CLIENT}\n")
    bans.load()
    bans.path.write_text("ban bob\n", encoding="utf-8")
    assert bans.load() == ([Sanction(Act.BAN, ("bob",))], [Sanction(Act.BAN, ("bob", CLIENT))], [])


def test_comments_and_bad_lines_stay_and_ended_ones_go(tmp_path: Path) -> None:  # M3
    bans = written(tmp_path, "# ours\nban 1.2.3\nban bob 2026-11-22T12:00Z\nban carl # he knows")
    bans.load()
    bans.add(NETWORK, NOON)
    assert lines(bans) == ["# ours", "ban 1.2.3", "ban carl # he knows", "ban 203.0.113.0/24 forever"]


def test_a_new_ban_takes_the_place_of_the_old_one(tmp_path: Path) -> None:  # M3
    bans = written(tmp_path, "ban bob\nmute bob\n")
    bans.load()
    bans.add(BOB, NOON - 60)
    assert lines(bans) == ["mute bob", text_of(BOB)]


def test_a_new_ban_takes_over_whom_the_old_ones_held_for(tmp_path: Path) -> None:  # M3, as in chat.sanctions
    bans = written(tmp_path, f"ban zoe\nban yan,{CLIENT}\nban bob,yan\nban bob,carl 2026-11-22T11:00Z\n")
    bans.load()
    bans.add(Sanction(Act.BAN, ("bob",), NOON), NOON - 60)
    assert lines(bans) == ["ban zoe", f"ban bob,yan,{CLIENT} 2026-11-22T12:00:00Z"]
    bans.remove(Act.BAN, CLIENT, NOON - 30)
    assert lines(bans) == ["ban zoe"]


@settings(max_examples=20)
@given(st.lists(st.tuples(st.booleans(), st.sets(st.sampled_from("abcdef"), min_size=1, max_size=3)), max_size=9))
def test_the_file_holds_for_whom_the_room_does(acts: list[tuple[bool, set[str]]]) -> None:  # M3
    room = Sanctions()
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr("storage.edited_file.write_whole", Path.write_bytes)  # without waiting for the disk
        bans = BansFile(Path(folder))
        for is_ban, names in acts:
            new = Sanction(Act.BAN, tuple(sorted(names)), None, str(len(room)))
            if is_ban:
                room.impose(new, NOON)
                bans.add(new, NOON)
            else:
                room.lift(Act.BAN, new.subjects[0])
                bans.remove(Act.BAN, new.subjects[0], NOON)
        kept = BansFile(Path(folder)).load().added
    assert [(set(one.subjects), one.by) for one in kept] == [(set(one.subjects), one.by) for one in room]


def test_what_is_lifted_goes_from_the_file(tmp_path: Path) -> None:  # M3
    bans = written(tmp_path, f"# ours\nban bob,{CLIENT}\nmute bob\n")
    bans.load()
    bans.remove(Act.BAN, "bob", NOON)
    assert lines(bans) == ["# ours", "mute bob"]
    version = bans.path.stat().st_mtime_ns
    bans.remove(Act.BAN, "bob", NOON)
    assert bans.path.stat().st_mtime_ns == version


def test_an_edit_between_two_writes_is_kept_and_told(tmp_path: Path) -> None:  # M3
    bans = written(tmp_path, "ban bob\n")
    bans.load()
    bans.path.write_text("ban carl\n# by hand\n", encoding="utf-8")
    assert bans.refresh() == ([Sanction(Act.BAN, ("carl",))], [Sanction(Act.BAN, ("bob",))], [])
    assert bans.refresh() == ([], [], [])
    bans.add(NETWORK, NOON)
    assert lines(bans) == ["ban carl", "# by hand", "ban 203.0.113.0/24 forever"]


def test_many_problems_are_told_in_short(tmp_path: Path) -> None:
    problems = written(tmp_path, "x -\n" * 50).load().problems
    assert (len(problems), problems[-1]) == (21, "... and 30 more.")


def test_a_disk_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bans = written(tmp_path, "ban bob\n")
    bans.load()

    def fail(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("storage.edited_file.write_whole", fail)
    with pytest.raises(OSError, match="No space"):
        bans.add(NETWORK, NOON)
    assert bans.load() == ([], [], [])


# --- a large change ----------------------------------------------------------------------------------------------


def ban(*subjects: str, reason: str = "") -> Sanction:
    return Sanction(Act.BAN, subjects, None, "", reason)


def test_a_change_is_parted_and_all_about_one_subject_stays_together() -> None:  # M3: nobody is free in between
    old, new = [ban(f"n{i}") for i in range(5)], [ban(f"n{i}", reason="new") for i in range(4, -1, -1)]
    parts = list(Change([*new, ban("zoe")], old, []).parts(4))
    assert parts == [
        Change([new[4], new[3]], old[:2], []),
        Change([new[2], new[1]], old[2:4], []),
        Change([new[0], ban("zoe")], [old[4]], []),
    ]


def test_lines_that_hang_together_over_several_are_one_part() -> None:  # M3
    chain = [ban(f"n{i}", f"n{i + 1}") for i in range(50)]
    assert list(Change(chain[1::2], chain[::2], []).parts(4)) == [Change(chain[1::2], chain[::2], [])]


def test_no_change_is_one_part() -> None:
    assert list(Change([], [], ["it is bad"]).parts(4)) == [Change([], [], [])]


def test_ten_thousand_lines_about_one_name_are_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    change = Change([ban("bob", f"n{i}") for i in range(10_000)], [], [])
    compared = 0

    def count(self: Sanction) -> int:
        nonlocal compared
        compared += 1
        return hash(self.subjects)

    monkeypatch.setattr(Sanction, "__hash__", count)
    (only,) = change.parts(4)
    assert len(only.added) == 10_000
    assert compared < 30_000
