"""Make the pictures of the README from a real session: `python -m tools.screenshots`.

It runs server.py on a free port and the real myclient.py on a pseudo-terminal, has other users talk to it in text, as
by telnet, and draws what the terminal shows at five moments, each on a light and on a dark ground. Each step waits
until the one before it is on the screen.
"""

from __future__ import annotations

import contextlib
import fcntl
import html
import os
import pty
import re
import select
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

from tools.shared.programs import ROOT, Server, free_port, running, server_command
from tools.shared.sockets import Ear, hang_up, join

ROWS, COLUMNS = 14, 84
TIMEOUT = 10.0  # seconds for what has to come on the screen

# --- the session -------------------------------------------------------------------------------------------------


class Screen(pyte.Screen):
    """An emulated terminal that shows dim text, which pyte does not know, in grey."""

    def select_graphic_rendition(self, *attributes: int, private: bool = False) -> None:
        """Take dim (2) for bright black (90), unless it is part of a colour (38;5;2)."""
        plain = attributes[:2] != (38, 5) and 38 not in attributes
        super().select_graphic_rendition(*(90 if code == 2 and plain else code for code in attributes))


class Client:
    """myclient.py on a pseudo-terminal, as ann."""

    def __init__(self, port: int) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"}
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
                raise SystemExit(f"never saw {what!r}")
            self._stream.feed(os.read(self._ours, 65536))

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        os.close(self._ours)


class Room:
    """A server at one port, ann at the client, and others who come by text; all end with `leaving`."""

    def __init__(self, folder: Path, leaving: contextlib.ExitStack) -> None:
        self._port, self._folder, self._leaving = free_port(), folder, leaving
        self._people: list[Ear] = []
        leaving.callback(hang_up, self._people)
        self.server = self.serves()
        self.bob, self.carl = self.comes("bob"), self.comes("carl")
        self.ann = leaving.enter_context(contextlib.closing(Client(self._port)))

    def serves(self) -> Server:
        """Start the server."""
        command = server_command(self._port, self._folder, "--no-rate-limit")
        return self._leaving.enter_context(running(command, self._port, self._folder))

    def comes(self, name: str) -> Ear:
        """Let somebody come by text."""
        self._people.append(join(self._port, name))
        return self._people[-1]


def play(room: Room) -> Iterator[tuple[str, str]]:
    """Play the session; yield the name of each picture and what it shows when it is on ann's screen."""
    yield from talk(room)
    yield from whisper(room)
    yield from lose_server(room)


def talk(room: Room) -> Iterator[tuple[str, str]]:
    """Let a room talk above a half-typed line."""
    ann, bob, carl = room.ann, room.bob, room.carl
    ann.sees("ann>")
    bob.say("morning! the new build is up")
    carl.say("did the tests pass?")
    bob.say("all of them, in nine seconds")
    ann.sees("nine seconds")
    ann.types("nice. who wants to try it with a thousand users?\r")
    ann.sees("ann: nice")
    for name in ("dora", "fred", "gwen"):
        room.comes(name)
        ann.sees(name)
    room.comes("eve").say("me! I come by plain telnet, is that fine?")
    ann.sees("plain telnet")
    carl.say("/me puts the kettle on")
    ann.sees("kettle")
    ann.types("sure, this line is half typed and nothing pri")
    bob.say("look, it stays where it is while I talk")
    ann.sees("while I talk")
    ann.sees("ann> sure, this line is half typed and nothing pri")
    yield "room", "A lively room: names in colours, comings in one line, a half-typed line, the status bar"


def whisper(room: Room) -> Iterator[tuple[str, str]]:
    """Let ann whisper, and be mentioned while she types a command."""
    ann, bob, carl = room.ann, room.bob, room.carl
    ann.clears()
    carl.say("/whisper ann lunch at one?")
    ann.sees("lunch at one")
    ann.types("/r\tgladly, at the usual place\r")
    ann.sees("usual place")
    ann.types("whisper carl and not a word to bob\r")
    ann.sees("Not sent yet")
    ann.sees("ann> whisper carl")
    yield "whisper", "A whisper and its answer, and a whisper without its slash, which is held in the line"

    ann.clears()
    bob.say("has anybody seen Ann's notes?")
    bob.say("ann: are you there?")
    ann.sees("are you there")
    ann.types("/whi")
    ann.sees("USER MESSAGE")
    yield "mention", "Mentions, highlighted and counted; the faint hint of what a command takes"


