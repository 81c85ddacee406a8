"""The browser of all tests here, since starting one costs more than most tests; and who most tests of it talk to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browsers import Browser, Tab
from tests.support.programs import Program, Programs


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with Browser() as opened:
        yield opened


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """A browser that remembers nothing of other tests; it had nothing to complain of at the end."""
    yield chromium
    complaints = chromium.complaints()
    chromium.forgets()
    assert complaints == []


@pytest.fixture
def server(run: Programs) -> Program:
    return run.server()


@pytest.fixture
def bob(run: Programs, server: Program) -> Program:
    """A telnet user in the room. A test that asks for him before `ann` has him come in before her."""
    return run.joins(run.telnet(), "bob")


@pytest.fixture
def ann(run: Programs, server: Program, browser: Browser) -> Tab:
    """A page in the room."""
    return browser.joins(run.port, "ann")
