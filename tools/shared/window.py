"""A window of a real browser, Chromium driven by selenium, that shows the page of a server."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from selenium import webdriver
from selenium.webdriver.common.by import By

from tools.shared.programs import HOST

TIMEOUT = 30.0  # seconds for what has to come on the page
ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars")


class Window:
    """The page, as one user sees it."""

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
        self.until(found.is_displayed, field)
        found.send_keys(*keys)

    def clear(self, field: str) -> None:
        """Empty a field of the page."""
        self._driver.find_element(By.CSS_SELECTOR, field).clear()

    def clicks(self, button: str) -> None:
        """Click a button of the page, once it is shown."""
        found = self._driver.find_element(By.CSS_SELECTOR, button)
        self.until(found.is_displayed, button)
        found.click()

    def sees(self, text: str) -> None:
        """Wait until `text` is on the page."""
        body = self._driver.find_element(By.TAG_NAME, "body")
        self.until(lambda: text in body.text, text)

    def until(self, is_so: Callable[[], bool], what: str) -> None:
        """Wait until it is so. Ends the program if `what` is never seen."""
        deadline = time.monotonic() + TIMEOUT
        while not is_so():
            if time.monotonic() > deadline:
                raise SystemExit(f"never saw {what!r}")
            time.sleep(0.03)

    def run(self, script: str) -> Any:
        """Run a script in the page, and return what it returns."""
        return self._driver.execute_script(script)

    def ask(self, command: str, **parameters: object) -> dict[str, Any]:
        """Ask Chromium itself for something (the DevTools protocol)."""
        answer: dict[str, Any] = self._driver.execute_cdp_cmd(command, parameters)
        return answer

    def close(self) -> None:
        """End the browser."""
        self._driver.quit()
