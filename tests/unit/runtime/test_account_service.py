"""runtime/account_service.py: the accounts on a thread of their own."""

from __future__ import annotations

import logging
import select
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chat import limits
from chat.effects import CheckPassword, RemoveAccount, StorePassword, TaskResult
from chat.room import Member
from chat.session import Phase, Session
from runtime.account_service import QUEUE_LIMIT, AccountService, Answered
from storage import passwords
from storage.users_file import Accounts

SESSION = Session("192.0.2.1:4711")


@pytest.fixture
def accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Accounts:
    monkeypatch.setattr(passwords, "N", 2)
    return Accounts(tmp_path)


@pytest.fixture
def clerk(accounts: Accounts) -> Iterator[AccountService]:
    made = AccountService(accounts)
    yield made
    made.close()


def next_answers(clerk: AccountService) -> list[Answered]:
    """Wait as the loop does, by `select`."""
    assert select.select([clerk.fileno()], [], [], 10)[0]
    return clerk.answers()


def only_answer(clerk: AccountService) -> tuple[TaskResult, frozenset[str] | None]:
    ((_, answer, registered),) = next_answers(clerk)
    return answer, registered


def test_each_consultation_gets_its_answer_and_the_names_that_are_registered_then(clerk: AccountService) -> None:
    clerk.consult(StorePassword(SESSION, "Ann", "secret12"))
    assert only_answer(clerk) == (TaskResult.YES, frozenset({"ann"}))
    clerk.consult(CheckPassword(SESSION, "ann", "secret12", was_asked=True))
    assert only_answer(clerk) == (TaskResult.YES, frozenset({"ann"}))
    clerk.consult(CheckPassword(SESSION, "ann", "secret13", was_asked=True))
    assert only_answer(clerk) == (TaskResult.NO, frozenset({"ann"}))
    clerk.consult(RemoveAccount(SESSION, "ann"))
    assert only_answer(clerk) == (TaskResult.YES, frozenset())
    assert clerk.answers() == []


def test_the_answer_comes_with_what_was_asked(clerk: AccountService) -> None:
    asked = CheckPassword(SESSION, "bob", "secret12", was_asked=False, cseq=7)
    clerk.consult(asked)
    assert next_answers(clerk)[0].asked is asked


