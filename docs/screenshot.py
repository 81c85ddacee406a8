"""Makes docs/screenshot.svg from a real session: `python docs/screenshot.py`.

It runs server.py on a free port and the real myclient.py on a pseudo-terminal, lets other users, who speak text as
telnet does, talk to it, and draws what the terminal then shows. Each step waits for the one before it to be seen.
"""

from __future__ import annotations

import contextlib
import fcntl
import html
import os
import pty
import select
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pyte
from pyte.screens import Char

ROOT = Path(__file__).parent.parent
ROWS, COLUMNS = 25, 84
PATIENCE = 10.0  # seconds until something that is to be seen has to be there

# --- the session -------------------------------------------------------------------------------------------------


class Screen(pyte.Screen):
    """An emulated terminal that shows dim text, which pyte does not know, in grey."""

    def select_graphic_rendition(self, *attributes: int) -> None:
        """Take dim (2) for bright black (90)."""
        super().select_graphic_rendition(*(90 if code == 2 else code for code in attributes))


class Client:
    """myclient.py on a pseudo-terminal."""

    def __init__(self, port: int, name: str) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"}
        environment.pop("NO_COLOR", None)
        command = [sys.executable, "myclient.py", "localhost", str(port), "--name", name]
        self._process = subprocess.Popen(  # noqa: S603
            command, cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        self.screen = Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self.screen)

    def types(self, keys: str) -> None:
        """Press `keys`."""
        os.write(self._ours, keys.encode())

    def sees(self, text: str) -> None:
        """Read until `text` is on the screen."""
        deadline = time.monotonic() + PATIENCE
        while not any(text in line for line in self.screen.display):
            readable, _, _ = select.select([self._ours], [], [], deadline - time.monotonic())
            if not readable:
                raise SystemExit(f"never saw {text!r}")
            self._stream.feed(os.read(self._ours, 65536))

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        os.close(self._ours)


class Person:
    """Somebody who came by telnet; whatever is said to them is not our concern."""

    def __init__(self, port: int, name: str) -> None:
        self._sock = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.says(name)

    def says(self, line: str) -> None:
        """Send a line."""
        self._sock.sendall(f"{line}\r\n".encode())

    def close(self) -> None:
        """Hang up."""
        self._sock.close()


