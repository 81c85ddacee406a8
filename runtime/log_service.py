"""The log service: a room's shared log, over two connections, each with a thread of its own.

One thread writes and the other reads, since a call that reads waits in Redis until there is something to read. Which
call is next, and what an answer means, is up to `LogClient`, which both use under one lock. The threads carry the calls
out and connect again after a failure: after a pause that grows and is never the same, so that many servers do not all
come back at once. Whatever Redis does, the loop never waits for it.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from chat.shared.log_client import LogClient, ReadCall, Side, WriteCall
from chat.shared.log_store import Answer, Found, LogStore, LogUnreachableError
from chat.shared.shared_log import Command, LogEntry, LostThread, Reachable, Result
from runtime.sockets import WakeUp

SHORTEST_PAUSE, LONGEST_PAUSE = 0.05, 1.0  # seconds before the first try to connect again, and before the later ones
CLOSE_TIMEOUT = 3.0  # seconds for what is under way; a thread that is still busy then, as with a name server, is left

log = logging.getLogger("server")


class Connection(LogStore, Protocol):
    """A store that is at the other end of a connection."""

    def connect(self) -> None:
        """Connect, again if need be. Raises LogUnreachableError."""

    def disconnect(self) -> None:
        """Close the connection, if there is one."""


class LogService:
    """A server's shared log. `fileno` is readable when there are results."""

    def __init__(self, connection: Callable[[], Connection], rng: random.Random) -> None:
        """Start the threads, each with a `connection()`; `rng` varies the pauses."""
        self._rng = rng
        self._client = LogClient()
        self._changed = threading.Condition()  # holds the lock for what follows
        self._is_closing = False
        self._failed_at = 0.0  # when the log was found to be out of reach, in monotonic seconds
        self._results: deque[Result] = deque()
        self._wake_up = WakeUp()
        self._threads = [
            threading.Thread(target=self._work, args=(side, connection()), name=f"log {side.value}", daemon=True)
            for side in Side
        ]
        for thread in self._threads:
            thread.start()

    def fileno(self) -> int:
        """Return the descriptor for the poller."""
        return self._wake_up.fileno()

    def submit(self, *commands: Command) -> None:
        """Give commands to the log."""
        with self._changed:
            for command in commands:
                self._client.submit(command)
            self._changed.notify_all()

    def results(self) -> list[Result]:
        """Return the new results, in order."""
        if not self._wake_up.clear():
            return []
        return [self._results.popleft() for _ in range(len(self._results))]

    def close(self) -> None:
        """Write what was submitted, if the log can be reached, and end the threads."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(CLOSE_TIMEOUT)
        self._wake_up.close()

    # --- the threads -------------------------------------------------------------------------------------------------

    def _work(self, side: Side, connection: Connection) -> None:
        """Carry out the calls of one side until the service is closed."""
        failures = 0
        while True:
            try:
                connection.connect()
                while (call := self._next(side)) is not None:
                    self._take(call(connection))
                    failures = 0
                break
            except LogUnreachableError as error:
                why = str(error)
            except Exception:  # a bug costs this call, not the thread
                log.exception("A bug in the server, in a call of the shared log")
                why = "that is a bug"
            failures += 1
            if not self._fail(side, why, failures):
                break
        connection.disconnect()

    def _next(self, side: Side) -> WriteCall | ReadCall | None:
        """Wait for the next call; return None when there will be none: what is submitted is written before that."""
        is_reading = side is Side.READING
        with self._changed:
            while not (is_reading and self._is_closing):
                call = self._client.next_read() if is_reading else self._client.next_write()
                if call is not None or self._is_closing:
                    return call
                self._changed.wait()
        return None

    def _take(self, answer: Answer | Found | Sequence[LogEntry]) -> None:
        with self._changed:
            results = self._client.written(answer) if isinstance(answer, Answer) else self._client.read(answer)
            self._give(results)
            if isinstance(answer, Found):
                self._changed.notify_all()  # Open may have waited for it
            if LostThread() in results:
                self._pause(1)  # a log that is damaged can't be read by trying fast

    def _fail(self, side: Side, why: str, failures: int) -> bool:
        """Pass on a failure, and wait until it is time to try again; return False when the service is closed."""
        with self._changed:
            results = self._client.failed(side)
            if results:
                self._failed_at = time.monotonic()
                log.warning("The room's log can't be reached: %s. Trying again.", why)
            self._give(results)
            self._pause(failures)
            return not self._is_closing

    def _give(self, results: list[Result]) -> None:
        if Reachable() in results:
            log.warning("The room's log can be reached again, after %.1f s.", time.monotonic() - self._failed_at)
        if results and not self._is_closing:
            self._results.extend(results)
            self._wake_up.wake()

    def _pause(self, failures: int) -> None:
        longest = min(LONGEST_PAUSE, SHORTEST_PAUSE * 2**failures)
        self._changed.wait_for(lambda: self._is_closing, longest * self._rng.uniform(0.5, 1.0))
