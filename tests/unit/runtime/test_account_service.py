"""runtime/account_service.py: account tasks on a thread of their own."""

from __future__ import annotations

import logging
import select
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chat import limits
from chat.effects import CheckPassword, HashPassword, RemoveAccount, StorePassword, StoreRole, TaskResult
from chat.members import Member
from chat.session import Phase, Session
from runtime.account_service import QUEUE_LIMIT, AccountResult, AccountService
from storage.users_file import Accounts
from tests.support.patience import PATIENCE

SESSION = Session("192.0.2.1:4711")


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    return Accounts(tmp_path)


@pytest.fixture
def service(accounts: Accounts) -> Iterator[AccountService]:
    made = AccountService(accounts)
    yield made
    made.close()


def next_results(service: AccountService) -> list[AccountResult]:
    """Wait for results as the loop does, by `select`: a thread may wake it for what it has by then."""
    results: list[AccountResult] = []
    while not results:
        assert select.select([service.fileno()], [], [], PATIENCE)[0]
        results = service.results()
    return results


def only_result(service: AccountService) -> tuple[TaskResult, frozenset[str] | None]:
    ((_, result, registered, _, _),) = next_results(service)
    return result, registered


def test_each_task_gets_its_result_and_the_registered_names(service: AccountService) -> None:
    service.submit(StorePassword(SESSION, "Ann", "secret12"))
    assert only_result(service) == (TaskResult.YES, frozenset({"ann"}))
    service.submit(CheckPassword(SESSION, "ann", "secret12", was_asked=True))
    assert only_result(service) == (TaskResult.YES, frozenset({"ann"}))
    service.submit(CheckPassword(SESSION, "ann", "secret13", was_asked=True))
    assert only_result(service) == (TaskResult.NO, frozenset({"ann"}))
    service.submit(RemoveAccount(SESSION, "ann"))
    assert only_result(service) == (TaskResult.YES, frozenset())
    assert service.results() == []


def test_a_result_names_its_task(service: AccountService) -> None:
    task = CheckPassword(SESSION, "bob", "secret12", was_asked=False, cseq=7)
    service.submit(task)
    assert next_results(service)[0].task is task


