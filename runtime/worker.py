"""Worker: a thread for what takes long, so that the loop never waits for a hash or the disk.

The loop hands it what is to be done and goes on; when something is done, a byte on a socket pair wakes `select`, and
`results` hands it out. It does one thing after the other, so what it works on needs no lock. Whose turn it is, is said
in runtime/fair.py.
"""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from runtime.fair import FairQueue

HUMILITY = 10  # niceness: far below the loop, and yet done in time on a busy machine

Task = TypeVar("Task")
Result = TypeVar("Result")


class Worker(Generic[Task, Result]):
    """Does tasks. `fileno` is readable when there are results."""

    def __init__(
        self,
        name: str,
        do: Callable[[Task], Result],
        leisure: Callable[[], float] | None = None,
        tasks: FairQueue[Task] | None = None,
    ) -> None:
        """Start the thread; `do` is called in it for each of the `tasks`.

        `leisure` is called when there is none, and returns after how many seconds without one it is to be called again.
        """
        self._do = do
        self._leisure = leisure
        self._tasks = FairQueue[Task]() if tasks is None else tasks
        self._results: deque[Result] = deque()
        self._bell, self._clapper = socket.socketpair()
        self._bell.setblocking(False)
        self._clapper.setblocking(False)
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        """Return the descriptor for `select`."""
        return self._bell.fileno()

    def put(self, task: Task, address: str = "") -> Task | None:
        """Take in a task of `address`; return the one that will not be done for lack of room, if there is one."""
        return self._tasks.put(task, address)

    def give(self, result: Result) -> None:
        """Hand out a result, also one that the thread did not make."""
        self._results.append(result)
        with contextlib.suppress(BlockingIOError):  # so many bytes wait that it rings anyway
            self._clapper.send(b"\0")

    def results(self) -> list[Result]:
        """Return the results that have come, in order."""
        try:
            self._bell.recv(4096)
        except BlockingIOError:
            return []
        return [self._results.popleft() for _ in range(len(self._results))]

    def close(self, finish: bool = True) -> None:
        """`finish` what is waiting, so that nothing of it is lost, or drop it, and end the thread."""
        self._tasks.close(finish)
        self._thread.join()
        self._bell.close()
        self._clapper.close()

    def _work(self) -> None:
        _be_humble()
        patience: float | None = None if self._leisure is None else 0.0
        while True:
            try:
                task = self._tasks.get(timeout=patience)
            except queue.Empty:
                patience = self._leisure() if self._leisure is not None else None
                continue
            if task is None:
                return
            self.give(self._do(task))


def _be_humble() -> None:
    """Let everything else go first: the chat needs the processor more. On Linux a thread has its own niceness."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), HUMILITY)