def lose_server(room: Room) -> Iterator[tuple[str, str]]:
    """Kill the server, and start it again."""
    ann = room.ann
    ann.clears()
    room.bob.say("I will restart the server now")
    ann.sees("restart")
    room.server.process.kill()
    ann.sees("offline, next try")
    ann.types("typed while there was no connection\r")
    ann.sees("ann: typed while")
    yield "offline", "A lost connection: a line waits, faint, and the status bar counts down"

    room.serves()
    room.comes("bob").say("here we are again")
    ann.sees("ou are back")
    ann.sees("here we are again")
    ann.sees(r"\d\d:\d\d ann: typed while")  # with a time: it is no longer on its way
    ann.sees("online")
    yield "reconnect", "The connection is back, and the line has been said"


# --- the picture -------------------------------------------------------------------------------------------------

CELL_WIDTH, CELL_HEIGHT, FONT_SIZE = 8.6, 20, 14.3
MARGIN, BAR = 22, 40
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
WINDOW = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" \
height="{height:.0f}" font-family="{font}" font-size="{size}" role="img" aria-label="{shown}">
<rect width="100%" height="100%" rx="10" fill="{window}"/>
<path d="M0 {bar}V10a10 10 0 0 1 10-10H{corner:.0f}a10 10 0 0 1 10 10V{bar}z" fill="{title}"/>
<circle cx="24" cy="20" r="6" fill="#ec6a5e"/>
<circle cx="44" cy="20" r="6" fill="#f4bf4f"/>
<circle cx="64" cy="20" r="6" fill="#61c454"/>
<text x="50%" y="25" text-anchor="middle" fill="{brightblack}" font-size="13">chat localhost 8001 --name ann</text>
{cells}
<rect x="{x:.1f}" y="{y:.1f}" width="{cell_width}" height="{cell_height}" fill="{cursor}" fill-opacity="0.7"/>
</svg>
"""


def draw(screen: Screen, shown: str, theme: dict[str, str]) -> str:
    """Return the screen as an SVG, in a window."""
    rows = max(row for row, line in enumerate(screen.display) if line.strip()) + 1
    width = COLUMNS * CELL_WIDTH + 2 * MARGIN
    cells = (piece for row in range(rows) for piece in _pieces(screen, row, theme))
    places = {
        "width": width,
        "height": BAR + rows * CELL_HEIGHT + 2 * MARGIN - 8,
        "corner": width - 10,
        "bar": BAR,
        "size": FONT_SIZE,
        "x": MARGIN + screen.cursor.x * CELL_WIDTH,
        "y": _top(screen.cursor.y) + 1,
        "cell_width": CELL_WIDTH,
        "cell_height": CELL_HEIGHT - 2,
    }
    return WINDOW.format(font=FONT, shown=html.escape(shown), cells="\n".join(cells), **theme, **places)


def _pieces(screen: Screen, row: int, theme: dict[str, str]) -> Iterator[str]:
    """Yield the text of a row, a piece for each style, each stretched to exactly its cells."""
    cells = [(column, screen.buffer[row][column]) for column in range(COLUMNS)]
    for (colour, bold, is_reversed), run in groupby(cells, lambda cell: (cell[1].fg, cell[1].bold, cell[1].reverse)):
        piece = list(run)
        text = "".join(char.data for _, char in piece)
        if not text.strip():
            continue
        x = MARGIN + (piece[0][0] + len(text) - len(text.lstrip())) * CELL_WIDTH
        width = len("".join(char.data or " " for _, char in piece).strip()) * CELL_WIDTH
        fill = theme.get(colour, f"#{colour}")
        if is_reversed:
            y = _top(row) + 1
            yield f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{CELL_HEIGHT - 2}" fill="{fill}"/>'
            fill = theme["window"]
        weight = ' font-weight="700"' if bold else ""
        yield (
            f'<text x="{x:.1f}" y="{_top(row) + CELL_HEIGHT * 0.72:.1f}" fill="{fill}"{weight} '
            f'textLength="{width:.1f}" xml:space="preserve">{html.escape(text.strip())}</text>'
        )


def _top(row: int) -> int:
    return BAR + MARGIN - 4 + row * CELL_HEIGHT


def main() -> None:
    """Play the session and write the pictures into docs/."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as leaving:
        room = Room(Path(folder), leaving)
        for name, shown in play(room):
            for ground, theme in THEMES.items():
                picture = draw(room.ann.screen, shown, theme)
                (ROOT / "docs" / f"{name}-{ground}.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
