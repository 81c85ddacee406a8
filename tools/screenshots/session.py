"""The session that the pictures are of: server.py on a free port, the real myclient.py, and others who come by text.

The client runs on a pseudo-terminal, and an emulated terminal shows what it writes. Each step waits until the one
before it is on the screen.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import random
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pyte

from tools.shared.programs import ROOT, Server, free_port, running, server_command
from tools.shared.sockets import Ear, hang_up, join

ROWS, COLUMNS = 14, 84
GROUNDS = {"dark": "15;0", "light": "0;15"}  # what terminals say of theirs, in COLORFGBG
TIMEOUT = 40.0  # seconds for what has to come on the screen
STILL = 0.06  # seconds without a change after which all has been drawn, menus, too


class Screen(pyte.Screen):
    """An emulated terminal that shows dim text, which pyte does not know, in grey."""

    def select_graphic_rendition(self, *attributes: int, private: bool = False) -> None:
        """Take dim (2) for bright black (90), unless it is part of a colour (38;5;2)."""
        plain = attributes[:2] != (38, 5) and 38 not in attributes
        super().select_graphic_rendition(*(90 if code == 2 and plain else code for code in attributes))


class Client:
    """myclient.py on a pseudo-terminal, as ann."""

    def __init__(self, port: int, ground: str) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"}
        environment["COLORFGBG"] = GROUNDS[ground]
        environment["XDG_CONFIG_HOME"] = os.devnull  # nobody's settings
        environment.pop("NO_COLOR", None)
        command = [sys.executable, "myclient.py", "localhost", str(port), "--name", "ann"]
        self._process = subprocess.Popen(  # noqa: S603
            command, cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        self.screen = Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self.screen)

    def types(self, keys: str) -> None:
        """Press `keys`."""
        os.write(self._ours, keys.encode())

    def clears(self) -> None:
        """Clear the screen and the line."""
        self.types("\x15/clear\r")
        self.reads_until(lambda: not any(line[2:3] == ":" for line in self.screen.display), "a clear screen")

    def sees(self, pattern: str) -> None:
        """Read until `pattern` is in a line of the screen."""
        self.reads_until(lambda: any(re.search(pattern, line) for line in self.screen.display), pattern)

    def reads_until(self, done: Callable[[], bool], what: str) -> None:
        """Read until `done()`; `what` names it for the error."""
        deadline = time.monotonic() + TIMEOUT
        while not done():
            readable, _, _ = select.select([self._ours], [], [], max(0.0, deadline - time.monotonic()))
            if not readable:
                raise SystemExit("\n".join([f"never saw {what!r} on this screen:", *self.screen.display]))
            self._stream.feed(os.read(self._ours, 65536))

    def settles(self) -> None:
        """Read until nothing changes any more, and the cursor is in the line that is typed again."""
        while select.select([self._ours], [], [], STILL)[0]:
            self._stream.feed(os.read(self._ours, 65536))
        self.reads_until(lambda: self.screen.display[self.screen.cursor.y].startswith("ann>"), "the prompt")

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        os.close(self._ours)


class Room:
    """A server at one port, ann at the client, and others who come by text; all end with `leaving`.

    `ground` is that of ann's terminal, "dark" or "light".
    """

    def __init__(self, folder: Path, ground: str, leaving: contextlib.ExitStack) -> None:
        self._port, self._folder, self._leaving = free_port(random.Random()), folder, leaving  # noqa: S311
        self._people: list[Ear] = []
        leaving.callback(hang_up, self._people)
        self.server = self.serves()
        self.bob, self.carl = self.comes("bob"), self.comes("carl")
        self.ann = leaving.enter_context(contextlib.closing(Client(self._port, ground)))

    def serves(self) -> Server:
        """Start the server."""
        command = server_command(self._port, self._folder, "--no-rate-limit")
        return self._leaving.enter_context(running(command, self._port, self._folder))

    def comes(self, name: str) -> Ear:
        """Let somebody come by text."""
        self._people.append(join(self._port, name))
        return self._people[-1]