class Desk:
    """A clerk whose checks wait until they are let go on, and whom they were of."""

    def __init__(self, clerk: AccountService, accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clerk = clerk
        self.checked: list[str] = []
        self.asked = 0
        self._begun, self.go_on = threading.Event(), threading.Event()
        monkeypatch.setattr(accounts, "check", self._check)
        self.asks("192.0.2.99", "the first")
        self._begun.wait(10)

    def _check(self, name: str, password: str) -> bool:
        self._begun.set()
        self.go_on.wait(10)
        self.checked.append(name)
        return True

    def asks(self, host: str, name: str) -> Session:
        """Let somebody who has a connection of his own ask."""
        session = Session(f"{host}:{1000 + self.asked}")
        self.asked += 1
        self.clerk.consult(CheckPassword(session, name, "secret12", was_asked=True))
        return session

    def answers(self) -> dict[str, TaskResult]:
        """Return what each name was answered, when all have been."""
        self.go_on.set()
        served: list[Answered] = []
        while len(served) < self.asked:
            served += next_answers(self.clerk)
        return {answered.asked.name: answered.answer for answered in served if answered.asked}


@pytest.fixture
def desk(clerk: AccountService, accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    made = Desk(clerk, accounts, monkeypatch)
    yield made
    made.go_on.set()


def test_a_full_desk_answers_busy_at_once_and_to_one_of_those_who_ask_most(desk: Desk) -> None:  # issue 10, 16
    for number in range(QUEUE_LIMIT):
        desk.asks("192.0.2.1", f"guess{number}")
    assert desk.clerk.answers() == []
    desk.asks("192.0.2.2", "ann")
    ((asked, answer, _),) = next_answers(desk.clerk)
    assert (asked and asked.name, answer) == (f"guess{QUEUE_LIMIT - 1}", TaskResult.BUSY)
    desk.asks("192.0.2.1", "one more")
    ((asked, answer, _),) = next_answers(desk.clerk)
    assert (asked and asked.name, answer) == ("one more", TaskResult.BUSY)
    desk.asked -= 2  # who have their answers
    assert desk.answers()["ann"] is TaskResult.YES


def test_networks_take_turns(desk: Desk) -> None:  # issue 10, 16
    for host, name in [("192.0.2.1", "a"), ("192.0.2.1", "b"), ("192.0.2.1", "c"), ("[2001:db8::1]", "d")]:
        desk.asks(host, name)
    desk.asks("[2001:db8::2]", "e")
    desk.asks("127.0.0.1", "f")
    desk.asks("127.0.0.8", "g")
    desk.answers()
    assert desk.checked == ["the first", "a", "d", "f", "b", "e", "g", "c"]


def test_who_is_gone_is_not_checked_and_who_sends_no_more_comes_last(desk: Desk) -> None:  # issue 10, 16
    ended, gone = desk.asks("127.0.0.1", "ended"), desk.asks("127.0.0.1", "gone")
    desk.asks("127.0.0.1", "ann")
    desk.clerk.ended.add(ended)
    gone.phase = Phase.CLOSING
    assert desk.clerk.waiting >= {ended, gone}
    assert desk.answers() == {
        "the first": TaskResult.YES,
        "ann": TaskResult.YES,
        "ended": TaskResult.YES,
        "gone": TaskResult.BUSY,
    }
    assert desk.checked == ["the first", "ann", "ended"]
    assert desk.clerk.waiting == desk.clerk.ended == set()


def test_with_a_full_desk_those_who_are_gone_go_first(desk: Desk) -> None:  # issue 10, 16
    sessions = [desk.asks("127.0.0.1", f"guess{number}") for number in range(QUEUE_LIMIT)]
    sessions[3].phase = Phase.CLOSING
    desk.clerk.ended.add(sessions[5])
    desk.asks("127.0.0.1", "ann")
    desk.asks("127.0.0.1", "bob")
    answers = desk.answers()
    assert {name for name, answer in answers.items() if answer is TaskResult.BUSY} == {"guess3", "guess5"}


def test_who_registers_and_is_gone_is_registered(clerk: AccountService) -> None:
    session = Session("192.0.2.1:4711")
    session.phase = Phase.CLOSING
    clerk.consult(StorePassword(session, "ann", "secret12"))
    assert only_answer(clerk) == (TaskResult.YES, frozenset({"ann"}))


def test_a_name_that_somebody_else_has_registered_meanwhile_is_not_taken_over(
    clerk: AccountService, accounts: Accounts
) -> None:
    clerk.consult(StorePassword(SESSION, "ann", "secret12"))
    assert only_answer(clerk)[0] is TaskResult.YES
    clerk.consult(StorePassword(Session("192.0.2.1:4712"), "Ann", "secret34"))
    assert only_answer(clerk)[0] is TaskResult.NO
    assert accounts.check("ann", "secret12")
    owner = Session("192.0.2.1:4713")
    owner.member = Member(1, "Ann", "seat1", "ann")
    clerk.consult(StorePassword(owner, "Ann", "secret34"))
    assert only_answer(clerk)[0] is TaskResult.YES
    assert accounts.check("ann", "secret34")


def test_there_are_so_many_accounts_and_their_owners_may_change_them(  # issue 10, 15
    clerk: AccountService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ACCOUNTS", 1)
    clerk.consult(StorePassword(SESSION, "ann", "secret12"))
    assert only_answer(clerk)[0] is TaskResult.YES
    clerk.consult(StorePassword(SESSION, "bob", "secret12"))
    assert only_answer(clerk) == (TaskResult.FULL, frozenset({"ann"}))
    owner = Session("192.0.2.1:4713")
    owner.member = Member(1, "Ann", "seat1", "ann")
    clerk.consult(StorePassword(owner, "ann", "secret34"))
    assert only_answer(clerk)[0] is TaskResult.YES


def test_a_line_that_was_damaged_by_hand_is_told_of_at_the_next_writing(
    clerk: AccountService, accounts: Accounts, caplog: pytest.LogCaptureFixture
) -> None:
    accounts.path.write_text("bob:damaged\n")
    clerk.consult(StorePassword(SESSION, "bob", "secret12"))
    assert only_answer(clerk) == (TaskResult.NO, frozenset({"bob"}))
    assert "line 1 was left out" in caplog.text


def test_the_file_is_read_again_when_asked_to(
    clerk: AccountService, accounts: Accounts, caplog: pytest.LogCaptureFixture
) -> None:
    by_hand = Accounts(accounts.path.parent)
    by_hand.store("carl", "secret12")
    with accounts.path.open("a") as file:
        file.write("damaged\n")
    with caplog.at_level(logging.WARNING):
        clerk.reload()
        assert next_answers(clerk) == [(None, TaskResult.YES, frozenset({"carl", "damaged"}))]
    assert "line 2 was left out" in caplog.text


def failing(error: Exception) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise error

    return fail


def test_a_disk_that_refuses_is_an_answer_and_a_line_in_the_log(
    clerk: AccountService, accounts: Accounts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(accounts, "add", failing(OSError(28, "No space left on device")))
    clerk.consult(StorePassword(SESSION, "ann", "secret12"))
    assert only_answer(clerk) == (TaskResult.FAILED, frozenset())
    assert "No space left on device" in caplog.text
    assert "secret12" not in caplog.text


def test_closing_finishes_what_waits(accounts: Accounts) -> None:
    clerk = AccountService(accounts)
    for number in range(QUEUE_LIMIT):
        clerk.consult(StorePassword(SESSION, f"user{number}", "secret12"))
    clerk.close()
    kept = Accounts(accounts.path.parent)
    kept.load()
    assert len(kept.keys()) == QUEUE_LIMIT


def test_a_bell_that_nobody_hears_does_not_hold_up_the_loop(desk: Desk) -> None:
    for number in range(QUEUE_LIMIT + 5_000):  # a socket pair holds some hundreds of bytes in messages of one
        desk.asks("192.0.2.1", f"guess{number}")
    assert [answered.answer for answered in next_answers(desk.clerk)] == [TaskResult.BUSY] * 5_000


def test_a_bug_costs_the_one_who_met_it_and_no_later_one(
    clerk: AccountService, accounts: Accounts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(accounts, "check", failing(ValueError("memory limit exceeded")))
        clerk.consult(CheckPassword(SESSION, "ann", "secret12", was_asked=False))
        assert only_answer(clerk)[0] is TaskResult.FAILED
    assert "memory limit exceeded" in caplog.text
    clerk.consult(StorePassword(SESSION, "ann", "secret12"))
    assert only_answer(clerk) == (TaskResult.YES, frozenset({"ann"}))


def test_reading_again_does_not_keep_what_comes_after_it_from_being_done(accounts: Accounts) -> None:
    clerk = AccountService(accounts)
    clerk.consult(CheckPassword(SESSION, "ann", "secret12", was_asked=False))
    clerk.reload()
    clerk.consult(StorePassword(SESSION, "ann", "secret12"))
    clerk.close()
    assert accounts.keys() == {"ann"}
