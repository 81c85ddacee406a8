"""A real browser: Chromium without a window, driven by selenium. Users are tabs of it.

    with Browser() as browser:
        ann = browser.joins(run.port, "ann")
        ann.says("hello")
        ann.sees("hello")

Waiting is looking again until it is so, or PATIENCE is over; no passing test waits for that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.support.patience import PATIENCE

T = TypeVar("T")

CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
_ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")
_HARMLESS = "ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "WebSocket connection to"  # while no server is there


class Browser:
    """One Chromium with a profile of its own."""

    def __init__(self, width: int = 1200, height: int = 800) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        options.accept_insecure_certs = True  # those of the tests
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        for argument in (*_ARGUMENTS, f"--window-size={width},{height}"):
            options.add_argument(argument)
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
        self._is_fresh = True

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.driver.quit()

    def forgets(self) -> None:
        """Close all tabs, with what they keep and what was set for them, so that the next test finds a fresh one."""
        self.driver.switch_to.new_window("tab")
        kept = self.driver.current_window_handle
        for handle in self.driver.window_handles:
            if handle != kept:
                self.driver.switch_to.window(handle)
                self._clear()
                self.driver.close()
        self.driver.switch_to.window(kept)
        self._is_fresh = True

    def _clear(self) -> None:
        origin = self.driver.execute_script("return location.origin")
        if origin != "null":  # about:blank has none
            self.driver.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})

    def tab(self, port: int, scheme: str = "http") -> Tab:
        """Open the page in a tab of its own, and return that."""
        if not self._is_fresh:
            self.driver.switch_to.new_window("tab")
        self._is_fresh = False
        made = Tab(self.driver)
        made.opens(port, scheme)
        return made

    def joins(self, port: int, name: str, scheme: str = "http") -> Tab:
        """Return a tab that is in the room."""
        tab = self.tab(port, scheme)
        tab.enters(name)
        tab.comes_to(lambda: tab.find("#status").text, name)
        return tab

    def titles(self) -> list[str]:
        """Return the titles of all tabs, without looking at any."""
        targets = self.driver.execute_cdp_cmd("Target.getTargets", {})["targetInfos"]
        return [target["title"] for target in targets if target["type"] == "page"]

    def complaints(self) -> list[str]:
        """Return what the browser had to complain of, a policy that was violated above all."""
        entries: list[dict[str, str]] = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        told = [entry["message"] for entry in entries if entry["level"] == "SEVERE"]
        return [message for message in told if not any(harmless in message for harmless in _HARMLESS)]


class Tab:
    """One user. What is done to it is done in its tab, whichever was looked at before."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self._driver = driver
        self.handle = driver.current_window_handle

    @property
    def driver(self) -> webdriver.Chrome:
        if self._driver.current_window_handle != self.handle:
            self._driver.switch_to.window(self.handle)
        return self._driver

    def opens(self, port: int, scheme: str = "http") -> None:
        self.driver.get(f"{scheme}://127.0.0.1:{port}/")
        self.until(lambda: self.shown("#entry") or self.shown("#room"), "the page never came")

    def reloads(self) -> None:
        self.driver.refresh()

    def enters(self, name: str) -> None:
        self.until(lambda: self.shown("#name"), "never asked for a name")
        field = self.find("#name")
        field.clear()
        field.send_keys(name, Keys.ENTER)

    def find(self, css: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def all(self, css: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def shown(self, css: str) -> bool:
        return any(found.is_displayed() for found in self.all(css))

    def texts(self, css: str) -> list[str]:
        """Return the texts of all that `css` finds, seen or not."""
        found: list[str] = self.run("return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)", css)
        return found

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def presses(self, *keys: str) -> None:
        self.until(lambda: self.shown("#line"), "there was nothing to type into")
        self.find("#line").send_keys(*keys)

    def answers(self, password: str) -> None:
        self.until(lambda: self.shown("#password"), "never asked for a password")
        self.find("#password").send_keys(password, Keys.ENTER)

    def clicks(self, css: str) -> None:
        def click() -> bool:
            self.find(css).click()  # which fails while it is not shown, or something else is in its place
            return True

        self.until(click, f"{css} could never be clicked")

    def says(self, *lines: str) -> None:
        for line in lines:
            self.presses(line, Keys.ENTER)

    @property
    def typed(self) -> str:
        return str(self.run("return document.getElementById('line').value"))

    def sees(self, text: str, css: str = "#log .row") -> None:
        """Wait until one of the rows holds `text`."""
        self.until(lambda: any(text in one for one in self.texts(css)), f"never saw {text!r}", lambda: self._now(css))

    def _now(self, css: str) -> str:
        return repr(self.texts(css)[-20:] or self.texts("#log .row")[-20:])

    def count(self, text: str, css: str = "#log .row .text") -> int:
        return sum(text in one for one in self.texts(css))

    def comes_to(self, look: Callable[[], T], expected: T) -> None:
        self.until(lambda: look() == expected, f"never came to {expected!r}", lambda: repr(look()))

    def until(self, condition: Callable[[], object], what: str, now: Callable[[], str] | None = None) -> None:
        """Wait until `condition` holds; while it looks, the page may be drawn anew, or loaded, which is an error."""
        try:
            WebDriverWait(self.driver, PATIENCE, 0.03, [WebDriverException]).until(lambda _: condition())
        except Exception as error:
            seen = now() if now else self.texts("#log .row")[-20:]
            raise AssertionError(f"{what}; now it is {seen}") from error
