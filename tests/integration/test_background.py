"""client.ui.background: a terminal that answers at once, late, or never; what is typed meanwhile is kept. U5."""

from __future__ import annotations

import io
import os
import pty
import select
import termios
from collections.abc import Iterator

import pytest
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.input.typeahead import get_typeahead
from prompt_toolkit.input.vt100 import Vt100Input
from prompt_toolkit.output.vt100 import Vt100_Output

from client.ui import background
from client.view.answers import QUESTION, Answers
from client.view.contrast import Rgb
from tests.support.patience import PATIENCE

COLOUR, WHAT = "\x1b]11;rgb:ffff/ffff/ffff\x1b\\", "\x1b[?6c"
WHITE = Rgb(255, 255, 255)


class Terminal:
    """The far end of a pseudo-terminal, and what prompt_toolkit reads and writes at the near one."""

    def __init__(self) -> None:
        self._ours, theirs = pty.openpty()
        self._stdin = os.fdopen(theirs, encoding="utf-8")
        self.keys = Vt100Input(self._stdin)
        self.asked = io.StringIO()
        self.output = Vt100_Output(self.asked, lambda: Size(24, 80))
        self.answers = Answers()

    def sends(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def typed(self) -> str:
        """Return the keys that were typed, by now: the text between them is their data."""
        assert select.select([self._stdin], [], [], PATIENCE)[0]
        return "".join(press.data for press in self.keys.read_keys())

    def typed_ahead(self) -> str:
        return "".join(press.data for press in get_typeahead(self.keys))

    def close(self) -> None:
        self._stdin.close()
        os.close(self._ours)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.close()


def is_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "PATIENCE", PATIENCE)


def test_an_answer_is_heard_and_what_was_typed_meanwhile_is_kept(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:  # U5
    is_patient(monkeypatch)
    modes = termios.tcgetattr(terminal.keys.fileno())
    modes[3] &= ~(termios.ICANON | termios.ECHO)  # as client.ui.echo does before
    termios.tcsetattr(terminal.keys.fileno(), termios.TCSANOW, modes)
    terminal.sends(f"he{COLOUR}ll{WHAT}o")
    background.ask(terminal.keys, terminal.output, terminal.answers)
    assert terminal.asked.getvalue() == QUESTION
    assert (terminal.answers.background, terminal.answers.is_due) == (WHITE, False)
    assert terminal.typed_ahead() == "hello"
    assert termios.tcgetattr(terminal.keys.fileno())[:6] == modes[:6]


def test_an_answer_that_comes_late_is_not_typed(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:  # U5
    monkeypatch.setattr(background, "PATIENCE", 0.0)
    background.ask(terminal.keys, terminal.output, terminal.answers)
    assert terminal.answers.is_due
    with terminal.keys.raw_mode():
        terminal.sends(f"a{COLOUR[:9]}")
        assert terminal.typed() == "a"
        terminal.sends(f"{COLOUR[9:]}b{WHAT}")
        assert terminal.typed() == "b"
        assert (terminal.answers.background, terminal.answers.is_due) == (WHITE, False)
        terminal.sends(f"c{COLOUR}d")
        assert terminal.typed() == "cd"


def test_after_a_while_no_answer_is_expected_any_more(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "PATIENCE", 0.0)
    monkeypatch.setattr(background, "LATE", -1.0)
    background.ask(terminal.keys, terminal.output, terminal.answers)
    with terminal.keys.raw_mode():
        terminal.sends("\x1b]1x")
        assert terminal.typed() == "\x1b]1x"
    assert not terminal.answers.is_due


def test_an_answer_that_is_due_does_not_go_to_the_shell(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:  # U5
    monkeypatch.setattr(background, "PATIENCE", 0.0)
    background.ask(terminal.keys, terminal.output, terminal.answers)
    is_patient(monkeypatch)
    with terminal.keys.raw_mode():
        terminal.sends(f"{COLOUR}{WHAT}")
        background.leave(terminal.keys, terminal.answers)
        assert not select.select([terminal.keys.fileno()], [], [], 0)[0]
    background.leave(terminal.keys, terminal.answers)  # nothing is due any more


def test_nothing_is_asked_where_the_keys_come_from_no_terminal(terminal: Terminal) -> None:  # U5
    with create_pipe_input() as keys:
        background.ask(keys, terminal.output, terminal.answers)
    assert terminal.asked.getvalue() == ""
