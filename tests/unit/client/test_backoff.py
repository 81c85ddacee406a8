"""client/core/backoff.py: waits that double up to a limit; up to half of each is random."""

from __future__ import annotations

import random
from math import ceil

import myclient
from client.core.backoff import Backoff, Retries


def test_waits_double_up_to_the_limit_and_begin_again() -> None:
    backoff = Backoff(1.0, 5.0, lambda: 1.0)
    assert [backoff.wait() for _ in range(5)] == [1.0, 2.0, 4.0, 5.0, 5.0]
    backoff.reset()
    assert backoff.wait() == 1.0


def test_half_of_a_wait_is_random() -> None:
    assert Backoff(1.0, 5.0, lambda: 0.0).wait() == 0.5
    assert Backoff(1.0, 5.0, lambda: 0.5).wait() == 0.75


def test_a_lost_connection_is_tried_again_ever_later_but_at_least_every_half_minute() -> None:
    for seed in range(20):
        retry = Backoff(myclient.FIRST_RETRY, myclient.LONGEST_RETRY, random.Random(seed).random)
        tries = [ceil(retry.wait()) for _ in range(12)]
        assert tries[0] == 1
        assert all(1 <= pause <= 30 for pause in tries)
        assert all(pause >= 15 for pause in tries[6:])


def retries(persistence: float) -> Retries:
    return Retries(Backoff(1.0, 30.0, lambda: 1.0), persistence, lasting=30.0)


def test_a_lost_connection_is_tried_again_for_as_long_as_was_asked_for() -> None:
    ours = retries(5.0)
    assert ours.persists
    ours.lost(100.0)
    assert [ours.wait(100.0), ours.wait(101.0), ours.wait(103.0)] == [1, 2, None]
    assert not retries(0.0).persists


def test_only_a_connection_that_lasted_makes_the_waits_short_again() -> None:
    ours = retries(1000.0)
    ours.lost(100.0)
    assert [ours.wait(100.0), ours.wait(100.0)] == [1, 2]
    ours.connected(103.0)
    ours.holds(133.0)
    assert ours.wait(133.0) == 4
    ours.holds(134.0)
    assert ours.wait(134.0) == 1


def test_by_the_users_wish_the_next_try_is_due_at_once() -> None:  # U5
    ours = retries(0.0)
    ours.hurry()
    assert ours.persists
    ours.lost(100.0)
    assert [ours.wait(100.0), ours.wait(100.0)] == [0.0, None]
    ours.hurry()
    ours.connected(101.0)
    assert not ours.persists
