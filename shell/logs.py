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

from protocol.text import ascii_line

QUEUE_LIMIT = 10_000  # entries
PATIENCE = 1.0  # seconds in which what is left has to be written in the end


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
            writer.join(PATIENCE)

    return finish


def _write(entries: queue.Queue[logging.LogRecord | None], handler: logging.Handler) -> None:
    while (entry := entries.get()) is not None:
        handler.handle(entry)
