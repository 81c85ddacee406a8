"""shell/clerk.py: the accounts on a thread of their own."""

from __future__ import annotations

import logging
import select
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chat.effects import Answer, CheckPassword, RemoveAccount, StorePassword
from chat.session import Session
from shell.clerk import QUEUE_LIMIT, Answered, Clerk
from stores import passwords
from stores.accounts import Accounts

SESSION = Session("192.0.2.1:4711")


@pytest.fixture
def accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Accounts:
    monkeypatch.setattr(passwords, "N", 2)
    return Accounts(tmp_path)


@pytest.fixture
def clerk(accounts: Accounts) -> Iterator[Clerk]:
    made = Clerk(accounts)
    yield made
    made.close()


def next_answers(clerk: Clerk) -> list[Answered]:
    """Wait as the loop does, by `select`."""
    assert select.select([clerk.fileno()], [], [], 10)[0]
    return clerk.answers()


def only_answer(clerk: Clerk) -> tuple[Answer, frozenset[str] | None]:
    ((_, answer, registered),) = next_answers(clerk)
    return answer, registered


def test_each_consultation_gets_its_answer_and_the_names_that_are_registered_then(clerk: Clerk) -> None:
    clerk.consult(StorePassword(SESSION, "Ann", "secret12"))
    assert only_answer(clerk) == (Answer.YES, frozenset({"ann"}))
    clerk.consult(CheckPassword(SESSION, "ann", "secret12", was_asked=True))
    assert only_answer(clerk) == (Answer.YES, frozenset({"ann"}))
    clerk.consult(CheckPassword(SESSION, "ann", "secret13", was_asked=True))
    assert only_answer(clerk) == (Answer.NO, frozenset({"ann"}))
    clerk.consult(RemoveAccount(SESSION, "ann"))
    assert only_answer(clerk) == (Answer.YES, frozenset())
    assert clerk.answers() == []


def test_the_answer_comes_with_what_was_asked(clerk: Clerk) -> None:
    asked = CheckPassword(SESSION, "bob", "secret12", was_asked=False, cseq=7)
    clerk.consult(asked)
    assert next_answers(clerk)[0].asked is asked


def test_a_full_desk_answers_busy_at_once(clerk: Clerk, accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(name: str, password: str) -> bool:
        begun.set()
        return go_on.wait(10)

    monkeypatch.setattr(accounts, "check", slow)
    asked = CheckPassword(SESSION, "ann", "secret12", was_asked=True)
    clerk.consult(asked)
    begun.wait(10)
    for _ in range(QUEUE_LIMIT):
        clerk.consult(asked)
    assert clerk.answers() == []
    clerk.consult(asked)
    assert only_answer(clerk)[0] is Answer.BUSY
    go_on.set()
    served: list[Answered] = []
    while len(served) < QUEUE_LIMIT + 1:
        served += next_answers(clerk)
    assert {answer for _, answer, _ in served} == {Answer.YES}


def test_the_file_is_read_again_when_asked_to(
    clerk: Clerk, accounts: Accounts, caplog: pytest.LogCaptureFixture
) -> None:
    by_hand = Accounts(accounts.path.parent)
    by_hand.store("carl", "secret12")
    with accounts.path.open("a") as file:
        file.write("damaged\n")
    with caplog.at_level(logging.WARNING):
        clerk.reload()
        assert next_answers(clerk) == [(None, Answer.YES, frozenset({"carl", "damaged"}))]
    assert "line 2 was left out" in caplog.text


def failing(error: Exception) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise error

    return fail


def test_a_disk_that_refuses_is_an_answer_and_a_line_in_the_log(
    clerk: Clerk, accounts: Accounts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(accounts, "store", failing(OSError(28, "No space left on device")))
    clerk.consult(StorePassword(SESSION, "ann", "secret12"))
    assert only_answer(clerk) == (Answer.FAILED, frozenset())
    assert "No space left on device" in caplog.text
    assert "secret12" not in caplog.text


def test_closing_finishes_what_waits(accounts: Accounts) -> None:
    clerk = Clerk(accounts)
    for number in range(QUEUE_LIMIT):
        clerk.consult(StorePassword(SESSION, f"user{number}", "secret12"))
    clerk.close()
    kept = Accounts(accounts.path.parent)
    kept.load()
    assert len(kept.keys()) == QUEUE_LIMIT


def test_a_bell_that_nobody_hears_does_not_hold_up_the_loop(clerk: Clerk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shell.clerk.QUEUE_LIMIT", 0)
    asked = CheckPassword(SESSION, "ann", "secret12", was_asked=False)
    for _ in range(5_000):  # a socket pair holds some hundreds of bytes in messages of one
        clerk.consult(asked)
    assert next_answers(clerk) == [(asked, Answer.BUSY, None)] * 5_000


def test_a_bug_costs_the_one_who_met_it_and_no_later_one(
    clerk: Clerk, accounts: Accounts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(accounts, "check", failing(ValueError("memory limit exceeded")))
        clerk.consult(CheckPassword(SESSION, "ann", "secret12", was_asked=False))
        assert only_answer(clerk)[0] is Answer.FAILED
    assert "memory limit exceeded" in caplog.text
    clerk.consult(StorePassword(SESSION, "ann", "secret12"))
    assert only_answer(clerk) == (Answer.YES, frozenset({"ann"}))


def test_reading_again_does_not_keep_what_comes_after_it_from_being_done(accounts: Accounts) -> None:
    clerk = Clerk(accounts)
    clerk.consult(CheckPassword(SESSION, "ann", "secret12", was_asked=False))
    clerk.reload()
    clerk.consult(StorePassword(SESSION, "ann", "secret12"))
    clerk.close()
    assert accounts.keys() == {"ann"}
