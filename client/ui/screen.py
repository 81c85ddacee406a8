"""What the client needs of a screen, and the two that are none: a pipe, and a line given as an option."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import queue
import sys
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Protocol

from client.cli.exits import Ending, Exit
from client.cli.settings_file import kept
from client.core.chat_view import ChatView
from client.core.render import Shown
from client.core.typed import OVER, Secret, Typed
from client.ui.echo import drop_typed, silent_keyboard
from client.view.plain import Output, as_json, plain
from protocol.events import Asked
from system.commands import interpreter

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

    def lines(self) -> Iterator[Typed]:
        """Yield what the user types, line by line, until the end of input or `wake`.

        What was typed while the server asked for a password, or might have, is a Secret; what was begun after it had
        asked for a name, a NewName.
        """

    def show(self, shown: Shown) -> None:
        """Show it, and never over what is being typed. Raises Ending when it can't be written."""

    def clear(self) -> None:
        """Take away what was shown; nothing is being typed."""

    def refresh(self) -> None:
        """Read the chat's state anew: show it, and ask for a password or end that question."""

    def wake(self) -> None:
        """End `lines`, wherever it waits."""


class Pipe:
    """Standard input and output as lines, where there is no terminal, or one that can do no more.

    A read of standard input can't be interrupted on every system, so a thread of its own does nothing else and hands
    the lines over; it is left behind in its read when the client ends.

    When a question for a password ends without an answer, what was typed ahead is dropped, and each line is a Secret,
    up to an empty one: it can't be known when a line was begun. So none is a NewName, and where our name was lost the
    next one is given by a command.
    """

    def __init__(self, chat: ChatView, output: Output, *, interactive: bool = False) -> None:
        """What is shown goes to `output`. `interactive`: a user is there to be asked."""
        self._chat = chat
        self._abandoned = chat.abandoned  # as it was when what was typed ahead was dropped last
        self._is_over = False  # whether what is typed is for a question that is over, until an empty line
        # Not sys.stdin: a thread left behind in its buffer would keep the interpreter from shutting down.
        raw = io.FileIO(sys.stdin.fileno(), closefd=False)
        self._input = io.TextIOWrapper(raw, encoding="utf-8", errors="replace")
        self._output = output
        self._lines: queue.Queue[str | None] = queue.Queue(_READ_AHEAD)
        self._woken = False
        self._hiding = contextlib.ExitStack()  # of a password that is being typed
        self._asking = threading.Lock()  # over that, and over what was abandoned
        self.interactive = interactive

    def __enter__(self) -> Pipe:
        threading.Thread(target=self._read, name="stdin", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hiding.close()
        self.wake()

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            for line in self._input:
                self._lines.put(line)
        self._lines.put(None)

    def lines(self) -> Iterator[Typed]:
        """Yield the lines of standard input, as they come."""
        while not self._woken:
            asked = self._chat.secret
            line = self._lines.get()
            if line is None:
                return
            yield self._typed(line, asked)

    def _typed(self, line: str, asked: int) -> Typed:
        """Return what `line` is, for which the reading began when the question `asked` stood, or none."""
        with self._asking:
            self._drop_abandoned()
            self._hiding.close()
            is_over, self._is_over = self._is_over, self._is_over and bool(line.strip())
            standing = self._chat.secret
            if standing and (is_over or asked in (0, standing)):
                return Secret(line, standing)
            return Secret(line, OVER) if is_over or asked else line

    def show(self, shown: Shown) -> None:
        """Write it at once, without colours."""
        event = shown.event
        if self.interactive and isinstance(event, Asked) and event.what == "password":
            with self._asking:
                self._hiding.enter_context(silent_keyboard())
        self._output(shown)

    def _drop_abandoned(self) -> None:
        """If a password is not wanted any more, drop what was typed ahead, and remember that a line may be half typed.

        That is called at once when it happens, and again when a line has come.
        """
        if self._abandoned == self._chat.abandoned:
            return
        self._abandoned = self._chat.abandoned
        self._is_over = True
        if self.interactive:
            drop_typed()
        with contextlib.suppress(queue.Empty):
            while self._lines.get_nowait() is not None:
                pass
            self._lines.put_nowait(None)  # that was the end

    def clear(self) -> None:
        """Do nothing: what is out is out."""

    def refresh(self) -> None:
        """Drop what was typed at a question that is over."""
        with self._asking:
            self._drop_abandoned()

    def wake(self) -> None:
        """End `lines`: if it waits, the queue is empty; if there is no room, it does not wait."""
        self._woken = True
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(None)


class Once:
    """No input but one line, given beforehand."""

    interactive = False

    def __init__(self, line: str, output: Output) -> None:
        self._line = line
        self.show = output

    def __enter__(self) -> Once:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing."""

    def lines(self) -> Iterator[Typed]:
        """Yield the line."""
        yield self._line

    def clear(self) -> None:
        """Do nothing."""

    def refresh(self) -> None:
        """Do nothing."""

    def wake(self) -> None:
        """Do nothing: there is nothing to wait for."""


def write_out(text: str) -> None:
    """Print a line at once, and whole, also beside other threads. Raises Ending when it can't be written."""
    try:
        print(f"{text}\n", end="", flush=True)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the flush at exit raises it again
        raise Ending(Exit.ERROR, f"The output can't be written: {error.strerror}.") from None


def write_err(text: str) -> None:
    """Print a line for people; if it can't be written, it is lost."""
    with contextlib.suppress(OSError):
        print(f"{text}\n", end="", file=sys.stderr, flush=True)


def open_screen(chat: ChatView, options: argparse.Namespace, *, on_terminal: bool) -> Screen:
    """Return the screen for this run. Raises Ending when a package that it needs is missing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if on_terminal:  # else a script, which what a person likes is nothing to
        chat.settings = kept()
    output = as_json(write_out) if options.json else plain(chat, write_out, write_err, quiet=options.once is not None)
    if options.once is not None:
        return Once(options.once, output)
    if options.plain or options.json or not on_terminal or os.environ.get("TERM") == "dumb":
        return Pipe(chat, output, interactive=on_terminal)
    try:
        from client.ui.terminal import Terminal  # noqa: PLC0415  (a pipe works without its packages)
    except ModuleNotFoundError as error:
        install = f"{interpreter()} -m pip install colorama prompt_toolkit"
        sentence = f"{error.name} is not installed. Use `make chat`, which installs it, or run: {install}"
        raise Ending(Exit.ERROR, f"{sentence} (With --plain the client needs neither.)") from None
    return Terminal(chat)
