"""The tail of what was shown: as much of it as fits a screen of another width, to be written anew. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from client.core.render import Shown


def tail(shown: Iterable[Shown], columns: int, rows: int, width_of: Callable[[str], int]) -> list[Shown]:
    """Return the newest of `shown` that fit `rows` rows of `columns`; `width_of` a text is in columns."""
    fitting: list[Shown] = []
    for one in reversed(tuple(shown)):
        rows -= sum(max(1, -(-width_of(line) // columns)) for line in one.text.split("\n"))
        if rows < 0:
            break
        fitting.append(one)
    return fitting[::-1]