@contextlib.contextmanager
def running_server() -> Iterator[int]:
    """Run server.py and yield its port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "server.py", str(port), "--host", "127.0.0.1", "--data", folder]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as server:  # noqa: S603
            try:
                assert server.stdout is not None  # noqa: S101  (it is a pipe)
                while b"Listening on port" not in server.stdout.readline():
                    pass
                yield port
            finally:
                server.terminate()
                server.communicate()


def play(port: int) -> Screen:
    """Play the session; return the screen of the one who sits at the client."""
    with contextlib.ExitStack() as leaving:

        def comes(name: str) -> Person:
            return leaving.enter_context(contextlib.closing(Person(port, name)))

        ann = leaving.enter_context(contextlib.closing(Client(port, "ann")))
        ann.sees("ann>")
        bob, carl = comes("bob"), comes("carl")
        ann.sees("Users here: 3")
        for who, line in (
            (bob, "morning! the new build is up"),
            (carl, "did the tests pass?"),
            (bob, "all of them, in nine seconds"),
        ):
            who.says(line)
            ann.sees(line[:20])
        ann.types("nice. who wants to try it with a thousand users?\r")
        ann.sees("ann: nice")
        eve = comes("eve")
        ann.sees("eve has connected")
        eve.says("me! I come by plain telnet, is that fine?")
        ann.sees("plain telnet")
        ann.types("sure, we are all in one room\r")
        ann.sees("one room")
        carl.says("/whisper ann lunch at one?")
        ann.sees("lunch at one?")
        ann.types("/reply gladly, at the usual place\r")
        ann.sees("usual place")
        ann.types("/users\r")
        ann.sees("Connected users: 4")
        ann.types("/whipser bob hm\r")
        ann.sees("not recognised")
        ann.types("/ping\r")
        ann.sees("pong: ")
        eve.says("/nick evelyn")
        ann.sees("evelyn")
        ann.types("this line is half typed and nothing pri")
        ann.sees("nothing pri")
        bob.says("look, it stays where it is while I talk")
        ann.sees("while I talk")
        ann.sees("ann> this line is half typed and nothing pri")
        return ann.screen


# --- the picture -------------------------------------------------------------------------------------------------

CELL_WIDTH, CELL_HEIGHT, FONT_SIZE = 8.6, 20, 14.3
MARGIN, BAR = 22, 40
WINDOW, TITLE, TEXT, CURSOR = "#1b1d24", "#252832", "#d9dce5", "#8f96a8"
BUTTONS = ("#ec6a5e", "#f4bf4f", "#61c454")
FONT = "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace"
COLOURS = {  # by the names that pyte gives them
    "default": TEXT,
    "red": "#ff7b72",
    "green": "#7ee787",
    "brown": "#e3b341",
    "blue": "#79b8ff",
    "magenta": "#d2a8ff",
    "cyan": "#56d4dd",
    "brightblack": "#7d8597",
    "brightgreen": "#a5f3a0",
    "brightbrown": "#f2cc60",
    "brightblue": "#a5d0ff",
    "brightcyan": "#8bebf2",
}


def draw(screen: Screen) -> str:
    """Return the screen as an SVG, in a window."""
    rows = max(row for row, line in enumerate(screen.display) if line.strip()) + 1
    width = COLUMNS * CELL_WIDTH + 2 * MARGIN
    height = BAR + rows * CELL_HEIGHT + 2 * MARGIN - 8
    buttons = (f'<circle cx="{24 + 20 * n}" cy="20" r="6" fill="{fill}"/>' for n, fill in enumerate(BUTTONS))
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
            f'height="{height:.0f}" font-family="{FONT}" font-size="{FONT_SIZE}" role="img" '
            f'aria-label="A chat in a terminal: lines of several users, a whisper, a half-typed line">',
            f'<rect width="100%" height="100%" rx="10" fill="{WINDOW}"/>',
            f'<path d="M0 {BAR}V10a10 10 0 0 1 10-10H{width - 10:.0f}a10 10 0 0 1 10 10V{BAR}z" fill="{TITLE}"/>',
            *buttons,
            f'<text x="50%" y="25" text-anchor="middle" fill="{COLOURS["brightblack"]}" font-size="13">'
            "python myclient.py localhost 8001 --name ann</text>",
            *(run for row in range(rows) for run in _runs(screen, row)),
            _cursor(screen),
            "</svg>\n",
        )
    )


def _runs(screen: Screen, row: int) -> Iterator[str]:
    """Yield the text of a row, piece by piece as it changes its looks, each stretched to exactly its cells."""
    cells = [(column, screen.buffer[row][column]) for column in range(COLUMNS)]
    for (colour, bold), run in groupby(cells, key=lambda cell: _looks(cell[1])):
        piece = list(run)
        text = "".join(char.data for _, char in piece)
        start = len(text) - len(text.lstrip())
        if not text.strip():
            continue
        cell_count = len("".join(char.data or " " for _, char in piece).strip())
        x = MARGIN + (piece[0][0] + start) * CELL_WIDTH
        weight = ' font-weight="700"' if bold else ""
        yield (
            f'<text x="{x:.1f}" y="{_baseline(row):.1f}" fill="{COLOURS[colour]}"{weight} '
            f'textLength="{cell_count * CELL_WIDTH:.1f}" xml:space="preserve">{html.escape(text.strip())}</text>'
        )


def _looks(char: Char) -> tuple[str, bool]:
    return char.fg, char.bold


def _baseline(row: int) -> float:
    return BAR + MARGIN - 4 + row * CELL_HEIGHT + CELL_HEIGHT * 0.72


def _cursor(screen: Screen) -> str:
    x, y = MARGIN + screen.cursor.x * CELL_WIDTH, BAR + MARGIN - 4 + screen.cursor.y * CELL_HEIGHT + 1
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{CELL_WIDTH}" height="{CELL_HEIGHT - 2}" fill="{CURSOR}"/>'


def main() -> None:
    """Play the session and write the picture beside this file."""
    with running_server() as port:
        picture = draw(play(port))
    Path(__file__).with_suffix(".svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