class PausedService:
    """A service whose password checks wait for `go_on`; `checked` has their names in order."""

    def __init__(self, service: AccountService, accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
        self.service = service
        self.checked: list[str] = []
        self.count = 0
        self._begun, self.go_on = threading.Event(), threading.Event()
        monkeypatch.setattr(accounts, "check", self._checking)
        self.check("192.0.2.99", "the first")
        assert self._begun.wait(PATIENCE)

    def _checking(self, name: str, password: str) -> bool:
        self._begun.set()
        assert self.go_on.wait(PATIENCE)
        self.checked.append(name)
        return True

    def check(self, host: str, name: str) -> Session:
        """Queue a check of a new session."""
        session = Session(f"{host}:{1000 + self.count}")
        self.count += 1
        self.service.submit(CheckPassword(session, name, "secret12", was_asked=True))
        return session

    def results(self) -> dict[str, TaskResult]:
        """Return the result of each name, when all tasks are done."""
        self.go_on.set()
        served: list[AccountResult] = []
        while len(served) < self.count:
            served += next_results(self.service)
        return {done.task.name: done.result for done in served if done.task}


@pytest.fixture
def paused(service: AccountService, accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> Iterator[PausedService]:
    made = PausedService(service, accounts, monkeypatch)
    yield made
    made.go_on.set()


def test_a_full_queue_answers_busy_at_once_to_the_network_with_the_most_tasks(
    paused: PausedService,
) -> None:  # issue 10, 16
    for number in range(QUEUE_LIMIT):
        paused.check("192.0.2.1", f"guess{number}")
    assert paused.service.results() == []
    paused.check("192.0.2.2", "ann")
    ((task, result, *_),) = next_results(paused.service)
    assert (task and task.name, result) == (f"guess{QUEUE_LIMIT - 1}", TaskResult.BUSY)
    paused.check("192.0.2.1", "one more")
    ((task, result, *_),) = next_results(paused.service)
    assert (task and task.name, result) == ("one more", TaskResult.BUSY)
    paused.count -= 2  # which have their results
    assert paused.results()["ann"] is TaskResult.YES


def test_networks_take_turns(paused: PausedService) -> None:  # issue 10, 16
    for host, name in [("192.0.2.1", "a"), ("192.0.2.1", "b"), ("192.0.2.1", "c"), ("[2001:db8::1]", "d")]:
        paused.check(host, name)
    paused.check("[2001:db8::2]", "e")
    paused.check("127.0.0.1", "f")
    paused.check("127.0.0.8", "g")
    paused.results()
    assert paused.checked == ["the first", "a", "d", "f", "b", "e", "g", "c"]


def test_closed_sessions_are_not_checked_and_ended_peers_come_last(paused: PausedService) -> None:  # issue 10, 16
    ended, gone = paused.check("127.0.0.1", "ended"), paused.check("127.0.0.1", "gone")
    paused.check("127.0.0.1", "ann")
    paused.service.ended.add(ended)
    gone.phase = Phase.CLOSING
    assert paused.service.waiting >= {ended, gone}
    assert paused.results() == {
        "the first": TaskResult.YES,
        "ann": TaskResult.YES,
        "ended": TaskResult.YES,
        "gone": TaskResult.BUSY,
    }
    assert paused.checked == ["the first", "ann", "ended"]
    assert paused.service.waiting == paused.service.ended == set()


def test_a_full_queue_displaces_tasks_of_closed_sessions_first(paused: PausedService) -> None:  # issue 10, 16
    sessions = [paused.check("127.0.0.1", f"guess{number}") for number in range(QUEUE_LIMIT)]
    sessions[3].phase = Phase.CLOSING
    paused.service.ended.add(sessions[5])
    paused.check("127.0.0.1", "ann")
    paused.check("127.0.0.1", "bob")
    results = paused.results()
    assert {name for name, result in results.items() if result is TaskResult.BUSY} == {"guess3", "guess5"}


def test_a_registration_is_stored_after_its_session_has_closed(service: AccountService) -> None:
    session = Session("192.0.2.1:4711")
    session.phase = Phase.CLOSING
    service.submit(StorePassword(session, "ann", "secret12"))
    assert only_result(service) == (TaskResult.YES, frozenset({"ann"}))


def test_a_name_that_somebody_else_has_registered_meanwhile_is_not_taken_over(
    service: AccountService, accounts: Accounts
) -> None:
    service.submit(StorePassword(SESSION, "ann", "secret12"))
    assert only_result(service)[0] is TaskResult.YES
    service.submit(StorePassword(Session("192.0.2.1:4712"), "Ann", "secret34"))
    assert only_result(service)[0] is TaskResult.NO
    assert accounts.check("ann", "secret12")
    owner = Session("192.0.2.1:4713")
    owner.member = Member(1, "Ann", "seat1", "ann")
    service.submit(StorePassword(owner, "Ann", "secret34"))
    assert only_result(service)[0] is TaskResult.YES
    assert accounts.check("ann", "secret34")


def test_at_the_limit_of_accounts_owners_can_still_change_theirs(  # issue 10, 15
    service: AccountService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ACCOUNTS", 1)
    service.submit(StorePassword(SESSION, "ann", "secret12"))
    assert only_result(service)[0] is TaskResult.YES
    service.submit(StorePassword(SESSION, "bob", "secret12"))
    assert only_result(service) == (TaskResult.FULL, frozenset({"ann"}))
    owner = Session("192.0.2.1:4713")
    owner.member = Member(1, "Ann", "seat1", "ann")
    service.submit(StorePassword(owner, "ann", "secret34"))
    assert only_result(service)[0] is TaskResult.YES


def test_a_damaged_line_is_logged_at_the_next_write(
    service: AccountService, accounts: Accounts, caplog: pytest.LogCaptureFixture
) -> None:
    accounts.path.write_text("bob:damaged\n")
    service.submit(StorePassword(SESSION, "bob", "secret12"))
    assert only_result(service) == (TaskResult.NO, frozenset({"bob"}))
    assert "line 1 was left out" in caplog.text


def test_reload_reads_the_file_again(
    service: AccountService, accounts: Accounts, caplog: pytest.LogCaptureFixture
) -> None:
    by_hand = Accounts(accounts.path.parent)
    by_hand.store("carl", "secret12")
    with accounts.path.open("a") as file:
        file.write("damaged\n")
    with caplog.at_level(logging.WARNING):
        service.reload()
        assert next_results(service) == [
            AccountResult(None, TaskResult.YES, frozenset({"carl", "damaged"}), frozenset())
        ]
    assert "line 2 was left out" in caplog.text


def failing(error: Exception) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise error

    return fail


def test_a_failing_disk_is_a_result_and_a_line_in_the_log(
    service: AccountService, accounts: Accounts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(accounts, "add", failing(OSError(28, "No space left on device")))
    service.submit(StorePassword(SESSION, "ann", "secret12"))
    assert only_result(service) == (TaskResult.FAILED, frozenset())
    assert "No space left on device" in caplog.text
    assert "secret12" not in caplog.text


def test_close_finishes_the_queued_tasks(accounts: Accounts) -> None:
    service = AccountService(accounts)
    for number in range(QUEUE_LIMIT):
        service.submit(StorePassword(SESSION, f"user{number}", "secret12"))
    service.close()
    kept = Accounts(accounts.path.parent)
    kept.load()
    assert len(kept.keys()) == QUEUE_LIMIT


def test_a_full_wake_up_socket_does_not_block_the_loop(paused: PausedService) -> None:
    for number in range(QUEUE_LIMIT + 5_000):  # a socket pair holds some hundreds of bytes in messages of one
        paused.check("192.0.2.1", f"guess{number}")
    assert [done.result for done in next_results(paused.service)] == [TaskResult.BUSY] * 5_000


def test_a_bug_costs_only_the_task_that_provokes_it(
    service: AccountService, accounts: Accounts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(accounts, "check", failing(ValueError("memory limit exceeded")))
        service.submit(CheckPassword(SESSION, "ann", "secret12", was_asked=False))
        assert only_result(service)[0] is TaskResult.FAILED
    assert "memory limit exceeded" in caplog.text
    service.submit(StorePassword(SESSION, "ann", "secret12"))
    assert only_result(service) == (TaskResult.YES, frozenset({"ann"}))


def test_tasks_after_a_reload_are_done(accounts: Accounts) -> None:
    service = AccountService(accounts)
    service.submit(CheckPassword(SESSION, "ann", "secret12", was_asked=False))
    service.reload()
    service.submit(StorePassword(SESSION, "ann", "secret12"))
    service.close()
    assert accounts.keys() == {"ann"}


# --- roles -------------------------------------------------------------------------------------------------------


def operator(name: str) -> Session:
    """Return the session of the user called `name`, who has given the password."""
    session = Session("192.0.2.1:4711")
    session.phase = Phase.CHATTING
    session.member = Member(1, name, "seat1", account=name)
    return session


def test_a_role_is_stored_and_told_with_the_result(service: AccountService, accounts: Accounts) -> None:  # M1
    for name in ("ann", "bob"):
        accounts.add(name, "secret12")
    accounts.set_role("ann", True)
    service.submit(StoreRole(operator("ann"), "bob", True))
    ((_, result, _, operators, _),) = next_results(service)
    assert (result, operators) == (TaskResult.YES, frozenset({"ann", "bob"}))


@pytest.mark.parametrize(
    ("author", "name", "is_operator"),
    [("bob", "bob", True), ("ann", "eve", True), ("ann", "ann", False)],
    ids=["author is none any more", "no account any more", "the last one"],
)
def test_a_role_is_not_changed_if_that_has_become_wrong(  # M1
    service: AccountService, accounts: Accounts, author: str, name: str, is_operator: bool
) -> None:
    for registered in ("ann", "bob"):
        accounts.add(registered, "secret12")
    accounts.set_role("ann", True)
    service.submit(StoreRole(operator(author), name, is_operator))
    ((_, result, _, operators, _),) = next_results(service)
    assert (result, operators) == (TaskResult.NO, frozenset({"ann"}))


def test_of_two_who_take_each_other_s_role_at_once_one_keeps_it(service: AccountService, accounts: Accounts) -> None:
    for name in ("ann", "bob"):  # M1
        accounts.add(name, "secret12")
        accounts.set_role(name, True)
    service.submit(StoreRole(operator("ann"), "bob", False))
    service.submit(StoreRole(operator("bob"), "ann", False))
    results = next_results(service)
    while len(results) < 2:
        results += next_results(service)
    assert [done.result for done in results] == [TaskResult.YES, TaskResult.NO]
    assert results[-1].operators == frozenset({"ann"})


def test_what_the_room_keeps_is_checked_against_its_records(service: AccountService, accounts: Accounts) -> None:  # N1
    service.submit(HashPassword(SESSION, "Ann", "secret12"))
    ((_, result, _, _, record),) = next_results(service)
    assert (result, record.split(":")[0]) == (TaskResult.YES, "scrypt")
    assert not accounts.path.exists()
    for given, kept, right in (
        ("secret12", record, TaskResult.YES),
        ("secret13", record, TaskResult.NO),
        ("secret12", "", TaskResult.NO),  # no account, which takes as long
        ("secret12", "argon:1", TaskResult.NO),
    ):
        service.submit(CheckPassword(SESSION, "Ann", given, was_asked=True, record=kept))
        assert only_result(service)[0] is right
