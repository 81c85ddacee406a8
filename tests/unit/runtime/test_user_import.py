"""runtime/user_import.py and `server.py import-users`: a users.txt is brought into a room that servers share (N1)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from chat.account_records import proof_of
from chat.shared.log_store import LogUnreachableError
from chat.shared.replica import Replica
from chat.shared.shared_log import Kind
from runtime import maintenance, user_import
from runtime.bootstrap import CannotStartError
from runtime.log_service import LogService
from runtime.user_import import Imported, UserImport
from storage.redis_address import RedisAddress
from storage.users_file import Account
from tests.support.kept_log import Place

HASH = "scrypt:16384:8:5:AAAAAAAAAAAAAAAAAAAAAA==:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
OTHER = HASH.replace("AAA==", "AAQ==")
ANN, BOB = Account("ann", HASH, True), Account("bob", OTHER, False)


@pytest.fixture
def place() -> Place:
    return Place()


def imported(place: Place, accounts: Sequence[Account], most: int = 100) -> Imported:
    """Bring `accounts` into the room at `place`."""
    told: list[str] = []
    taking_part = UserImport(LogService(place.connection, random.Random(1)))
    try:
        return taking_part.run(accounts, most, told.append)
    finally:
        taking_part.close()


def replica(place: Place) -> Replica:
    """Return the room at `place`, as a server would have it."""
    made = Replica()
    for entry in place.log.entries:
        list(made.read(entry))
    return made


def test_accounts_and_roles_are_brought_in_once(place: Place) -> None:  # N1, D9
    assert imported(place, [ANN, BOB]) == ([ANN, BOB], [], [], [])
    assert imported(place, [ANN, BOB]) == ([], [ANN, BOB], [], [])
    room = replica(place).room
    assert dict(room.records) == {"ann": HASH, "bob": OTHER}
    assert room.operators == {"ann"}
    assert room.records.is_proved("bob", proof_of(OTHER))
    assert [entry.kind for entry in place.log.entries].count(Kind.TURN) == 1
    assert place.log.entries[-1].kind is Kind.CLOSE


def test_an_account_that_the_room_has_otherwise_stays_as_it_is(place: Place) -> None:  # N1
    imported(place, [BOB])
    theirs = Account("bob", HASH, True)
    assert imported(place, [theirs, ANN]) == ([ANN], [], [theirs], [])
    room = replica(place).room
    assert (room.records.find("bob"), room.operators) == (OTHER, frozenset({"ann"}))


def test_there_are_no_more_accounts_than_the_limit_allows(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_import, "PART", 1)
    assert imported(place, [ANN, BOB], most=1) == ([ANN], [], [], [BOB])


def test_a_log_that_says_nothing_is_given_up(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:  # N5
    monkeypatch.setattr(user_import, "PATIENCE", 0.0)
    monkeypatch.setattr(user_import, "LOOK", 0.001)
    place.set(why_unreachable="nobody listens")
    with pytest.raises(LogUnreachableError, match="nothing was heard from it for 0 s"):
        imported(place, [ANN])


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def room(place: Place, monkeypatch: pytest.MonkeyPatch) -> list[RedisAddress]:
    """Let every address be that of the room at `place`; return those that are asked for."""
    asked: list[RedisAddress] = []

    def opened(address: RedisAddress) -> LogService:
        asked.append(address)
        return LogService(place.connection, random.Random(1))

    monkeypatch.setattr(maintenance, "open_log", opened)
    monkeypatch.setenv("CHAT_SERVER_ROOM", "redis://127.0.0.1/lobby")
    monkeypatch.delenv("CHAT_SERVER_CONFIG", raising=False)
    return asked


def run(*words: str | Path) -> int | None:
    return maintenance.run(["import-users", *map(str, words)])


def test_a_bad_line_costs_itself(
    tmp_path: Path, room: list[RedisAddress], place: Place, capsys: pytest.CaptureFixture[str]
) -> None:  # N1, D9
    file = tmp_path / "users.txt"
    file.write_text(f"# ours\nann:{HASH}:operator\ncarl:junk\nAnn:{OTHER}\n\nbob:{OTHER}\n:::\n")
    assert run(file) == 1
    told = capsys.readouterr()
    assert told.out == "Brought in: 2, 1 of them operators. There before: 0.\n"
    assert told.err.splitlines() == [
        f"{file}, line 3 was left out: it holds no scrypt hash. Until it is repaired and brought in, anybody can "
        "register carl.",
        f"{file}, line 4 was left out: ann stands in an earlier line.",
        f"{file}, line 7 was left out: it does not begin with a name.",
    ]
    assert dict(replica(place).room.records) == {"ann": HASH, "bob": OTHER}
    file.write_text(f"ann:{HASH}\n")
    assert run(file, "--room", "redis://192.0.2.1/other") == 0
    assert capsys.readouterr().out == "Brought in: 0, 0 of them operators. There before: 1.\n"
    assert list(map(str, room)) == ["redis://127.0.0.1:6379/lobby", "redis://192.0.2.1:6379/other"]


def test_what_was_not_brought_in_is_told(
    tmp_path: Path, room: list[RedisAddress], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:  # N1
    monkeypatch.setenv("CHAT_SERVER_ACCOUNTS", "1")
    file = tmp_path / "users.txt"
    file.write_text(f"ann:{HASH}\n")
    assert run(file) == 0
    file.write_text(f"ann:{OTHER}\nbob:{OTHER}\n")
    assert run(file) == 1
    assert capsys.readouterr().err.splitlines() == [
        "ann: the room has another account of that name, with another password. That one stays.",
        "The room has no place for more than 1 accounts (--accounts). Left out: bob",
    ]


def test_what_it_needs_is_asked_for_in_a_sentence(
    tmp_path: Path, room: list[RedisAddress], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(tmp_path / "users.txt") == 1
    assert capsys.readouterr().err == f"There is no file {tmp_path / 'users.txt'}.\n"
    (tmp_path / "users.txt").touch()

    def refuses(address: RedisAddress) -> LogService:
        raise CannotStartError(f"Cannot reach {address}.")

    def is_denied(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patches:
        patches.setattr(maintenance, "open_log", refuses)
        assert run(tmp_path / "users.txt") == 1
        patches.setattr(maintenance, "accounts_in", is_denied)
        assert run(tmp_path / "users.txt") == 1
    monkeypatch.delenv("CHAT_SERVER_ROOM")
    assert run(tmp_path / "users.txt") == 1
    assert capsys.readouterr().err.splitlines() == [
        "Cannot reach redis://127.0.0.1:6379/lobby.",
        f"Cannot read {tmp_path / 'users.txt'}: Permission denied.",
        "Name the room that the servers share with --room, such as redis://localhost:6379/lobby.",
    ]


def test_a_redis_that_does_not_answer_is_told(
    tmp_path: Path,
    room: list[RedisAddress],
    place: Place,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # N5
    monkeypatch.setattr(user_import, "PATIENCE", 0.0)
    place.set(why_unreachable="nobody listens")
    (tmp_path / "users.txt").write_text(f"ann:{HASH}\n")
    assert run(tmp_path / "users.txt") == 1
    assert "redis://127.0.0.1:6379/lobby does not answer: nothing was heard" in capsys.readouterr().err
