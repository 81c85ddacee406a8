"""Makes the pictures of the README from a real session: `python tools/screenshots.py`.

It runs server.py on a free port and the real myclient.py on a pseudo-terminal, lets other users, who speak text as
telnet does, talk to it, and draws what the terminal shows at four moments, each on a light and on a dark ground. Each
step waits for the one before it to be seen.
"""

from __future__ import annotations

import contextlib
import fcntl
import html
import os
import pty
import re
import select
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

import pyte
from pyte.screens import Char

ROOT = Path(__file__).parent.parent
ROWS, COLUMNS = 14, 84
PATIENCE = 10.0  # seconds until something that is to be seen has to be there

# --- the session -------------------------------------------------------------------------------------------------


class Screen(pyte.Screen):
    """An emulated terminal that shows dim text, which pyte does not know, in grey."""

    def select_graphic_rendition(self, *attributes: int, private: bool = False) -> None:
        """Take dim (2) for bright black (90), wherever it is not part of a colour (38;5;2)."""
        plain = attributes[:2] != (38, 5) and 38 not in attributes
        super().select_graphic_rendition(*(90 if code == 2 and plain else code for code in attributes))


class Client:
    """myclient.py on a pseudo-terminal."""

    def __init__(self, port: int, name: str) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"}
        environment["XDG_CONFIG_HOME"] = os.devnull  # nobody's settings
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

    def clears(self) -> None:
        """Clear the screen."""
        self.types("\x15/clear\r")
        self.reads_until(lambda: not any(line[2:3] == ":" for line in self.screen.display), "a clear screen")

    def sees(self, text: str) -> None:
        """Read until `text` is on the screen."""
        self.reads_until(lambda: any(text in line for line in self.screen.display), text)

    def reads_until(self, done: Callable[[], bool], what: str) -> None:
        """Read until `done()`; `what` is what was waited for."""
        deadline = time.monotonic() + PATIENCE
        while not done():
            readable, _, _ = select.select([self._ours], [], [], deadline - time.monotonic())
            if not readable:
                raise SystemExit(f"never saw {what!r}")
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


class Server:
    """server.py, which may be killed and come back."""

    def __init__(self, folder: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port: int = taken.getsockname()[1]
        self._folder = folder

    def starts(self) -> None:
        """Run it, and wait until it listens."""
        options = ("--host", "127.0.0.1", "--data", self._folder, "--no-rate-limit")
        command = [sys.executable, "server.py", str(self.port), *options]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)  # noqa: S603
        assert self._process.stdout is not None  # noqa: S101  (it is a pipe)
        while b"Listening on port" not in self._process.stdout.readline():
            pass

    def ends(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.communicate()


def play(server: Server) -> Iterator[tuple[str, str, Screen]]:
    """Play the session; yield pictures: a name, what is to be seen, and the screen of the one at the client."""
    with contextlib.ExitStack() as leaving:

        def comes(name: str) -> Person:
            return leaving.enter_context(contextlib.closing(Person(server.port, name)))

        server.starts()
        leaving.callback(server.ends)
        bob, carl = comes("bob"), comes("carl")
        ann = leaving.enter_context(contextlib.closing(Client(server.port, "ann")))
        ann.sees("ann>")
        yield from lively(ann, bob, carl, comes)
        yield from whispers(ann, carl)
        yield from is_mentioned(ann, bob)
        yield from is_lost(ann, bob, comes, server)


def lively(ann: Client, bob: Person, carl: Person, comes: Callable[[str], Person]) -> Iterator[tuple[str, str, Screen]]:
    """Let a room talk above a half-typed line."""
    bob.says("morning! the new build is up")
    carl.says("did the tests pass?")
    bob.says("all of them, in nine seconds")
    ann.sees("nine seconds")
    ann.types("nice. who wants to try it with a thousand users?\r")
    ann.sees("ann: nice")
    for name in ("dora", "fred", "gwen"):
        comes(name)
        ann.sees(name)
    comes("eve").says("me! I come by plain telnet, is that fine?")
    ann.sees("plain telnet")
    carl.says("/me puts the kettle on")
    ann.sees("kettle")
    ann.types("sure, this line is half typed and nothing pri")
    bob.says("look, it stays where it is while I talk")
    ann.sees("while I talk")
    ann.sees("ann> sure, this line is half typed and nothing pri")
    yield "room", "A lively room: names in colours, comings in one line, a half-typed line, the status bar", ann.screen


def whispers(ann: Client, carl: Person) -> Iterator[tuple[str, str, Screen]]:
    """Let ann be whispered to, and answer."""
    ann.clears()
    carl.says("/whisper ann lunch at one?")
    ann.sees("lunch at one?")
    ann.types("/r\tgladly, at the usual place\r")
    ann.sees("usual place")
    ann.types("whisper carl and not a word to bob\r")
    ann.sees("Not sent yet")
    ann.sees("ann> whisper carl")
    yield "whisper", "A whisper and its answer, and a whisper without its slash, which is held in the line", ann.screen


def is_mentioned(ann: Client, bob: Person) -> Iterator[tuple[str, str, Screen]]:
    """Let ann be mentioned while she types a command."""
    ann.clears()
    bob.says("has anybody seen Ann's notes?")
    bob.says("ann: are you there?")
    ann.sees("are you there?")
    ann.types("/whi")
    ann.sees("USER MESSAGE")
    yield "mention", "Mentions, highlighted and counted; the faint hint of what a command takes", ann.screen
    ann.types("\x15")


def is_lost(
    ann: Client, bob: Person, comes: Callable[[str], Person], server: Server
) -> Iterator[tuple[str, str, Screen]]:
    """Let the server go, and come back."""
    ann.clears()
    bob.says("I will restart the server now")
    ann.sees("restart")
    server.ends()
    ann.sees("offline, next try")
    ann.types("typed while there was no connection\r")
    ann.sees("ann: typed while")
    yield "offline", "A lost connection: a line waits, faint, and the status bar counts down", ann.screen
    server.starts()
    comes("bob").says("here we are again")
    ann.sees("ou are back")
    ann.sees("here we are again")
    said = re.compile(r"\d\d:\d\d ann: typed while")  # with a time: it is no longer on its way
    ann.reads_until(lambda: any(said.match(line) for line in ann.screen.display), said.pattern)
    ann.sees("online")
    yield "reconnect", "The connection is back, and the line has been said", ann.screen


# --- the picture -------------------------------------------------------------------------------------------------

CELL_WIDTH, CELL_HEIGHT, FONT_SIZE = 8.6, 20, 14.3
MARGIN, BAR = 22, 40
BUTTONS = ("#ec6a5e", "#f4bf4f", "#61c454")
FONT = "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace"
THEMES = {  # by the names that pyte gives the colours
    "dark": {
        "window": "#1b1d24",
        "title": "#252832",
        "cursor": "#8f96a8",
        "default": "#d9dce5",
        "red": "#ff7b72",
        "magenta": "#d2a8ff",
        "cyan": "#56d4dd",
        "brightblack": "#8a92a5",
    },
    "light": {
        "window": "#fdfdfc",
        "title": "#eceae6",
        "cursor": "#8f8f8a",
        "default": "#24211d",
        "red": "#b3261e",
        "magenta": "#8b3a8f",
        "cyan": "#00707f",
        "brightblack": "#79756d",
    },
}


def draw(screen: Screen, told: str, theme: dict[str, str]) -> str:
    """Return the screen as an SVG, in a window."""
    rows = max(row for row, line in enumerate(screen.display) if line.strip()) + 1
    width = COLUMNS * CELL_WIDTH + 2 * MARGIN
    height = BAR + rows * CELL_HEIGHT + 2 * MARGIN - 8
    buttons = (f'<circle cx="{24 + 20 * n}" cy="20" r="6" fill="{fill}"/>' for n, fill in enumerate(BUTTONS))
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
            f'height="{height:.0f}" font-family="{FONT}" font-size="{FONT_SIZE}" role="img" '
            f'aria-label="{html.escape(told)}">',
            f'<rect width="100%" height="100%" rx="10" fill="{theme["window"]}"/>',
            f'<path d="M0 {BAR}V10a10 10 0 0 1 10-10H{width - 10:.0f}a10 10 0 0 1 10 10V{BAR}z" '
            f'fill="{theme["title"]}"/>',
            *buttons,
            f'<text x="50%" y="25" text-anchor="middle" fill="{theme["brightblack"]}" font-size="13">'
            "chat localhost 8001 --name ann</text>",
            *(run for row in range(rows) for run in _runs(screen, row, theme)),
            _cursor(screen, theme),
            "</svg>\n",
        )
    )


