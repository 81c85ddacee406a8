"""Signals: a handler only records its signal and wakes the loop, which acts on it.

SIGINT, SIGTERM: stop; the second one stops at once. SIGHUP: read the accounts again. SIGUSR1: log the metrics.

SIGHUP is also what the system sends when a terminal is closed. A server that was started in that terminal, without
nohup, then stops as by SIGTERM (O6).
"""

from __future__ import annotations

import os
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
        self._in_terminal = False  # and to end with it
        self._requests: Counter[str] = Counter()
        self._wake_up = WakeUp()

    def fileno(self) -> int:
        """Return the descriptor for the poller."""
        return self._wake_up.fileno()

    def install(self) -> None:
        """Install the handlers; only the main thread may call this."""
        signal.set_wakeup_fd(self._wake_up.write_fileno(), warn_on_full_buffer=False)
        self._installed = True
        self._in_terminal = has_terminal() and not _ignores_hangup()
        for name in (*STOP_SIGNALS, *REQUEST_SIGNALS):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._note)

    def _note(self, number: int, frame: object) -> None:
        """Record a signal: the handler of all of them."""
        name = signal.Signals(number).name
        if name in STOP_SIGNALS:
            self.stops += 1
        elif name == "SIGHUP" and self._in_terminal and not has_terminal():
            self.stops = self.stops or 1  # the shell sends it as well as the system, and that is no second request
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


def has_terminal() -> bool:
    """Return whether this process has a controlling terminal that is there."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except (OSError, AttributeError):  # the latter on Windows
        return False
    return True


def _ignores_hangup() -> bool:
    """Return whether this process was started with nohup."""
    number = getattr(signal, "SIGHUP", None)
    return number is not None and signal.getsignal(number) is signal.SIG_IGN
