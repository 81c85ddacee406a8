"""storechat.core.health: how a chat through a store stands."""

from __future__ import annotations

from storechat.core.health import UNREAD, StoreHealth


def test_one_failure_in_a_row_says_nothing_and_two_do() -> None:
    ours = StoreHealth()
    assert ours.online
    ours.failed("read")
    ours.failed("write")
    assert ours.online
    ours.failed("read")
    assert not ours.online
    ours.served("write")
    assert not ours.online
    ours.served("read")
    assert ours.online


def test_who_reads_nothing_for_long_is_not_counted() -> None:
    ours = StoreHealth()
    assert ours.reads(0.0)
    ours.waiting(1, 2, 100.0)
    ours.waiting(1, 3, 105.0)
    assert ours.reads(100.0 + UNREAD / 2)
    assert not ours.reads(100.0 + UNREAD)
    ours.waiting(2, 2, 100.0 + UNREAD)  # one was read
    assert ours.reads(100.0 + UNREAD)
    ours.waiting(4, 0, 200.0)
    assert ours.reads(1000.0)
