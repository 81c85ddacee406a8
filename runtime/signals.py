"""Signals: what the process is told from outside. A handler only takes note and wakes `select`; the loop acts.

SIGINT, SIGTERM: stop, and a second time at once. SIGHUP: read the accounts again. SIGUSR1: log the figures.
"""

from __future__ import annotations

import contextlib
import signal
import socket
from collections import Counter

STOPPING = ("SIGINT", "SIGTERM")
ASKING = ("SIGHUP", "SIGUSR1")  # not on Windows


class Signals:
    """Takes note of signals. `fileno` is readable when one has come."""

    def __init__(self) -> None:
        self.stops = 0
        self._installed = False
        self._asked: Counter[str] = Counter()
        self._bell, self._clapper = socket.socketpair()
        self._bell.setblocking(False)
        self._clapper.setblocking(False)

    def fileno(self) -> int:
        """Return the descriptor for `select`."""
        return self._bell.fileno()

    def install(self) -> None:
        """Take note of signals from now on; only the main thread may ask for this."""
        signal.set_wakeup_fd(self._clapper.fileno(), warn_on_full_buffer=False)
        self._installed = True
        for name in (*STOPPING, *ASKING):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self.note)

    def note(self, number: int, frame: object) -> None:
        """Take note of one signal."""
        name = signal.Signals(number).name
        if name in STOPPING:
            self.stops += 1
        else:
            self._asked[name] += 1

    def take(self, name: str) -> bool:
        """Say whether the signal called `name` has come since this was asked last."""
        return self._asked.pop(name, 0) > 0

    def silence(self) -> None:
        """Make `fileno` unreadable until the next signal."""
        with contextlib.suppress(BlockingIOError):
            self._bell.recv(4096)

    def close(self) -> None:
        """Be woken by nothing more."""
        if self._installed:
            signal.set_wakeup_fd(-1)
        self._bell.close()
        self._clapper.close()
