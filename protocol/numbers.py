"""Whole numbers that people and peers write, bounded before they are made: int() takes time for thousands of digits."""

from __future__ import annotations


def whole_number(text: str, most: int) -> int | None:
    """Return the number that `text` is in ASCII digits, with any zeros in front; None if it is none, or over `most`."""
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0") or "0"
    if len(digits) > len(str(most)) or int(digits) > most:
        return None
    return int(digits)
