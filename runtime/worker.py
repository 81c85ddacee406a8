"""Worker: a thread for slow tasks, so that the loop never waits for a hash or the disk.

The loop puts a task and goes on; when the task is done, the worker wakes the loop, which takes the `results`. Tasks
are done one at a time, so the data that they use needs no lock; runtime/fair.py decides their order.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from runtime.fair import FairQueue
from runtime.sockets import WakeUp

Task = TypeVar("Task")
Result = TypeVar("Result")


class Worker(Generic[Task, Result]):
    """Does tasks. `fileno` is readable when there are results."""

    def __init__(
        self,
        name: str,
        do: Callable[[Task], Result],
        on_idle: Callable[[], float] | None = None,
        tasks: FairQueue[Task] | None = None,
        nice: int = 0,
    ) -> None:
        """Start the thread; `do` is called in it for each of the `tasks`.

        `on_idle` is called when there is none; it returns the idle seconds until its next call. `nice`: how far the
        thread's priority is below the loop's. That is only for tasks that take long without the interpreter's lock: on
        a busy machine, a nice thread that holds it is not run, and the loop waits for the lock.
        """
        self._do = do
        self._on_idle = on_idle
        self._nice = nice
        self._tasks = FairQueue[Task]() if tasks is None else tasks
        self._results: deque[Result] = deque()
        self._wake_up = WakeUp()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        """Return the descriptor for the poller."""
        return self._wake_up.fileno()

    def put(self, task: Task, key: str = "") -> Task | None:
        """Queue a task under `key`; return the task that was displaced, which will not be done, or None."""
        return self._tasks.put(task, key)

    def give(self, result: Result) -> None:
        """Add a result, of the thread or of the caller, and wake the loop."""
        self._results.append(result)
        self._wake_up.wake()

    def results(self, has_room: Callable[[], bool] = lambda: True) -> Iterator[Result]:
        """Yield the new results, in order: one, and more while `has_room()`; the others come with the next calls."""
        if not self._wake_up.clear():
            return
        while self._results:
            yield self._results.popleft()
            if not has_room():
                break
        if self._results:
            self._wake_up.wake()

    def close(self, drain: bool = True) -> None:
        """End the thread, after the tasks that are left, or without `drain` after the current one."""
        self._tasks.close(drain)
        self._thread.join()
        self._wake_up.close()

    def _work(self) -> None:
        if sys.platform == "linux":  # where a thread has its own niceness
            os.nice(self._nice)
        timeout: float | None = None if self._on_idle is None else 0.0
        while True:
            try:
                task = self._tasks.get(timeout=timeout)
            except queue.Empty:
                timeout = self._on_idle() if self._on_idle is not None else None
                continue
            if task is None:
                return
            self.give(self._do(task))
