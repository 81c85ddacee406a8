"""Where what is shown is kept, besides on the screen: the page of --html and the file of /log."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from client.cli import exits
from client.cli.exits import Ending
from client.core import render
from client.core.render import Shown
from client.ui.html_page import Page
from client.view import log_text
from protocol.requests import Log
from protocol.sanitize import clean
from system.atomic_file import append_private

_OFF = "off"


class LogFile:
    """What is shown, at the end of a file, by the user's wish. Any thread may add to it."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """Write nothing yet; `clock` tells the time, in seconds since 1970."""
        self._clock = clock
        self._file: BinaryIO | None = None
        self._name = ""  # of the file, as people read it
        self._writing = threading.Lock()

    def change(self, request: Log) -> Shown:
        """Begin, end or tell, as `request` asks; return the answer."""
        with self._writing:
            if request.file is None:
                return render.answer(log_text.state(self._name))
            return self._end() if request.file.lower() == _OFF else self._begin(request.file)

    def _begin(self, name: str) -> Shown:
        try:
            path = Path(name).expanduser().absolute()
            file = os.fdopen(append_private(path), "ab")
        except (OSError, ValueError, RuntimeError) as error:  # no name of a file; a user without a home
            return render.refusal(log_text.failed(name, getattr(error, "strerror", None) or str(error)))
        self._end()
        self._file, self._name = file, clean(str(path))
        return render.answer(log_text.begun(self._name))

    def _end(self) -> Shown:
        file, name = self._file, self._name
        self._file, self._name = None, ""
        if file is None:
            return render.answer(log_text.state(""))
        with contextlib.suppress(OSError):
            file.close()
        return render.answer(log_text.ended(name))

    def add(self, shown: Shown) -> Shown | None:
        """Write what is shown. If that fails, end the log, and return why."""
        with self._writing:
            if self._file is None:
                return None
            try:
                self._file.write(log_text.entry(shown, self._clock()).encode(errors="replace"))
                self._file.flush()
            except OSError as error:
                name = self._name
                self._end()
                return render.refusal(log_text.failed(name, error.strerror or str(error)))
        return None


class Records:
    """The page, if there is one, and the log. Entering does nothing; leaving ends both, with how the chat ended."""

    def __init__(self, page: Page | None = None) -> None:
        self._page = page
        self.log = LogFile()

    def __enter__(self) -> Records:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if isinstance(error, Ending) and error.sentence:
                self.add(render.refusal(error.sentence))
        finally:
            self.log.change(Log(_OFF))
            if self._page is not None:
                self._page.close()

    def add(self, shown: Shown) -> Shown | None:
        """Keep what is shown; return what else has to be shown. Raises Ending when the page can't be written."""
        try:
            if self._page is not None:
                self._page.show(shown)
        except OSError as error:
            raise exits.no_page(error) from None
        return self.log.add(shown)
