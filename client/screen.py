"""What the client needs of a screen, and the one without a terminal: lines in from a pipe, plain text out."""

from __future__ import annotations

import contextlib
import io
import os
import queue
import sys
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Protocol

from client.endings import Ending, Exit
from client.looks import Shown
from client.session import Session

_READ_AHEAD = 16  # lines


class Screen(Protocol):
    """Where the user types and reads. `lines` is for the writer thread; the others for any."""

    interactive: bool

    def __enter__(self) -> Screen:
        """Take the terminal, or what stands in for it."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give it back; all that was shown is out."""

    def lines(self) -> Iterator[str]:
        """Yield what the user types, line by line, until the end of input or `wake`."""

    def show(self, shown: Shown) -> None:
        """Show it, and never over what is being typed. Raises Ending when that is not possible any more."""

    def clear(self) -> None:
        """Take away what was shown; nothing is being typed."""

    def refresh(self) -> None:
        """Draw anew what shows how the session stands."""

    def wake(self) -> None:
        """End `lines`, wherever it waits."""


class Pipe:
    """Standard input and output without a terminal.

    A read of standard input can't be interrupted on every system, so a thread of its own does nothing else and hands
    the lines over; it is left behind in its read when the client ends.
    """

    interactive = False

    def __init__(self) -> None:
        # Not sys.stdin: a thread left behind in its buffer would keep the interpreter from shutting down.
        raw = io.FileIO(sys.stdin.fileno(), closefd=False)
        self._input = io.TextIOWrapper(raw, encoding="utf-8", errors="replace")
        self._lines: queue.Queue[str | None] = queue.Queue(_READ_AHEAD)
        self._woken = False

    def __enter__(self) -> Pipe:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")
        threading.Thread(target=self._read, name="stdin", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wake()

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            for line in self._input:
                self._lines.put(line)
        self._lines.put(None)

    def lines(self) -> Iterator[str]:
        """Yield the lines of standard input, as they come."""
        while not self._woken and (line := self._lines.get()) is not None:
            yield line

    def show(self, shown: Shown) -> None:
        """Print it at once, without colours."""
        try:
            print(shown.text, flush=True)
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the flush at exit raises it again
            raise Ending(Exit.ERROR, f"The output can't be written: {error.strerror}.") from None

    def clear(self) -> None:
        """Do nothing: what is out is out."""

    def refresh(self) -> None:
        """Do nothing: a pipe shows only what is said."""

    def wake(self) -> None:
        """End `lines`: if it waits, the queue is empty; if there is no room, it does not wait."""
        self._woken = True
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(None)


def open_screen(session: Session, on_terminal: bool) -> Screen:
    """Return the screen for this run. Raises Ending when a package that it needs is missing."""
    if not on_terminal:
        return Pipe()
    try:
        from client.terminal import Terminal  # noqa: PLC0415  (a pipe works without its packages)
    except ModuleNotFoundError as error:
        sentence = f"{error.name} is not installed. Run: python -m pip install -r requirements.txt"
        raise Ending(Exit.ERROR, sentence) from None
    return Terminal(session)
