"""runtime/fair.py: the order of tasks, and which task a full queue displaces."""

from __future__ import annotations

import queue
import threading

import pytest

from runtime.fair import FairQueue
from tests.support.patience import PATIENCE


def emptied(tasks: FairQueue[str]) -> list[str]:
    tasks.close()
    return list(iter(tasks.get, None))


def test_keys_take_turns_and_within_a_key_the_first_comes_first() -> None:
    tasks: FairQueue[str] = FairQueue()
    for task in ("a1", "a2", "a3", "b1", "b2", "c1"):
        assert tasks.put(task, task[0]) is None
    assert emptied(tasks) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_a_new_key_waits_for_one_turn_of_each_other() -> None:
    tasks: FairQueue[str] = FairQueue()
    for number in range(100):
        tasks.put(f"a{number}", "a")
    assert tasks.get() == "a0"
    tasks.put("b0", "b")
    assert [tasks.get(), tasks.get()] == ["a1", "b0"]


@pytest.mark.parametrize(("newcomer", "displaced"), [("a9", "a9"), ("b2", "a2"), ("c1", "a2")])
def test_the_newest_task_of_the_key_with_the_most_is_displaced(newcomer: str, displaced: str) -> None:
    tasks: FairQueue[str] = FairQueue(4)
    for task in ("a0", "a1", "a2", "b1"):
        assert tasks.put(task, task[0]) is None
    assert tasks.put(newcomer, newcomer[0]) == displaced


def test_of_two_keys_with_as_many_tasks_the_newcomer_s_is_displaced() -> None:
    tasks: FairQueue[str] = FairQueue(3)
    for task in ("a1", "a2", "b1"):
        tasks.put(task, task[0])
    assert tasks.put("b2", "b") == "b2"


def test_a_lower_priority_comes_later_and_is_displaced_first() -> None:
    tasks: FairQueue[str] = FairQueue(3, lambda task: int(task[1]))
    for task in ("a0", "a1", "b0"):
        tasks.put(task, task[0])
    assert tasks.put("c2", "c") == "a0"
    assert emptied(tasks) == ["a1", "b0", "c2"]


def test_a_closed_queue_is_drained_or_not() -> None:
    tasks: FairQueue[str] = FairQueue()
    tasks.put("a")
    with pytest.raises(queue.Empty):
        FairQueue[str]().get(timeout=0)
    tasks.close(drain=False)
    assert tasks.get() is None


def test_get_wakes_on_put_and_close() -> None:
    tasks: FairQueue[str] = FairQueue()
    got: list[str | None] = []
    thread = threading.Thread(target=lambda: got.extend([tasks.get(), tasks.get()]))
    thread.start()
    tasks.put("a")
    tasks.close()
    thread.join(PATIENCE)
    assert got == ["a", None]
