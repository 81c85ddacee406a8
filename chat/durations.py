"""Durations: as operators type them, `10m` or `forever`, and as everybody reads what is left of them, `2 h 5 min`."""

from __future__ import annotations

import re
from math import ceil

FOREVER = "forever"
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LONGEST = 10 * 366 * _SECONDS["d"]
_TYPED = re.compile(r"([0-9]{1,9})([smhdw])")
_SHOWN = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))


def is_duration(word: str) -> bool:
    """Return whether `word` is meant as a duration: it begins with a digit, or is `forever`."""
    return word[:1].isdigit() or word.lower() == FOREVER


def parse_duration(word: str) -> int | None:
    """Return the seconds in `word`; None for `forever`. Raises ValueError for what is no duration."""
    if word.lower() == FOREVER:
        return None
    typed = _TYPED.fullmatch(word.lower())
    seconds = int(typed[1]) * _SECONDS[typed[2]] if typed else 0
    if not 0 < seconds <= _LONGEST:
        raise ValueError("DURATION is a number with s, m, h, d or w, such as 10m, 2h or 7d, or forever")
    return seconds


def in_words(seconds: float) -> str:
    """Return `seconds`, rounded up, in the two largest units: `2 h 5 min`; at least `1 s`."""
    left = max(1, ceil(seconds))
    if left > 60:
        left = ceil(left / 60) * 60  # nobody counts the seconds of an hour
    parts = []
    for unit, size in _SHOWN:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])
