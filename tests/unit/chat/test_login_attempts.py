"""chat/login_attempts.py: 3 wrong passwords in a minute, 10 in ten minutes, for each account and address."""

from __future__ import annotations

from chat.login_attempts import LoginAttempts

ANN, BOB = ("ann", "192.0.2.1"), ("bob", "192.0.2.1")


def tried(times: list[float]) -> LoginAttempts:
    made = LoginAttempts()
    for time in times:
        made.count(ANN, time)
    return made


def test_the_first_tries_need_not_wait() -> None:
    assert LoginAttempts().wait(ANN, 0.0) == 0.0
    assert tried([0.0, 1.0]).wait(ANN, 2.0) == 0.0


def test_after_three_in_a_minute_there_is_a_wait_until_the_minute_is_over() -> None:
    made = tried([0.0, 10.0, 20.0])
    assert made.wait(ANN, 20.0) == 40.0
    assert made.wait(ANN, 59.5) == 0.5
    assert made.wait(ANN, 60.0) == 0.0


def test_after_ten_in_ten_minutes_there_is_a_wait_until_these_are_over() -> None:
    made = tried([30.0 * n for n in range(10)])
    assert made.wait(ANN, 400.0) == 200.0
    assert made.wait(ANN, 600.0) == 0.0


def test_nobody_is_locked_out_by_anybody_else() -> None:
    made = tried([0.0, 0.0, 0.0])
    assert made.wait(BOB, 0.0) == 0.0
    assert made.wait(("ann", "192.0.2.2"), 0.0) == 0.0


def test_a_right_password_counts_for_nothing() -> None:
    made = tried([0.0, 0.0, 0.0])
    made.forgive(ANN)
    made.forgive(BOB)
    assert made.wait(ANN, 0.0) == 0.0


def test_what_is_kept_are_the_tries_of_ten_minutes() -> None:
    made = LoginAttempts()
    for number in range(3000):
        made.count(("ann", str(number)), float(number))
    assert len(made._tries) == 600
    assert made.wait(("ann", "2999"), 3000.0) == 0.0


def test_other_limits_may_be_given() -> None:
    made = LoginAttempts(((1, 10.0),))
    made.count(ANN, 0.0)
    assert made.wait(ANN, 4.0) == 6.0
