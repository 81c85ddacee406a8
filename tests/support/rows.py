"""A table of cases that one test holds, every row of it: a test per row would take pytest longer than the rows do.

    @for_each([(b"one\\n", [b"one"]), (b"par", [])])
    def test_lines_are_those_that_were_sent(stream: bytes, lines: list[bytes]) -> None:
        assert lines_in(stream) == lines

All rows are tried, and the test fails with each row that failed and why.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import pytest


def for_each(
    rows: Iterable[Any], anew: Callable[[], Any] | None = None
) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Return a decorator that makes a test of one row into a test of all `rows`: tuples, or single values.

    What `anew` returns is made for each row and is the first argument, like a fixture.
    """
    tried = list(rows)
    assert tried, "a table without rows tests nothing"

    def decorate(check: Callable[..., None]) -> Callable[[], None]:
        names = list(inspect.signature(check).parameters)[anew is not None :]

        def test() -> None:
            failures = []
            for row in tried:
                values = (row,) if len(names) == 1 else row
                try:
                    check(*(() if anew is None else (anew(),)), *values)
                except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 # told below, with the other rows
                    shown = ", ".join(f"{name}={value!r:.200}" for name, value in zip(names, values, strict=True))
                    failures.append(f"- {shown}\n  {type(error).__name__}: {error}")
                    if isinstance(error, pytest.fail.Exception):
                        break  # it may be the time-out, which comes only once
            if failures:
                pytest.fail(f"{len(failures)} of {len(tried)} rows fail:\n" + "\n".join(failures), pytrace=False)

        test.__name__, test.__qualname__ = check.__name__, check.__qualname__
        test.__doc__, test.__module__ = check.__doc__, check.__module__
        return test

    return decorate
