"""The server's own log: one printable line an entry, on standard output."""

from __future__ import annotations

import logging
import sys

from protocol.text import ascii_line


class _OneLine(logging.Formatter):
    """A log line is one line of printable ASCII, whatever is in it, so that no peer can forge one."""

    def format(self, record: logging.LogRecord) -> str:
        return ascii_line(super().format(record).replace("\n", " | "))


def start_log(level: str) -> None:
    """Log from `level` ("debug", "info", ...) up."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_OneLine("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    logging.raiseExceptions = False  # when nobody reads the log any more, the server goes on, without tracebacks
    logging.basicConfig(level=level.upper(), handlers=[handler])
