"""Mentions: where in a text somebody's name stands, as a word of its own and in any case. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator


def parted(text: str, name: str) -> Iterator[tuple[str, bool]]:
    """Yield `text` in pieces, and of each whether it is `name`, which may be ""."""
    if not name:
        yield text, False
        return
    # A name may hold hyphens, so that "ann" is no word of "ann-marie"; behind it one may stand for a dash.
    word = re.compile(rf"(?<!\w)(?<!\w-)({re.escape(name)})(?!\w)(?!-\w)", re.IGNORECASE)
    for index, piece in enumerate(word.split(text)):
        if piece:
            yield piece, index % 2 == 1
