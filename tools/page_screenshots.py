"""Make the pictures of the page for browsers from a real session: `python -m tools.page_screenshots`.

It runs server.py on a free port, opens the page in Chromium as ann, has other users talk to her in text, as by telnet,
and writes what the window shows, light and dark, and on a phone, into docs/. Each step waits until the one before it
is on the page. It needs chromium and chromedriver.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tools.shared.programs import HOST, ROOT, serving
from tools.shared.sockets import Ear, hang_up, join

TIMEOUT = 10.0  # seconds for what has to come on the page
ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars")
WIDE, PHONE = (900, 500), (360, 640)


class Window:
    """The page, as ann sees it."""

    def __init__(self, port: int) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for argument in ARGUMENTS:
            options.add_argument(argument)
        self._driver = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
        self._driver.get(f"http://{HOST}:{port}/")

    def types(self, field: str, *keys: str) -> None:
        """Press `keys` in a field of the page, once it is shown."""
        found = self._driver.find_element(By.CSS_SELECTOR, field)
        self._until(found.is_displayed, field)
        found.send_keys(*keys)

    def sees(self, text: str) -> None:
        """Wait until `text` is on the page."""
        body = self._driver.find_element(By.TAG_NAME, "body")
        self._until(lambda: text in body.text, text)

    def _until(self, is_so: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + TIMEOUT
        while not is_so():
            if time.monotonic() > deadline:
                raise SystemExit(f"never saw {what!r}")
            time.sleep(0.03)

    def picture(self, size: tuple[int, int], ground: str) -> bytes:
        """Return the PNG of a screen of that size, on a "light" or "dark" ground."""
        width, height = size
        self._ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": ground}])
        self._ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1.5, mobile=False)
        self._until(lambda: bool(self._driver.execute_script("return innerWidth") == width), f"{width} px")
        return base64.b64decode(self._ask("Page.captureScreenshot", format="png")["data"])

    def _ask(self, command: str, **parameters: object) -> dict[str, str]:
        answer: dict[str, str] = self._driver.execute_cdp_cmd(command, parameters)
        return answer

    def close(self) -> None:
        """End the browser."""
        self._driver.quit()


def talk(window: Window, bob: Ear, carl: Ear) -> None:
    """Let a room talk above a half-typed line."""
    window.types("#name", "ann", Keys.ENTER)
    window.sees("Welcome, ann")
    steps: list[tuple[Ear, str]] = [
        (bob, "morning! the new build is up"),
        (carl, "did the tests pass?"),
        (bob, "all of them, in nine seconds"),
        (bob, "the notes are at https://example.org/notes"),
    ]
    for ear, line in steps:
        ear.say(line)
        window.sees(line)
    window.types("#line", "nice. who wants to try it with a thousand users?", Keys.ENTER)
    carl.say("ann: me, after lunch")
    window.sees("me, after lunch")
    bob.say("/whisper ann lunch at one?")
    window.sees("lunch at one?")
    window.types("#line", "/reply with pleasure", Keys.ENTER)
    window.sees("with pleasure")
    carl.say("`make bench` first, please")
    window.sees("make bench")
    window.types("#line", "/whisper bob the one by the ri")


def pictures(window: Window) -> Iterator[tuple[str, bytes]]:
    """Yield the name of each picture, and the picture."""
    for ground in ("light", "dark"):
        yield f"page-{ground}", window.picture(WIDE, ground)
        yield f"page-phone-{ground}", window.picture(PHONE, ground)


def main() -> None:
    """Play the session and write the pictures into docs/."""
    with serving("--no-rate-limit") as server:
        people = [join(server.port, name) for name in ("bob", "carl")]
        window = Window(server.port)
        try:
            talk(window, *people)
            for name, png in pictures(window):
                (ROOT / "docs" / f"{name}.png").write_bytes(png)
        finally:
            window.close()
            hang_up(people)


if __name__ == "__main__":
    main()
