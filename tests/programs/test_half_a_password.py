"""A server that is killed while a password is half typed: real programs, and nobody hears of it (U2)."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.cli.exits import Exit
from tests.programs.test_tmux import Pane
from tests.support.programs import CTRL_D, Program, Programs, needs

pytestmark = pytest.mark.long

HALF, REST = "hunter", "twenty2"


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Programs]:
    with Programs(tmp_path / "data") as made:
        yield made


def content_of(path: Path) -> bytes:
    """Return what is in a file; nothing for a folder, or for one of SQLite's files that went while this looked."""
    try:
        return b"" if path.is_dir() else path.read_bytes()
    except FileNotFoundError:
        return b""


def nobody_was_told(run: Programs, folder: Path) -> None:
    """See that neither half is in the log, the page or what a newcomer is told."""
    newcomer = run.nc()
    newcomer.types("carl")
    newcomer.sees("ann: hello")  # what was said before comes first
    newcomer.sees("Welcome, carl.")
    for half in (HALF, REST):
        assert half not in newcomer.text
        for file in folder.rglob("*"):
            assert half.encode() not in content_of(file), file


@needs("tmux")
@needs("nc")
def test_half_a_password_is_gone_with_the_server(run: Programs, tmp_path: Path) -> None:
    server = run.server()
    page = str(tmp_path / "chat.html")
    client = (sys.executable, "myclient.py", "127.0.0.1", str(run.port), "--name", "ann", "--html", page)
    pane = Pane(tmp_path, *client)
    try:
        pane.shows("^ann>$", "the prompt")
        pane.presses("/register", "Enter")
        pane.shows("^Password:$", "the question")
        pane.presses(HALF)
        pane.shows(r"^Password: \*{6}$", "half of the password")
        server.signals(signal.SIGKILL)
        pane.shows("^No password is wanted any more", "the question's end")
        run.server(port=run.port)
        pane.shows("^online", "the return")
        pane.presses(REST, "Enter", REST, "Enter", "Enter")
        pane.shows("^ann>$", "the prompt again")
        pane.presses("C-y", "Up", "Up")
        pane.shows("^ann> /register", "what was typed before, and no password")
        pane.presses("C-c", "hello", "Enter")
        pane.shows(r"^\d\d:\d\d ann: hello$", "a line")
        nobody_was_told(run, tmp_path)
    finally:
        pane.close()


def without_a_screen(run: Programs) -> Program:
    client = (sys.executable, "-W", "error", "myclient.py", "127.0.0.1", str(run.port), "--name", "ann")
    return run.program("env", "TERM=dumb", *client, on_terminal=True)


@needs("nc")
@pytest.mark.parametrize("typed_ahead", ["", "a line\n"])
def test_half_a_password_on_a_terminal_without_a_screen(run: Programs, tmp_path: Path, typed_ahead: str) -> None:
    server = run.server()
    ann = without_a_screen(run)
    ann.sees("Users here: 1")
    ann.types("/register")
    ann.sees("never mind):")
    server.signals(signal.SIGSTOP)  # so that no answer comes
    ann.presses(typed_ahead + typed_ahead + HALF)
    server.signals(signal.SIGKILL)
    ann.sees("The connection was lost.")
    run.server(port=run.port)
    ann.sees("You are back")
    ann.types(REST)
    ann.types(REST, "")
    ann.sees("and was dropped")
    bob = run.joins(run.nc(), "bob")
    ann.types("hello")
    bob.sees("ann: hello")
    nobody_was_told(run, tmp_path)
    assert HALF not in ann.text
    ann.presses(CTRL_D)
    assert ann.ends() == Exit.GOODBYE.code


@needs("nc")
def test_a_script_s_password_is_gone_with_the_server(run: Programs, tmp_path: Path) -> None:
    server = run.server()
    command = (sys.executable, "myclient.py", "127.0.0.1", str(run.port), "--name", "ann", "--reconnect", "30")
    ann = run.program(*command)
    ann.sees("Users here: 1")
    ann.types("hello", "/register")
    ann.sees("never mind):")
    server.signals(signal.SIGKILL)
    ann.types(HALF + REST, HALF + REST)
    assert ann.ends() == Exit.LOST.code
    run.server(port=run.port)
    nobody_was_told(run, tmp_path)
