"""The server's own log: one printable line an entry, on standard output.

Written by a thread of its own: a terminal that has been stopped with Ctrl-S, or a pipe that nobody reads, must not
stop the room. Entries that find no place in the queue meanwhile are dropped.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import sys
import threading
from collections.abc import Callable
from logging.handlers import QueueHandler
from math import inf

from protocol.text import ascii_line

QUEUE_LIMIT = 10_000  # entries
CLOSE_TIMEOUT = 1.0  # seconds in which what is left has to be written in the end


class FewLines:
    """Log lines of one kind, at most `most` in a second; how many there were besides is told when it is over.

    Times are monotonic seconds. `rest` says so, with a `%d` for the number.
    """

    def __init__(self, log: logging.Logger, most: int, rest: str) -> None:
        self._log, self._most, self._rest = log, most, rest
        self._began = -inf  # the second in which `_count` were to be told
        self._count = 0

    def tell(self, now: float, line: str, *values: object) -> None:
        """Log `line`, with its `values`, or count it."""
        self.tell_rest(now)
        if not self._count:
            self._began = now
        self._count += 1
        if self._count <= self._most:
            self._log.info(line, *values)

    def tell_rest(self, now: float) -> None:
        """Log how many were only counted, once the second is over in which that was."""
        if not self._count or now < self._began + 1.0:
            return
        if self._count > self._most:
            self._log.info(self._rest, self._count - self._most)
        self._count = 0


class _OneLine(logging.Formatter):
    """A log line is one line of printable ASCII, whatever is in it, so that no peer can forge one."""

    def format(self, record: logging.LogRecord) -> str:
        return ascii_line(super().format(record).replace("\n", " | "))


def start_log(level: str) -> Callable[[], None]:
    """Log from `level` ("debug", "info", ...) up; return what is to be called in the end, so that all is written."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_OneLine("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    logging.raiseExceptions = False  # when nobody reads the log any more, the server goes on, without tracebacks
    entries: queue.Queue[logging.LogRecord | None] = queue.Queue(QUEUE_LIMIT)
    enqueuing = QueueHandler(entries)
    enqueuing.setFormatter(logging.Formatter())  # the text alone, and a traceback
    logging.basicConfig(level=level.upper(), handlers=[enqueuing])
    writer = threading.Thread(target=_write, args=(entries, handler), name="log", daemon=True)
    writer.start()

    def finish() -> None:
        with contextlib.suppress(queue.Full):
            entries.put_nowait(None)
            writer.join(CLOSE_TIMEOUT)

    return finish


def _write(entries: queue.Queue[logging.LogRecord | None], handler: logging.Handler) -> None:
    while (entry := entries.get()) is not None:
        handler.handle(entry)
