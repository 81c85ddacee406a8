"""Signals: a handler only records its signal and wakes the loop, which acts on it.

SIGINT, SIGTERM: stop; the second one stops at once. SIGHUP: read the accounts again. SIGUSR1: log the metrics.
"""

from __future__ import annotations

import signal
from collections import Counter

from runtime.sockets import WakeUp

STOP_SIGNALS = ("SIGINT", "SIGTERM")
REQUEST_SIGNALS = ("SIGHUP", "SIGUSR1")  # not on Windows


class Signals:
    """The signals received. `fileno` is readable when there are new ones."""

    def __init__(self) -> None:
        self.stops = 0
        self._installed = False
        self._requests: Counter[str] = Counter()
        self._wake_up = WakeUp()

    def fileno(self) -> int:
        """Return the descriptor for the poller."""
        return self._wake_up.fileno()

    def install(self) -> None:
        """Install the handlers; only the main thread may call this."""
        signal.set_wakeup_fd(self._wake_up.write_fileno(), warn_on_full_buffer=False)
        self._installed = True
        for name in (*STOP_SIGNALS, *REQUEST_SIGNALS):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._note)

    def _note(self, number: int, frame: object) -> None:
        """Record a signal: the handler of all of them."""
        name = signal.Signals(number).name
        if name in STOP_SIGNALS:
            self.stops += 1
        else:
            self._requests[name] += 1

    def take(self, name: str) -> bool:
        """Return whether the signal `name` was received since the last call."""
        return self._requests.pop(name, 0) > 0

    def clear(self) -> None:
        """Make `fileno` unreadable until the next signal."""
        self._wake_up.clear()

    def close(self) -> None:
        """Stop waking the loop, and close the wake-up sockets."""
        if self._installed:
            signal.set_wakeup_fd(-1)
        self._wake_up.close()
