"""One worker thread for what takes long, so that the loop never waits: hashing passwords, writing users.txt.

The loop submits a job and goes on; when it is done, a byte on a socket pair wakes `select`, and `finished` hands out
what came of it. Jobs run one after the other in the order they came, so what only they touch needs no lock. The queue
is short: when it is full the answer is "busy, try again", not a wait that grows.
"""

from __future__ import annotations

import queue
import socket
import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

QUEUE_LIMIT = 8


class Worker(Generic[T]):
    """Runs jobs that return a T. `fileno` is readable when there is something finished."""

    def __init__(self) -> None:
        self._jobs: queue.Queue[Callable[[], T] | None] = queue.Queue(QUEUE_LIMIT)
        self._done: deque[T] = deque()
        self._bell, self._clapper = socket.socketpair()
        self._bell.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        """Return the descriptor for `select`."""
        return self._bell.fileno()

    def submit(self, job: Callable[[], T]) -> bool:
        """Queue `job`, which must not raise; return False when the queue is full."""
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            return False
        return True

    def finished(self) -> list[T]:
        """Return what the jobs that are done have returned, in order."""
        try:
            self._bell.recv(QUEUE_LIMIT * 2)
        except BlockingIOError:
            return []
        return [self._done.popleft() for _ in range(len(self._done))]

    def close(self) -> None:
        """Let the jobs in the queue finish, then end the thread."""
        self._jobs.put(None)
        self._thread.join()
        self._bell.close()
        self._clapper.close()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._done.append(job())
            self._clapper.send(b"\0")
