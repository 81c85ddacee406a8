"""A fair queue: tasks by address, taken by turns over the addresses, so that nobody waits for all of somebody else's.

Within an address the task that came first is taken first; a connection has one at a time, so those of one address take
turns, too. Some tasks are worth less than others (`worth`): those of a peer that sends nothing more, and then those of
one that is gone. They are taken after the others of their address, and give way to them when the queue is full. Else
it is the newest task of the address with the most that gives way. So an address that is alone has all the room, and one
that comes while another has taken it all has as much as that one.
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
    """A queue for two threads. A task that is worth more has the greater number."""

    def __init__(self, limit: float = inf, worth: Callable[[Task], int] = lambda _: 0) -> None:
        self._limit = limit
        self._worth = worth
        self._lanes: OrderedDict[str, list[Task]] = OrderedDict()  # none empty, whose turn it is first
        self._size = 0
        self._closed = False
        self._changed = threading.Condition()

    def put(self, task: Task, address: str = "") -> Task | None:
        """Take in a task; return the one that has to go for lack of room, if there is one."""
        with self._changed:
            self._lanes.setdefault(address, []).append(task)
            self._size += 1
            self._changed.notify()
            return self._least(address) if self._size > self._limit else None

    def get(self, timeout: float | None = None) -> Task | None:
        """Wait for a task and return it, or None when the queue is closed. Raises queue.Empty after `timeout` s."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._size or self._closed, timeout):
                raise queue.Empty
            return self._next() if self._size else None

    def close(self, finish: bool = True) -> None:
        """Let `get` return what is in it, or with no `finish` nothing of that, and then None."""
        with self._changed:
            self._closed = True
            if not finish:
                self._lanes.clear()
                self._size = 0
            self._changed.notify()

    def _next(self) -> Task:
        address, tasks = next(iter(self._lanes.items()))
        self._lanes.move_to_end(address)
        return self._taken(address, max(range(len(tasks)), key=lambda place: (self._worth(tasks[place]), -place)))

    def _least(self, newest: str) -> Task:
        """Take out the task that is worth least; of equals, one of the address with the most, and the newest of it."""
        _, _, _, place, address = min(
            (self._worth(task), -len(tasks), address != newest, -place, address)
            for address, tasks in self._lanes.items()
            for place, task in enumerate(tasks)
        )
        return self._taken(address, -place)

    def _taken(self, address: str, place: int) -> Task:
        tasks = self._lanes[address]
        task = tasks.pop(place)
        if not tasks:
            del self._lanes[address]
        self._size -= 1
        return task
