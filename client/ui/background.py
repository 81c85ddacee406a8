"""Asking the terminal for its background, before a prompt reads the keys (client.view.answers)."""

from __future__ import annotations

import os
import select
import time
from typing import Any

from prompt_toolkit.input import Input
from prompt_toolkit.input.typeahead import store_typeahead
from prompt_toolkit.output import Output

from client.view.answers import QUESTION, Answers

PATIENCE = 0.2  # seconds that the first prompt waits for the answers
LATE = 5.0  # seconds from which on no answer is expected any more


class Keyboard:
    """prompt_toolkit's reader of keys, in its place, without what the terminal answers."""

    def __init__(self, reader: Any, answers: Answers) -> None:
        self._reader = reader
        self._answers = answers
        self._asked_at = time.monotonic()

    @property
    def closed(self) -> bool:
        """Whether nothing can come any more."""
        return bool(self._reader.closed)

    def read(self, count: int = 1024) -> str:
        """Return what was typed, without waiting."""
        typed = self._reader.read(count)
        if time.monotonic() - self._asked_at > LATE:
            self._answers.given_up()
        return self._answers.without(typed)


def ask(source: Input, output: Output, answers: Answers) -> None:
    """Ask the terminal, and wait a moment; an answer that comes later is taken out of what is typed, too.

    Nothing is asked where the keys come from no terminal of POSIX.
    """
    reader = getattr(source, "stdin_reader", None)
    if reader is None or not os.isatty(source.fileno()):
        return
    source.stdin_reader = Keyboard(reader, answers)  # type: ignore[attr-defined]  # a Vt100Input
    answers.asked()
    with source.raw_mode():
        output.write_raw(QUESTION)
        output.flush()
        store_typeahead(source, _typed_meanwhile(source, answers, time.monotonic() + PATIENCE))


def _typed_meanwhile(source: Input, answers: Answers, until: float) -> list[Any]:
    keys: list[Any] = []
    while answers.is_due and not source.closed and (seconds := until - time.monotonic()) > 0:
        if select.select([source.fileno()], [], [], seconds)[0]:
            keys += source.read_keys()
    return keys


def leave(source: Input, answers: Answers) -> None:
    """Wait for an answer that is still due, so that it does not go to the shell; what is typed meanwhile is dropped."""
    if answers.is_due:
        with source.raw_mode():
            _typed_meanwhile(source, answers, time.monotonic() + PATIENCE)
