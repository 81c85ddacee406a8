"""client/core/backoff.py: waits that double, up to a limit, and are left to chance by half."""

from __future__ import annotations

from client.core.backoff import Backoff


def test_waits_double_up_to_the_limit_and_begin_again() -> None:
    backoff = Backoff(1.0, 5.0, lambda: 1.0)
    assert [backoff.wait() for _ in range(5)] == [1.0, 2.0, 4.0, 5.0, 5.0]
    backoff.reset()
    assert backoff.wait() == 1.0


def test_the_half_of_a_wait_is_left_to_chance() -> None:
    assert Backoff(1.0, 5.0, lambda: 0.0).wait() == 0.5
    assert Backoff(1.0, 5.0, lambda: 0.5).wait() == 0.75
