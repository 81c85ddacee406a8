"""The server's own log: one printable line an entry, on standard output; with --log-json, one JSON object.

A thread of its own writes it: a terminal that is stopped with Ctrl-S, or a pipe that nobody reads, must not stop the
room. When the queue to that thread is full, further entries are dropped.
"""

from __future__ import annotations

import contextlib
import json
import logging
import queue
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timezone
from logging.handlers import QueueHandler
from math import inf

from protocol.text import ascii_line

QUEUE_LIMIT = 10_000  # entries
CLOSE_TIMEOUT = 1.0  # seconds to write the entries that are left at the end


class RateLimitedLog:
    """Log lines of one kind, at most `most` in a second; the others are counted.

    When the second is over, their number is logged by the line `rest`, which has a `%d` for it.
    """

    def __init__(self, log: logging.Logger, most: int, rest: str) -> None:
        self._log, self._most, self._rest = log, most, rest
        self._began = -inf  # the start of the second that `_count` counts, loop time
        self._count = 0

    def info(self, now: float, line: str, *values: object) -> None:
        """Log `line`, with its `values`, or count it."""
        self.log_rest(now)
        if not self._count:
            self._began = now
        self._count += 1
        if self._count <= self._most:
            self._log.info(line, *values)

    def log_rest(self, now: float) -> None:
        """Log how many lines were only counted, if their second is over."""
        if not self._count or now < self._began + 1.0:
            return
        if self._count > self._most:
            self._log.info(self._rest, self._count - self._most)
        self._count = 0


class _OneLine(logging.Formatter):
    """Formats an entry as one line of printable ASCII, so that no peer can forge a line."""

    def format(self, record: logging.LogRecord) -> str:
        return ascii_line(super().format(record).replace("\n", " | "))


class _JsonLine(logging.Formatter):
    """Formats an entry as a JSON object on one line (O4): `at` (UTC), `level`, `message`, and `bug`, a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        message, _, bug = record.getMessage().partition("\n")
        at = datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds")
        entry = {"at": at.replace("+00:00", "Z"), "level": record.levelname.lower(), "message": message}
        return json.dumps({**entry, "bug": bug} if bug else entry)


def start_log(level: str, as_json: bool = False) -> Callable[[], None]:
    """Log from `level` ("debug", "info", ...) up; return a function that writes the rest, to be called at the end."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_JsonLine() if as_json else _OneLine("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    logging.raiseExceptions = False  # a log that nobody reads must not print tracebacks
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
