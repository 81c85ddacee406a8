"""runtime/fair.py: whose turn it is, and who gives way."""

from __future__ import annotations

import queue
import threading

import pytest

from runtime.fair import FairQueue


def emptied(tasks: FairQueue[str]) -> list[str]:
    tasks.close()
    return list(iter(tasks.get, None))


def test_addresses_take_turns_and_within_one_the_first_comes_first() -> None:
    tasks: FairQueue[str] = FairQueue()
    for task in ("a1", "a2", "a3", "b1", "b2", "c1"):
        assert tasks.put(task, task[0]) is None
    assert emptied(tasks) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_who_comes_while_others_take_turns_waits_for_one_turn_of_each() -> None:
    tasks: FairQueue[str] = FairQueue()
    for number in range(100):
        tasks.put(f"a{number}", "a")
    assert tasks.get() == "a0"
    tasks.put("b0", "b")
    assert [tasks.get(), tasks.get()] == ["a1", "b0"]


@pytest.mark.parametrize(("newcomer", "displaced"), [("a9", "a9"), ("b2", "a2"), ("c1", "a2")])
def test_the_newest_of_the_address_with_the_most_gives_way(newcomer: str, displaced: str) -> None:
    tasks: FairQueue[str] = FairQueue(4)
    for task in ("a0", "a1", "a2", "b1"):
        assert tasks.put(task, task[0]) is None
    assert tasks.put(newcomer, newcomer[0]) == displaced


def test_of_two_addresses_with_as_much_the_one_that_comes_gives_way() -> None:
    tasks: FairQueue[str] = FairQueue(3)
    for task in ("a1", "a2", "b1"):
        tasks.put(task, task[0])
    assert tasks.put("b2", "b") == "b2"


def test_what_is_worth_less_comes_later_and_goes_first() -> None:
    tasks: FairQueue[str] = FairQueue(3, lambda task: int(task[1]))
    for task in ("a0", "a1", "b0"):
        tasks.put(task, task[0])
    assert tasks.put("c2", "c") == "a0"
    assert emptied(tasks) == ["a1", "b0", "c2"]


def test_a_queue_that_is_closed_gives_what_is_in_it_or_not() -> None:
    tasks: FairQueue[str] = FairQueue()
    tasks.put("a")
    with pytest.raises(queue.Empty):
        FairQueue[str]().get(timeout=0)
    tasks.close(finish=False)
    assert tasks.get() is None


def test_who_waits_is_woken() -> None:
    tasks: FairQueue[str] = FairQueue()
    got: list[str | None] = []
    thread = threading.Thread(target=lambda: got.extend([tasks.get(), tasks.get()]))
    thread.start()
    tasks.put("a")
    tasks.close()
    thread.join(10)
    assert got == ["a", None]
