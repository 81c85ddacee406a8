"""How long to wait before each try at another connection."""

from __future__ import annotations

import random
from collections.abc import Iterator

LONGEST_RETRY = 30  # seconds between two tries


def pauses() -> Iterator[int]:
    """Yield the seconds before each try: 1 to 30, ever longer, not the same for all clients."""
    longest = 1
    while True:
        yield random.randint(max(1, longest // 2), longest)  # noqa: S311
        longest = min(longest * 2, LONGEST_RETRY)
