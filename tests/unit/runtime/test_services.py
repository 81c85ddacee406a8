"""runtime/services.py, runtime/search_service.py, runtime/bootstrap.py: the journal, the index, their failures."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import select
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from chat import lane, limits
from chat.effects import (
    Acknowledgement,
    CheckPassword,
    Close,
    DropSanction,
    Effect,
    KeepSanction,
    ReadAgain,
    SearchArchive,
    SeekInArchive,
    Unicast,
)
from chat.handlers.history import JOURNAL_LOST
from chat.handlers.presence import give_name
from chat.hub import Hub
from chat.log import Entry
from chat.room import Room
from chat.sanctions import Act, Sanction
from chat.session import Phase, Session
from protocol.events import HistoryListed, Noticed, Past, Refused, Said
from runtime.account_service import NICE, AccountService
from runtime.bootstrap import CannotStartError, open_services
from runtime.fair import FairQueue
from runtime.sanction_service import SanctionService
from runtime.search_service import IDLE_BATCH, IDLE_INTERVAL, LOGGED_LIMIT, SearchResult, SearchService
from runtime.services import Services
from runtime.worker import Worker
from storage.bans_file import BansFile
from storage.folder_lock import FolderInUseError, FolderLock
from storage.journal import FOLDER, Journal, Start
from storage.journal_errors import JournalError
from storage.search_index import Archive
from storage.segment import listed
from storage.users_file import Accounts
from tests.support.patience import PATIENCE
from tests.unit.storage.test_journal import killed

AT = 1_700_000_000.0


def said(seq: int, text: str = "a fox") -> Entry:
    return Entry(Said(seq, "ann", text, AT), AT)


def hub_of(log_of: int = 0) -> Hub:
    hub = Hub(Room("an epoch"), 10)
    for _ in range(log_of):
        hub.room.log.append(said(hub.room.log.next_seq()))
    return hub


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path, Start("an epoch"), 1000, 1e9)
    yield made
    made.close()


@pytest.fixture
def account_service(tmp_path: Path) -> Iterator[AccountService]:
    made = AccountService(Accounts(tmp_path))
    yield made
    made.close()


@pytest.fixture
def sanction_service(tmp_path: Path) -> Iterator[SanctionService]:
    made = SanctionService(BansFile(tmp_path))
    yield made
    made.close()


def damage(folder: Path) -> None:
    """Make a line that is none the last one but one."""
    with listed(folder)[-1].open("a") as file:
        file.write("0badc0de 9 nothing\n0badc0de 9 nothing\n")


def waits(services: Services) -> set[int]:
    """Return which of its descriptors have something to tell, once one has."""
    readable, _, _ = select.select(services.descriptors(), [], [], PATIENCE)
    return set(readable)


# --- the journal -------------------------------------------------------------------------------------------------


def test_a_new_entry_is_written_once(
    journal: Journal, account_service: AccountService, sanction_service: SanctionService
) -> None:
    hub = hub_of(2)
    services = Services(hub, account_service, sanction_service, journal)
    assert services.write_journal() == []
    assert [entry.event.seq for entry in journal.newest()] == [1, 2]
    assert services.write_journal() == []
    assert len(journal.newest()) == 2


def test_without_a_journal_there_is_no_archive(
    account_service: AccountService, sanction_service: SanctionService
) -> None:
    hub = hub_of(1)
    services = Services(hub, account_service, sanction_service)
    assert services.write_journal() == []
    assert not hub.state.settings.has_archive
    assert len(services.descriptors()) == 2


@pytest.mark.parametrize("set_aside", [True, False])
def test_a_failing_disk_is_announced_and_the_chat_goes_on(
    journal: Journal,
    account_service: AccountService,
    sanction_service: SanctionService,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    set_aside: bool,
) -> None:
    def fails(*_: object) -> None:
        raise JournalError("The disk is full.")

    monkeypatch.setattr(journal, "write", fails)
    if not set_aside:
        monkeypatch.setattr(journal, "set_aside", fails)
    hub, folder = hub_of(1), journal.path
    ann = Session("192.0.2.1:1")
    give_name(hub.state, ann, "ann")
    services = Services(hub, account_service, sanction_service, journal)
    assert services.write_journal() == [Unicast(ann, Noticed(JOURNAL_LOST))]
    words = [record.getMessage() for record in caplog.records]
    assert words[0] == "The disk is full."
    assert words[1].startswith("The chat goes on in memory only. " + ("The journal" if set_aside else "Remove"))
    assert folder.exists() is not set_aside
    hub.room.log.append(said(hub.room.log.next_seq()))
    assert services.write_journal() == []


# --- the search service --------------------------------------------------------------------------------------------


@pytest.fixture
def services(
    journal: Journal, account_service: AccountService, sanction_service: SanctionService, tmp_path: Path
) -> Iterator[Services]:
    made = Services(hub_of(), account_service, sanction_service, journal, SearchService(Archive(tmp_path, "an epoch")))
    yield made
    made._search.close()  # type: ignore[union-attr]  # there is one


def test_a_new_entry_is_found(services: Services, journal: Journal) -> None:
    journal.write([said(1)])
    session = Session("192.0.2.1:1")
    services.submit(SearchArchive(session, "fox", 9, "x", 4))
    effect = services.collect(waits(services))[0]
    assert isinstance(effect, Unicast)
    assert effect.event == HistoryListed("The last messages with fox:", (Past(1, AT, "ann", "a fox"),), 4)
    services.submit(SeekInArchive(session, "ANN"))
    sought = services.collect(waits(services))[0]
    assert isinstance(sought, Unicast)
    assert sought.event == Noticed("ANN was last heard of on 2023-11-14 22:13 UTC.")


def test_an_unreadable_journal_is_an_error_for_the_asker_and_logged_once(
    services: Services, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    damage(journal.path)
    for _ in range(2):
        services.submit(SearchArchive(Session("192.0.2.1:1"), "fox", 9, "x"))
        effect = services.collect(waits(services))[0]
        assert isinstance(effect, Unicast)
        assert isinstance(effect.event, Refused)
        assert effect.event.code == "log-failed"
    assert len([record for record in caplog.records if "is damaged" in record.getMessage()]) == 1


def _damaged(path: Path, how: str) -> None:
    content = path.read_bytes()
    path.unlink()
    if how == "a directory":
        path.mkdir()
    elif how == "no database":
        path.write_bytes(b"no database" * 1000)
    elif how == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif how == "overwritten":
        path.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))
    elif how == "without its table":
        path.write_bytes(content)
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.execute("DROP TABLE entries")
            db.commit()


@pytest.mark.parametrize("how", ["no database", "cut", "overwritten", "a directory", "without its table"])
def test_a_damaged_archive_is_made_again_from_the_journal_and_logged_once(
    journal: Journal,
    account_service: AccountService,
    sanction_service: SanctionService,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    how: str,
) -> None:  # 9
    journal.write([said(seq) for seq in range(1, 300)])
    archive = Archive(tmp_path, "an epoch")
    archive.take_in(1000)
    archive.close()
    _damaged(tmp_path / "search.db", how)
    search_service = SearchService(Archive(tmp_path, "an epoch"))
    made = Services(hub_of(), account_service, sanction_service, journal, search_service)
    for _ in range(2):
        made.submit(SearchArchive(Session("192.0.2.1:1"), "fox", 9, "x", 4))
        effect = made.collect(waits(made))[0]
        assert isinstance(effect, Unicast)
        assert isinstance(effect.event, HistoryListed)
        assert [entry.seq for entry in effect.event.entries] == list(range(291, 300))
    search_service.close()
    assert caplog.text.count("is of no use") == 1
    assert "It is made again from the journal." in caplog.text
    assert (tmp_path / "search.db-1.aside").exists() is (how == "a directory")


def test_an_archive_that_is_damaged_while_it_is_open_is_made_again(
    services: Services, journal: Journal, tmp_path: Path
) -> None:  # 9
    journal.write([said(seq) for seq in range(1, 300)])
    for search in range(2):
        if search:
            path = tmp_path / "search.db"
            with path.open("r+b") as file:  # the same file, so that the archive has it open
                file.write(b"\xa5" * path.stat().st_size)
        services.submit(SearchArchive(Session("192.0.2.1:1"), "fox", 9, "x", 4))
        effect = services.collect(waits(services))[0]
        assert isinstance(effect, Unicast)
        assert isinstance(effect.event, HistoryListed)


def test_the_memory_of_logged_errors_is_bounded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    search_service = SearchService(Archive(tmp_path / "nowhere", "an epoch"))
    search_service._worker.close()
    search_service._logged.clear()  # errors of the thread
    for number in [*range(LOGGED_LIMIT + 1), LOGGED_LIMIT]:
        search_service._log_once(f"error {number}.")
    assert caplog.text.count("error ") == LOGGED_LIMIT + 1
    assert len(search_service._logged) == 1


def test_while_idle_a_small_batch_is_indexed_at_a_time(
    journal: Journal, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal.write([said(seq) for seq in range(1, IDLE_BATCH + 2)])
    archive = Archive(tmp_path, "an epoch")
    search_service = SearchService(archive)
    search_service._worker.close()  # its work while idle is done by the test
    while search_service._take_in_while_idle() < IDLE_INTERVAL:
        pass
    assert len(archive.search("fox", 2 * IDLE_BATCH, "x")) == IDLE_BATCH + 1
    damage(journal.path)
    assert search_service._take_in_while_idle() == IDLE_INTERVAL
    assert "is damaged" in caplog.text
    archive.close()


# --- the start ---------------------------------------------------------------------------------------------------


def options(folder: Path, no_journal: bool = False) -> argparse.Namespace:
    return argparse.Namespace(
        data=folder,
        no_journal=no_journal,
        room=None,
        history=1000,
        history_days=30.0,
        greet_history=20,
        sync=False,
        max_users=10,
        no_rate_limit=True,
        operator=[],
        lockdown_after=0,
        motd=None,
    )


def test_a_run_goes_on_where_the_last_one_stopped(tmp_path: Path) -> None:
    first, services = open_services(options(tmp_path))
    first.room.log.append(said(first.room.log.next_seq()))
    services.write_journal()
    services.close()
    second, services = open_services(options(tmp_path))
    assert second.room.epoch == first.room.epoch
    assert second.room.log.since(first.room.log.seq, "x") == (0, [])
    assert second.room.log.next_seq() > first.room.log.seq
    assert second.state.settings.has_archive
    services.close()


def test_without_a_journal_nothing_is_left_but_the_lock(tmp_path: Path) -> None:
    hub, services = open_services(options(tmp_path / "data", no_journal=True))
    hub.room.log.append(said(hub.room.log.next_seq()))
    services.write_journal()
    services.close()
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["journal.lock"]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("second", [True, False])
def test_a_second_server_is_kept_out_with_a_journal_or_without(tmp_path: Path, first: bool, second: bool) -> None:  # 12
    _, services = open_services(options(tmp_path, no_journal=first))
    with pytest.raises(CannotStartError, match=r"^Another server uses "):
        open_services(options(tmp_path, no_journal=second))
    services.close()
    open_services(options(tmp_path, no_journal=second))[1].close()


def test_where_nothing_can_be_locked_a_server_without_a_journal_starts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(CannotStartError, match=r"^Cannot use .*data: "):
        open_services(options(tmp_path / "data"))
    with pytest.raises(CannotStartError, match=r"^Cannot read .*users.txt"):  # the folder is a file
        open_services(options(tmp_path / "data", no_journal=True))
    assert "another server may use it, too" in caplog.text


def test_losses_of_the_journal_are_logged_at_the_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:  # 7, 8
    hub, services = open_services(options(tmp_path))
    hub.room.log.append(said(hub.room.log.next_seq()))
    services.write_journal()
    journal = services._journal
    assert journal is not None
    killed(journal)
    services.close()
    with listed(journal.path)[-1].open("a") as file:
        file.write("0badc0de 9 nothing\n")
    (tmp_path / "journal-2.failed").touch()
    _, services = open_services(options(tmp_path))
    services.close()
    assert f"The end of {listed(journal.path)[-1]} is damaged. It was cut off and put aside as" in caplog.text
    assert f"The end of {journal.path} may be lost. Clients that come back are told so." in caplog.text
    assert f"{tmp_path / 'journal-2.failed'} was put aside by an earlier run." in caplog.text


def test_a_file_that_is_deleted_in_a_silent_room_is_noticed(tmp_path: Path) -> None:  # 8
    hub, services = open_services(options(tmp_path))
    ann = Session("192.0.2.1:1")
    give_name(hub.state, ann, "ann")
    assert services.write_journal(1.0) == []
    listed(tmp_path / FOLDER)[0].unlink()
    assert services.write_journal(1.5) == []
    assert services.write_journal(2.0) == [Unicast(ann, Noticed(JOURNAL_LOST))]
    services.close()
    again, services = open_services(options(tmp_path))
    assert again.room.epoch != hub.room.epoch
    services.close()


def test_a_lock_that_is_deleted_is_taken_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    _, services = open_services(options(tmp_path))
    (tmp_path / "journal.lock").unlink()
    assert services.write_journal(1.0) == []
    assert "It is locked again." in caplog.text
    with pytest.raises(FolderInUseError):
        FolderLock(tmp_path)
    services.close()


def test_a_folder_that_another_server_has_taken_is_left_to_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    hub, services = open_services(options(tmp_path))
    (tmp_path / "journal.lock").unlink()
    other = FolderLock(tmp_path)
    hub.room.log.append(said(hub.room.log.next_seq()))
    assert services.write_journal(1.0) == []  # no session is in the room
    assert not hub.state.settings.has_archive
    assert "The journal is another server's" in caplog.text
    assert (tmp_path / FOLDER).exists()
    assert services.write_journal(3.0) == []
    other.close()
    services.close()


def test_a_lock_that_can_t_be_taken_again_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, services = open_services(options(tmp_path))
    (tmp_path / "journal.lock").unlink()

    def fails(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("runtime.services.FolderLock", fails)
    services.write_journal(1.0)
    services.write_journal(3.0)
    assert caplog.text.count("It can't be: ") == 1
    assert hub.state.settings.has_archive
    services.close()


def test_why_it_can_t_start_is_a_sentence(tmp_path: Path, journal: Journal) -> None:
    damage(journal.path)
    journal.close()
    with pytest.raises(CannotStartError, match="is damaged"):
        open_services(options(tmp_path))
    (tmp_path / "users.txt").mkdir()
    with pytest.raises(CannotStartError, match=r"^Cannot read .*users.txt"):
        open_services(options(tmp_path))


@pytest.fixture(autouse=True)
def _heard(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def test_a_search_of_a_closed_session_is_not_done(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Session("192.0.2.1:1")
    gone.phase = Phase.CLOSING
    search_service = services._search
    assert search_service is not None
    monkeypatch.setattr(search_service, "_execute", None)  # called, it would raise TypeError
    services.submit(SearchArchive(gone, "fox", 9, "x"))
    assert services.collect(waits(services)) == []


@pytest.mark.parametrize(
    ("found", "most"),
    [([], limits.TURN_ANSWERS // lane.LEAST), ([Past(1, AT, "ann", "x" * limits.TURN_ANSWERS)], 1)],
)
def test_a_turn_takes_as_many_results_of_searches_as_it_has_room_for(
    services: Services, found: list[Past], most: int
) -> None:  # T7, J3
    search_service = services._search
    assert search_service is not None
    for _ in range(most + 1):
        task = SearchArchive(Session("192.0.2.1:1"), "fox", 9, "x")
        search_service._worker.give(SearchResult(task, list(found)))
    assert [answers(services.collect(waits(services))) for _ in range(2)] == [most, 1]
    services._hub.tick(0.0, AT)  # the next turn
    assert services.collect(set(services.descriptors())) == []


def answers(effects: list[Effect]) -> int:
    return sum(isinstance(effect, Unicast) for effect in effects)


@pytest.mark.skipif(sys.platform != "linux", reason="only there a thread has its own niceness")
def test_only_who_needs_no_lock_of_the_interpreter_has_a_lower_priority_than_the_loop(
    services: Services, account_service: AccountService, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: dict[str, int] = {}
    noted = threading.Semaphore(0)

    def note(_: object) -> None:
        found[threading.current_thread().name] = os.getpriority(os.PRIO_PROCESS, 0)
        noted.release()

    monkeypatch.setattr(services._search, "_execute", note)
    monkeypatch.setattr(account_service, "_execute", note)
    session = Session("192.0.2.1:1")
    services.submit(SearchArchive(session, "fox", 9, "x"))
    account_service.submit(CheckPassword(session, "ann", "a password", was_asked=True))
    assert noted.acquire(timeout=PATIENCE)
    assert noted.acquire(timeout=PATIENCE)
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    assert found == {"search": ours, "accounts": min(ours + NICE, 19)}


def test_close_waits_for_no_search() -> None:
    done: list[int] = []
    started, go_on = threading.Event(), threading.Event()

    def do(task: int) -> int:
        started.set()
        go_on.wait(PATIENCE)
        done.append(task)
        return task

    tasks: FairQueue[int] = FairQueue()
    worker: Worker[int, int] = Worker("a test", do, tasks=tasks)
    for task in range(3):
        worker.put(task)
    started.wait(PATIENCE)
    tasks.close(drain=False)  # as `close` does first; else it might go on before the next is dropped
    go_on.set()
    worker.close(drain=False)
    assert done == [0]


def test_a_reload_that_fails_is_logged_as_a_failure(  # issue 10, 20
    services: Services, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "users.txt").mkdir()
    services.reload()
    until(services, lambda: "The accounts stay" in caplog.text)
    assert "users.txt: Is a directory" in caplog.text
    assert "Read the accounts again" not in caplog.text
    assert "The accounts stay as they were. Registered users: 0" in caplog.text
    (tmp_path / "users.txt").rmdir()
    caplog.clear()
    services.reload()
    until(services, lambda: "Read the accounts again. Registered users: 0" in caplog.messages)


# --- operators, bans and the message of the day ------------------------------------------------------------------


def until(services: Services, is_so: Callable[[], bool]) -> None:
    """Collect results until something is so."""
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline
        services.collect(waits(services))


def test_what_the_files_say_holds_from_the_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "bans.txt").write_text("ban bob\nban ?\n")  # M1, M3, M5
    (tmp_path / "motd").write_text("Be kind.\n")
    Accounts(tmp_path).add("ann", "secret12")
    given = options(tmp_path)
    given.operator, given.motd = ["Ann", "eve"], tmp_path / "motd"
    with caplog.at_level(logging.WARNING):
        hub, services = open_services(given)
    services.close()
    assert hub.room.operators == {"ann"}
    assert hub.state.settings.kept_names == {"ann", "eve"}
    assert [sanction.subjects for sanction in hub.room.sanctions] == [("bob",)]
    assert hub.state.settings.motd == ("Be kind.",)
    assert "Register eve from this machine" in caplog.text
    assert "bans.txt, line 2: ? is neither a name nor a network" in caplog.text


def test_bans_that_can_t_be_read_keep_the_server_from_starting(tmp_path: Path) -> None:  # M3: nobody is set free
    (tmp_path / "bans.txt").mkdir()
    with pytest.raises(CannotStartError, match=r"^Cannot read .*bans.txt: Is a directory. Repair that, or choose"):
        open_services(options(tmp_path))


def test_a_reload_reads_accounts_bans_and_the_message_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    given = options(tmp_path)  # M3, M5
    given.motd = tmp_path / "motd"
    given.motd.write_text("Be kind.\n")
    hub, services = open_services(given)
    (tmp_path / "bans.txt").write_text("ban bob\n")
    given.motd.write_text("Be quiet.\n")
    with caplog.at_level(logging.INFO):
        services.reload()
        until(services, lambda: "Read the bans again. Bans and mutes: 1" in caplog.text)
        until(services, lambda: "Read the accounts again." in caplog.text)
    assert hub.state.settings.motd == ("Be quiet.",)
    given.motd.unlink()
    (tmp_path / "bans.txt").write_text("")
    with caplog.at_level(logging.INFO):
        services.reload()
        until(services, lambda: "Read the bans again. Bans and mutes: 0" in caplog.text)
    assert hub.state.settings.motd == ("Be quiet.",)  # it can't be read
    services.close()


def test_what_operators_do_is_on_the_disk_when_the_services_have_closed(tmp_path: Path) -> None:  # M3
    _, services = open_services(options(tmp_path))
    services.submit(KeepSanction(Sanction(Act.BAN, ("bob",), None, "ann"), AT))
    services.submit(DropSanction(Act.MUTE, "carl", AT))
    services.close()
    assert (tmp_path / "bans.txt").read_text() == "ban bob forever by ann\n"


def test_who_has_banned_waits_for_the_disk(services: Services, tmp_path: Path) -> None:  # M3
    ann = Session("192.0.2.1:1")
    bob, answer = Sanction(Act.BAN, ("bob",), None, "ann"), Noticed("bob is banned.")
    services.submit(KeepSanction(bob, AT, Acknowledgement(ann, answer, None, 0)))
    assert services.waiting() == {ann}
    effects = services.collect(waits(services))
    assert (tmp_path / "bans.txt").read_text() == "ban bob forever by ann\n"
    assert effects[0] == Unicast(ann, answer)
    assert effects[-1] == ReadAgain(ann)
    assert services.waiting() == set()


def test_a_lost_connection_of_an_operator_is_no_matter_of_the_accounts(services: Services) -> None:
    ann = Session("192.0.2.1:1")
    services.submit(DropSanction(Act.BAN, "bob", AT, Acknowledgement(ann, Noticed("done"), None, 0)))
    services.note_ended([ann])
    assert not services._accounts.ended  # from where nothing would remove it
    services.collect(waits(services))


def test_a_large_edit_takes_many_turns_and_those_that_it_meets_leave_in_the_last(  # M3
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.sanction_service.PART", 10)
    hub = services._hub
    eve = Session("203.0.113.7:1")
    hub.connect(eve)
    (tmp_path / "bans.txt").write_text("ban 203.0.113.7\n" + "".join(f"ban n{i}\n" for i in range(94)))
    services.reload()
    effects: list[Effect] = []
    growth = [0]
    while growth[-1] < 95:
        assert effects == []
        effects = services.collect(waits(services))
        growth.append(len(hub.room.sanctions))
    assert {new - old for old, new in pairwise(growth)} <= {0, 5, 10}  # 0: the accounts
    assert Close(eve) in effects
