"""The client in a real terminal, tmux: keys go in with send-keys, what stands there is read with capture-pane.

A row of ROWS is what a user does and what is then on the screen. They are tried one after the other in one session, in
which bob, a telnet user, says what stands in the row.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE
from tests.support.programs import ROOT, Programs, needs

pytestmark = needs("tmux")

# What is tried, what bob says, which keys are pressed, what is to be seen (a regular expression over the screen).
ROWS: tuple[tuple[str, list[str], list[str], str], ...] = (
    ("what is said has its time", ["hi all"], [], r"^\d\d:\d\d bob: hi all$"),
    ("the status bar", [], [], r"^online \| ann \| 2 users \| \d+ ms$"),
    ("a mention is counted", ["hello Ann!"], [], r"^online \| 1 mention \| ann"),
    ("a hint", [], ["/whi"], r"^ann> /whisper USER MESSAGE$"),
    ("Tab completes", [], ["Tab", "b", "Tab", "psst"], r"^ann> /whisper bob psst$"),
    ("a whisper", [], ["Enter"], r"^\d\d:\d\d you -> bob: psst$"),
    ("its answer", ["/w ann yes"], [], r"^\d\d:\d\d bob -> you: yes$"),
    ("/r and Tab", [], ["/r", "Tab"], r"^ann> /whisper bob MESSAGE$"),
    ("Ctrl-C clears the line", [], ["C-c"], r"^ann>$"),
    ("a name at the line's start", [], ["b", "Tab", "yes"], r"^ann> bob: yes$"),
    ("Ctrl-W kills, Ctrl-Y yanks", [], ["C-w", "C-y", "C-y"], r"^ann> bob: yesyes$"),
    ("Ctrl-R searches", [], ["C-u", "C-r", "psst", "Enter"], r"^ann> /whisper bob psst$"),
    (
        "a doubtful line is held",
        [],
        ["C-e", "C-u", "whisper bob x", "Enter", "y", "Enter"],
        r"^Not sent yet: it looks like a command.*\n.*\nann> whisper bob xy$",
    ),
    ("Alt-/ makes it a command", [], ["\x1b/"], r"^ann> /whisper bob xy$"),
    ("a pasted block is held", [], ["C-u", "\x1b[200~a\nb\x1b[201~", "Enter"], r"^Not sent yet: these are 2 lines"),
    ("Ctrl-C clears it", [], ["C-c"], r"^ann>$"),
    ("//", [], ["//users", "Enter"], r"^\d\d:\d\d ann: /users$"),
    ("/me", [], ["/me waves", "Enter"], r"^\d\d:\d\d ann \*waves\*$"),
    ("/ignore", [], ["/ignore carl", "Enter"], r"^You ignore carl now\."),
    ("/set", [], ["/set bell off", "Enter"], r"^bell off  \("),
    ("/clear", [], ["/clear", "Enter"], r"\Aann>\nonline"),
    ("/away", [], ["/away lunch", "Enter"], r"^\d\d:\d\d \* You are away"),
    ("wide characters, emoji, accents", ["你好 👍 é"], [], r"^\d\d:\d\d bob: 你好 👍 é$"),
)


_numbers = itertools.count()


class Pane:
    """A terminal in a tmux of our own."""

    def __init__(self, folder: Path, *command: str) -> None:
        # One that was told to end may still be there, so the next one needs another name.
        self._tmux = ("tmux", "-L", f"chat-test-{os.getpid()}-{next(_numbers)}", "-f", os.devnull)
        self.folder = folder
        self._run("new-session", "-d", "-x", "80", "-y", "24", "-c", str(ROOT), "env", "TERM=screen", *command)

    def _run(self, *arguments: str) -> str:
        environment = {key: value for key, value in os.environ.items() if key not in ("TMUX", "NO_COLOR")}
        command = (*self._tmux, *arguments)
        return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout

    def presses(self, *keys: str) -> None:
        for key in keys:
            is_named = key in ("Tab", "Enter", "Up") or re.fullmatch("C-[a-z]", key)
            self._run("send-keys", *(() if is_named else ("-l",)), "--", key)

    def shows(self, expected: str, what: str, *, scrolled_out: bool = False) -> None:
        """Wait until it is on the screen, or has been."""
        deadline = time.monotonic() + PATIENCE
        while not re.search(expected, text := self._text(200 if scrolled_out else 0), re.MULTILINE):
            assert time.monotonic() < deadline, f"{what}: {expected!r} is not in\n{text}"

    def _text(self, scrolled_out: int) -> str:
        return self._run("capture-pane", "-p", "-S", f"-{scrolled_out}").strip("\n")

    def is_resized(self, columns: int) -> None:
        self._run("resize-window", "-x", str(columns))

    def close(self) -> None:
        with contextlib.suppress(subprocess.CalledProcessError):  # it ends by itself with the last pane
            self._run("kill-server")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Programs]:
    with Programs(tmp_path) as made:
        yield made


@pytest.fixture
def pane(run: Programs, tmp_path: Path) -> Iterator[Pane]:
    run.server()
    made = Pane(tmp_path, sys.executable, "myclient.py", "127.0.0.1", str(run.port), "--name", "ann")
    yield made
    made.close()


def test_a_user_in_a_real_terminal(run: Programs, pane: Pane) -> None:
    pane.shows("^ann>$", "the prompt")
    bob = run.joins(run.nc(), "bob")
    for what, said, keys, expected in ROWS:
        bob.types(*said)
        pane.presses(*keys)
        pane.shows(expected, what)
    pane.presses("/help", "Enter")
    pane.shows(r"^ +/disconnect +Say goodbye", "the end of a long answer")
    pane.shows(r"^Talk +/all MESSAGE", "its beginning", scrolled_out=True)
    bob.types("/w ann still there?")
    bob.sees("ann is away: lunch")
    pane.presses("half a line that is long")
    pane.is_resized(20)
    pane.shows(r"^ann> half a line tha\nt is long\nonline", "a narrow terminal")
    pane.presses("C-c", "/quit", "Enter")
    bob.sees("ann has left (goodbye)")


@pytest.mark.long
def test_ctrl_z_stops_the_client_and_fg_goes_on(run: Programs, tmp_path: Path) -> None:  # U3
    run.server()
    pane = Pane(tmp_path, "PS1=$ ", "bash", "--norc", "--noprofile", "-i")
    with contextlib.closing(pane):
        pane.shows(r"^\$", "the shell's prompt")
        pane.presses(f"{sys.executable} myclient.py 127.0.0.1 {run.port} --name ann", "Enter")
        pane.shows("^ann>", "the prompt")
        bob = run.joins(run.nc(), "bob")
        pane.presses("half a ")
        pane.shows("^ann> half a", "a line that is begun")
        pane.presses("C-z")
        pane.shows(r"Stopped", "the shell has the terminal")
        pane.presses("stty -a", "Enter")
        pane.shows(r"[^-]echo ", "what is typed there is echoed")
        bob.types("meanwhile")
        pane.presses("fg", "Enter")
        pane.shows(r"^\d\d:\d\d bob: meanwhile\n(.*\n)*ann> half a", "the line, and what came meanwhile")
        pane.presses("line", "Enter")
        bob.sees("ann: half a line")
