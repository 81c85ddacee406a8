"""The browser of all tests here: starting one costs more than most tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browsers import Browser


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
