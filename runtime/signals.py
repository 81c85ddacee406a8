"""Signals: a handler only takes note of its signal and wakes the loop, which acts.

SIGINT, SIGTERM: stop, and a second time at once. SIGHUP: read the accounts again. SIGUSR1: log the figures.
"""

from __future__ import annotations

import signal
from collections import Counter

from runtime.sockets import WakeUp

STOPPING = ("SIGINT", "SIGTERM")
ASKING = ("SIGHUP", "SIGUSR1")  # not on Windows


class Signals:
    """Takes note of signals. `fileno` is readable when one has come."""

    def __init__(self) -> None:
        self.stops = 0
        self._installed = False
        self._asked: Counter[str] = Counter()
        self._wake_up = WakeUp()

    def fileno(self) -> int:
        """Return the descriptor for the poller."""
        return self._wake_up.fileno()

    def install(self) -> None:
        """Take note of signals from now on; only the main thread may ask for this."""
        signal.set_wakeup_fd(self._wake_up.write_fileno(), warn_on_full_buffer=False)
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
        """Return whether the signal called `name` has come since the last call."""
        return self._asked.pop(name, 0) > 0

    def silence(self) -> None:
        """Make `fileno` unreadable until the next signal."""
        self._wake_up.clear()

    def close(self) -> None:
        """Stop taking note of signals."""
        if self._installed:
            signal.set_wakeup_fd(-1)
        self._wake_up.close()
