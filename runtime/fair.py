"""A fair queue: tasks are kept by key (the network of a peer) and taken round-robin over the keys.

Within a key, tasks of a higher priority come first, and equals in the order in which they were put. When the queue is
full, a task of the lowest priority is displaced: of several, the newest of the key with the most tasks. So a key that
is alone may fill the queue, and a key that comes later can still take an equal share of it.
"""

from __future__ import annotations

import queue
import threading
from collections import OrderedDict
from collections.abc import Callable
from math import inf
from typing import Generic, TypeVar

Task = TypeVar("Task")


class FairQueue(Generic[Task]):
    """A queue between two threads, of at most `limit` tasks; `priority` returns a greater number for what is urgent."""

    def __init__(self, limit: float = inf, priority: Callable[[Task], int] = lambda _: 0) -> None:
        self._limit = limit
        self._priority = priority
        self._queues: OrderedDict[str, list[Task]] = OrderedDict()  # in the order of their turns; none is empty
        self._size = 0
        self._closed = False
        self._changed = threading.Condition()

    def put(self, task: Task, key: str = "") -> Task | None:
        """Add a task; return the task that was displaced, or None if there was room."""
        with self._changed:
            self._queues.setdefault(key, []).append(task)
            self._size += 1
            self._changed.notify()
            return self._displace(key) if self._size > self._limit else None

    def get(self, timeout: float | None = None) -> Task | None:
        """Wait for a task and return it, or None when the queue is closed. Raises queue.Empty after `timeout` s."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._size or self._closed, timeout):
                raise queue.Empty
            return self._next() if self._size else None

    def close(self, drain: bool = True) -> None:
        """Let `get` return the tasks that are left, or none of them without `drain`, and then None."""
        with self._changed:
            self._closed = True
            if not drain:
                self._queues.clear()
                self._size = 0
            self._changed.notify()

    def _next(self) -> Task:
        key, tasks = next(iter(self._queues.items()))
        self._queues.move_to_end(key)
        return self._remove(key, max(range(len(tasks)), key=lambda index: (self._priority(tasks[index]), -index)))

    def _displace(self, newest: str) -> Task:
        """Remove and return the task that has to go, after one was put under the key `newest`."""
        _, _, _, index, key = min(
            (self._priority(task), -len(tasks), key != newest, -index, key)
            for key, tasks in self._queues.items()
            for index, task in enumerate(tasks)
        )
        return self._remove(key, -index)

    def _remove(self, key: str, index: int) -> Task:
        tasks = self._queues[key]
        task = tasks.pop(index)
        if not tasks:
            del self._queues[key]
        self._size -= 1
        return task
