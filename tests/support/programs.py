"""Real programs, typed to and read from: server.py as a process of its own, telnet, nc.

    with Programs(folder) as run:
        server = run.server("--max-users", "2")
        ann = run.telnet()
        ann.types("ann")
        ann.sees("Welcome, ann.")

A thread collects what each program writes; `sees` sleeps until the text has come, and looks for the next one behind it.
"""

from __future__ import annotations

import contextlib
import os
import pty
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE
from tools.shared.programs import free_port

ROOT = Path(__file__).parents[2]

CTRL_C, CTRL_D, TELNET_ESCAPE = "\x03", "\x04", "\x1d"


def needs(program: str) -> pytest.MarkDecorator:
    """Leave a test out on a machine that lacks `program`; where .ci/run sees to it that it is there, fail instead."""
    missing = shutil.which(program) is None and "CHAT_TESTS_NEED_PROGRAMS" not in os.environ
    return pytest.mark.skipif(missing, reason=f"{program} is not installed")


class Program:
    """One running program, on pipes or on a terminal of its own."""

    def __init__(self, *command: str, on_terminal: bool = False, cwd: Path = ROOT) -> None:
        if on_terminal:
            ours, theirs = pty.openpty()
            self._process = subprocess.Popen(
                ["setsid", "--ctty", *command], cwd=cwd, stdin=theirs, stdout=theirs, stderr=theirs
            )
            os.close(theirs)
            self._input, self._output = ours, os.dup(ours)
        else:
            self._process = subprocess.Popen(
                command, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0
            )
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._input, self._output = os.dup(self._process.stdin.fileno()), os.dup(self._process.stdout.fileno())
            self._process.stdin.close()
            self._process.stdout.close()
        self.text = ""
        self._seen = 0
        self._over = False
        self._grown = threading.Condition()
        self._reader = threading.Thread(target=self._collect)
        self._reader.start()

    def types(self, *lines: str) -> None:
        self.presses("".join(f"{line}\n" for line in lines))

    def presses(self, keys: str) -> None:
        os.write(self._input, keys.encode())

    def ends_input(self) -> None:
        """Close its standard input, as the end of a file or of a pipe does."""
        os.close(self._input)
        self._input = -1

    def sees(self, text: str) -> None:
        with self._grown:
            self._grown.wait_for(lambda: self._over or text in self.text[self._seen :], PATIENCE)
            found = self.text.find(text, self._seen)
            assert found >= 0, f"never saw {text!r} in {self.text[self._seen :]!r}"
            self._seen = found + len(text)

    def line(self) -> str:
        """Return the rest of the line behind what it saw last."""
        begins = self._seen
        self.sees("\n")
        return self.text[begins : self._seen].rstrip()

    def comes_to(self, look: Callable[[], object], expected: object) -> None:
        """Wait until what `look` returns, of the text so far, is as expected: a screen may be half drawn."""
        with self._grown:
            self._grown.wait_for(lambda: self._over or look() == expected, PATIENCE)
            assert look() == expected

    def signals(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def ends(self) -> int:
        """Wait until it has ended; return its exit code."""
        code = self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def close(self) -> None:
        """End it, if it has not ended, and let go of all that belongs to it."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(PATIENCE)
        if self._input >= 0:
            os.close(self._input)
        self._reader.join(PATIENCE)
        os.close(self._output)

    def _collect(self) -> None:
        with contextlib.suppress(OSError):  # how a terminal ends when nobody has it open any more
            while chunk := os.read(self._output, 65536):
                self._append(chunk.decode(errors="replace"))
        with self._grown:
            self._over = True
            self._grown.notify_all()

    def _append(self, text: str) -> None:
        with self._grown:
            self.text += text
            self._grown.notify_all()


class Programs:
    """A server and the programs that talk to it; all are ended when the test is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running = contextlib.ExitStack()
        self.port = 0

    def __enter__(self) -> Programs:
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def program(self, *command: str, on_terminal: bool = False, cwd: Path = ROOT) -> Program:
        program = Program(*command, on_terminal=on_terminal, cwd=cwd)
        self._running.callback(program.close)
        return program

    def server(self, *options: str, before: tuple[str, ...] = (), port: int = 0) -> Program:
        """Start server.py at `port`, or one that is free, on loopback, unmetered, and wait until it listens.

        With a certificate it waits longer until it greets somebody silent in plain text: on a busy machine a client
        takes its time from the connection to its first byte, and could make nothing of a greeting.
        """
        self.port = port or free_port(random.Random())
        always = ["--host", "127.0.0.1", "--data", str(self._folder), "--no-rate-limit"]
        if "--tls-cert" in options:
            always += ["--greeting-grace", "5"]
        server = self.program(*before, sys.executable, "server.py", str(self.port), *always, *options)
        server.sees(f"Listening on port {self.port}.")
        return server

    def telnet(self, on_terminal: bool = False) -> Program:
        return self.program("telnet", "127.0.0.1", str(self.port), on_terminal=on_terminal)

    def nc(self) -> Program:
        """Start netcat so that the end of its input ends our direction of the connection."""
        return self.program("nc", "-N", "127.0.0.1", str(self.port))

    def joins(self, program: Program, name: str) -> Program:
        program.types(name)
        program.sees(f"Welcome, {name}.")
        return program
