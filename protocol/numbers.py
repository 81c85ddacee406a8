"""Whole numbers in text from people and peers, bounded before int() sees them: it is slow on thousands of digits."""

from __future__ import annotations


def whole_number(text: str, most: int) -> int | None:
    """Return the number in `text`, ASCII digits with any leading zeros; None if it is not one, or over `most`."""
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0") or "0"
    if len(digits) > len(str(most)) or int(digits) > most:
        return None
    return int(digits)
