"""storechat/server/faults.py: each fault does what it is called after, at its rate, and the same again with the same
seed."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from storechat.server.faults import LATE_LIMIT, FaultyStore, Rates, Response
from storechat.server.store import KeyValueStore, StoreError


def faulty(seed: int = 1, **rates: float) -> FaultyStore:
    return FaultyStore(KeyValueStore("epoch", remembers=True), Rates(**rates), random.Random(seed).random)


def value(store: FaultyStore) -> bytes | None:
    held = store.store.get("a")
    return None if held is None else held.value


def test_without_faults_it_is_a_store() -> None:  # B1
    store = faulty()
    assert store.get("a") == Response(404, version="epoch")
    assert store.put("a", b"one") == Response(201, version="epoch-1")
    assert store.put("a", b"two") == Response(204, version="epoch-2")
    assert store.get("a") == Response(200, b"two", "epoch-2")
    assert store.delay() == 0.0


@pytest.mark.parametrize(("fault", "status"), [("fail", 503), ("refuse", 403), ("drop", None)])
def test_a_request_that_does_not_get_through_does_nothing(fault: str, status: int | None) -> None:
    store = faulty(fail=float(fault == "fail"), refuse=float(fault == "refuse"), drop=float(fault == "drop"))
    store.store.put("a", b"one")
    assert store.put("a", b"two").status == status
    assert store.get("a").status == status
    assert value(store) == b"one"


def test_an_answer_is_lost_after_all_is_done() -> None:
    store = faulty(lose=1.0)
    assert store.put("a", b"one").lost
    assert value(store) == b"one"
    assert store.get("a").lost
    assert store.get("b").lost


def test_a_copy_of_a_write_arrives_at_once_or_later_and_once() -> None:
    arrived: Counter[int] = Counter()
    for seed in range(40):
        store = faulty(seed, duplicate=1.0)
        store.put("a", b"old")
        store.store.put("a", b"new")
        for requests in range(1, LATE_LIMIT + 3):
            store.get("b")
            if value(store) == b"old":
                arrived[requests] += 1
                store.store.put("a", b"new")
    assert sorted(arrived) == list(range(1, LATE_LIMIT + 2))
    assert arrived.total() == 40


def test_an_old_value_is_given_with_its_old_version() -> None:
    store = faulty(stale=1.0)
    store.store.put("a", b"one")
    assert store.get("a").body == b"one"  # there is none before it
    store.store.put("a", b"two")
    assert store.get("a") == Response(200, b"one", "epoch-1")


def test_a_damaged_value_differs_by_a_byte_and_is_whole_in_the_store() -> None:
    store = faulty(damage=1.0)
    store.store.put("a", b"hello")
    body = store.get("a").body
    assert sum(one != other for one, other in zip(body, b"hello", strict=True)) == 1
    assert value(store) == b"hello"
    store.store.put("a", b"")
    assert store.get("a").body == b""


def test_faults_happen_at_their_rates() -> None:
    store = faulty(fail=0.2, refuse=0.2, drop=0.2)
    counts = Counter(store.get("a").status for _ in range(10_000))
    expected = {None: 2000, 503: 1600, 403: 1280, 404: 5120}
    assert all(abs(counts[status] - count) < 200 for status, count in expected.items())


def test_a_delay_is_up_to_what_was_asked_for() -> None:
    store = faulty(delay=2.0)
    delays = [store.delay() for _ in range(1000)]
    assert 0.0 <= min(delays) < 0.1
    assert 1.9 < max(delays) < 2.0


def test_the_same_seed_gives_the_same_faults() -> None:
    rates = Rates(*[0.3] * 8)

    def story(seed: int) -> list[object]:
        store = FaultyStore(KeyValueStore("epoch", remembers=True), rates, random.Random(seed).random)
        return [(store.delay(), store.put("a", b"%d" % number), store.get("a")) for number in range(50)]

    assert story(7) == story(7) != story(8)


def test_what_the_store_does_not_take_is_no_fault() -> None:
    store = faulty(fail=1.0)
    with pytest.raises(StoreError):
        store.put("a/b", b"")
    with pytest.raises(StoreError):
        faulty().get("")
