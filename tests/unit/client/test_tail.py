"""client.view.tail: what of the past fits a screen of another width."""

from __future__ import annotations

import pytest

from client.core.render import Kind, Shown, compose
from client.view.tail import tail

PAST = [compose(Kind.SAID, text) for text in ("one", "a line of 20 columns", "", "two\nrows", "last")]


@pytest.mark.parametrize(
    ("columns", "rows", "count"), [(80, 6, 5), (80, 5, 4), (80, 3, 2), (80, 2, 1), (80, 0, 0), (10, 6, 4), (10, 5, 3)]
)
def test_the_newest_that_fit(columns: int, rows: int, count: int) -> None:
    assert tail(PAST, columns, rows, len) == PAST[len(PAST) - count :]


def test_nothing_is_the_tail_of_nothing() -> None:
    nothing: list[Shown] = []
    assert tail(nothing, 80, 24, len) == []
