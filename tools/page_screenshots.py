"""Make the pictures of the page for browsers from a real session: `python -m tools.page_screenshots`.

It runs server.py on a free port, opens the page in Chromium as ann, has other users talk to her in text, as by telnet,
and writes what the window shows, light and dark, and on a phone, into docs/. Each step waits until the one before it
is on the page. It needs chromium and chromedriver.

`--states FOLDER` writes other pictures, of all states of the page, on three widths, light and dark: to be looked at.
"""

from __future__ import annotations

import argparse
import base64
from collections.abc import Iterator, Sequence
from pathlib import Path

from selenium.webdriver.common.keys import Keys

from tools.shared.programs import ROOT, Server, serving
from tools.shared.sockets import Ear, hang_up, join, listen_until, welcomed
from tools.shared.window import Window

WIDE, PHONE = (900, 500), (360, 640)
SIZES = ((360, 640), (820, 1000), (1440, 800))
GROUNDS = ("light", "dark")
CROWD = 499  # besides ann
PASSWORD = "correct horse"  # noqa: S105  # of this session alone
ODD = (  # what is hard to lay out
    "x" * 300,
    "https://example.org/" + "y" * 200,
    "\u05e9\u05dc\u05d5\u05dd \u05dc\u05db\u05d5\u05dc\u05dd, and back",
    "\U0001f642 \U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f \u65e5\u672c\u8a9e\u306e\u30c6\u30b9\u30c8",
    "`make bench` and  two  blanks",
    "/me waves at everybody",
)


def picture(window: Window, size: tuple[int, int], ground: str) -> bytes:
    """Return the PNG of a screen of that size, on a "light" or "dark" ground."""
    width, height = size
    window.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": ground}])
    window.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1.5, mobile=False)
    window.until(lambda: bool(window.run("return innerWidth") == width), f"{width} px")
    return base64.b64decode(window.ask("Page.captureScreenshot", format="png")["data"])


def enter(window: Window, name: str) -> None:
    """Come in as `name`."""
    window.types("#name", name, Keys.ENTER)
    window.sees(f"Welcome, {name}")


def hear(window: Window, *lines: tuple[Ear, str]) -> None:
    """Have others say something, and wait for each."""
    for ear, line in lines:
        ear.say(line)
        window.sees(line.split()[-1].strip("`"))


# --- the pictures in the documents -------------------------------------------------------------------------------


def talk(window: Window, bob: Ear, carl: Ear) -> None:
    """Let a room talk above a half-typed line."""
    enter(window, "ann")
    hear(
        window,
        (bob, "morning! the new build is up"),
        (carl, "did the tests pass?"),
        (bob, "all of them, in nine seconds"),
        (bob, "the notes are at https://example.org/notes"),
    )
    window.types("#line", "nice. who wants to try it with a thousand users?", Keys.ENTER)
    hear(window, (carl, "ann: me, after lunch"), (bob, "/whisper ann lunch at one?"))
    window.types("#line", "/reply with pleasure", Keys.ENTER)
    window.sees("with pleasure")
    hear(window, (carl, "`make bench` first, please"))
    window.types("#line", "/whisper bob the one by the ri")


def write_documents() -> None:
    """Play a session and write its pictures into docs/."""
    with serving("--no-rate-limit") as server:
        people = [join(server.port, name) for name in ("bob", "carl")]
        window = Window(server.port)
        try:
            talk(window, *people)
            for ground in GROUNDS:
                for name, size in (("page", WIDE), ("page-phone", PHONE)):
                    (ROOT / "docs" / f"{name}-{ground}.png").write_bytes(picture(window, size, ground))
        finally:
            window.close()
            hang_up(people)


# --- all states, to be looked at ---------------------------------------------------------------------------------


def states(window: Window, server: Server) -> Iterator[str]:
    """Lead the page through its states; yield the name of each while the page is in it."""
    yield "entrance"
    window.types("#name", "admin", Keys.ENTER)
    window.sees("reserved")
    yield "refused"
    window.clear("#name")
    enter(window, "ann")
    yield "alone"
    bob = join(server.port, "a-very-long-name-20c")
    hear(window, *((bob, text) for text in ODD))
    window.types("#line", "/help", Keys.ENTER)
    window.sees("/disconnect")
    yield "help"
    hear(window, *((bob, text) for text in ODD))
    yield "odd"
    window.types("#line", "/register", Keys.ENTER)
    window.sees("Choose a password")
    yield "password"
    window.types("#password", PASSWORD, Keys.ENTER)
    window.sees("once more")
    window.types("#password", PASSWORD, Keys.ENTER)
    window.sees("You are an operator")
    yield "operator"
    crowd = [join(server.port, f"user{number}-of-many") for number in range(CROWD - 1)]
    listen_until(welcomed, crowd)
    window.types("#line", "/users", Keys.ENTER)
    window.sees(f"Connected users: {CROWD + 1}")
    window.clicks("#people")
    yield "crowd"
    window.clicks("#people")
    hang_up([bob, *crowd])


def banned(window: Window, server: Server) -> Iterator[str]:
    """Let the user of the page be banned."""
    enter(window, "bob")
    ann = join(server.port, "ann")
    ann.say(PASSWORD)
    listen_until(welcomed, [ann])
    ann.say("/ban bob 2h you know why, and so does everybody who has read what you said")
    window.sees("You are banned")
    yield "banned"
    window.clicks("#rejoin")
    window.types("#name", Keys.ENTER)
    window.sees("You are banned")
    yield "banned-entrance"
    hang_up([ann])


def offline(window: Window, server: Server) -> Iterator[str]:
    """Let the server end while something is typed."""
    enter(window, "carl")
    server.process.kill()
    window.sees("offline")
    window.types("#line", "this waits until the server is back", Keys.ENTER)
    window.sees("this waits")
    yield "offline"


def write_states(folder: Path) -> None:
    """Write a picture of each state, in all sizes and on both grounds."""
    folder.mkdir(parents=True, exist_ok=True)
    with serving("--no-rate-limit", "--trusted", "127.0.0.0/8", "--operator", "ann") as server:
        for scene in (states, banned, offline):
            window = Window(server.port)
            try:
                for state in scene(window, server):
                    for size in SIZES:
                        for ground in GROUNDS:
                            name = f"{state}-{size[0]}-{ground}.png"
                            (folder / name).write_bytes(picture(window, size, ground))
            finally:
                window.close()


def main(argv: Sequence[str] | None = None) -> None:
    """Write the pictures that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m tools.page_screenshots", description=__doc__.partition("\n")[0])
    parser.add_argument("--states", type=Path, metavar="FOLDER", help="pictures of all states, into this folder")
    options = parser.parse_args(argv)
    if options.states is None:
        write_documents()
    else:
        write_states(options.states)


if __name__ == "__main__":
    main()