def _runs(screen: Screen, row: int, theme: dict[str, str]) -> Iterator[str]:
    """Yield the text of a row, piece by piece as it changes its looks, each stretched to exactly its cells."""
    cells = [(column, screen.buffer[row][column]) for column in range(COLUMNS)]
    for (colour, bold, is_reversed), run in groupby(cells, key=lambda cell: _looks(cell[1])):
        piece = list(run)
        text = "".join(char.data for _, char in piece)
        start = len(text) - len(text.lstrip())
        if not text.strip():
            continue
        width = len("".join(char.data or " " for _, char in piece).strip()) * CELL_WIDTH
        x = MARGIN + (piece[0][0] + start) * CELL_WIDTH
        fill = theme.get(colour, f"#{colour}")
        if is_reversed:
            y = BAR + MARGIN - 3 + row * CELL_HEIGHT
            yield f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{CELL_HEIGHT - 2}" fill="{fill}"/>'
            fill = theme["window"]
        weight = ' font-weight="700"' if bold else ""
        yield (
            f'<text x="{x:.1f}" y="{_baseline(row):.1f}" fill="{fill}"{weight} '
            f'textLength="{width:.1f}" xml:space="preserve">{html.escape(text.strip())}</text>'
        )


def _looks(char: Char) -> tuple[str, bool, bool]:
    return char.fg, char.bold, char.reverse


def _baseline(row: int) -> float:
    return BAR + MARGIN - 4 + row * CELL_HEIGHT + CELL_HEIGHT * 0.72


def _cursor(screen: Screen, theme: dict[str, str]) -> str:
    x, y = MARGIN + screen.cursor.x * CELL_WIDTH, BAR + MARGIN - 4 + screen.cursor.y * CELL_HEIGHT + 1
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{CELL_WIDTH}" height="{CELL_HEIGHT - 2}" fill="{theme["cursor"]}" '
        'fill-opacity="0.7"/>'
    )


def main() -> None:
    """Play the session and write the pictures beside this file."""
    with tempfile.TemporaryDirectory() as folder:
        for name, told, screen in play(Server(folder)):
            for ground, theme in THEMES.items():
                picture = draw(screen, told, theme)
                (ROOT / "docs" / f"{name}-{ground}.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
