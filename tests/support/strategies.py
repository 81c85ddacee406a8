"""What hypothesis draws: hostile texts, cleaned texts, and messages of any kind with the fields that its class names.

Also `unsafe_in`, which says by Unicode's own database what no text may hold that people see; protocol.text says it by
a list of its own, and the two are held against each other.
"""

from __future__ import annotations

import unicodedata
from typing import Any, get_type_hints

from hypothesis import strategies as st

from protocol.events import CommandHelp, Past
from protocol.requests import ResumePoint
from protocol.sanitize import clean

# UAX #9: the explicit formatting characters by their bidi class; the three marks have the class of what they imitate.
_BIDI_CLASSES = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
_INVISIBLE = {"\u061c", "\u200e", "\u200f", "\ufeff"}
_UNSAFE_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}  # controls, surrogates, line and paragraph separators


def unsafe_in(text: str) -> set[str]:
    """Return the characters of `text` that nobody may be shown."""
    return {
        c
        for c in text
        if unicodedata.category(c) in _UNSAFE_CATEGORIES
        or unicodedata.bidirectional(c) in _BIDI_CLASSES
        or c in _INVISIBLE
    }


# Every character, surrogates too, and those that do harm more often than chance would have them.
_CHARACTERS = st.characters() | st.sampled_from("\r\n\t\0\x04\x1b\x7f\x9b\x85\ud800\udfff\u202e\u2028\ufeff/ {}<&\"'\\")

hostile_texts = st.text(_CHARACTERS, max_size=60)
clean_texts = hostile_texts.map(clean)

_LIMIT = 2**53
_NESTED = (ResumePoint, CommandHelp, Past)


def messages_of(kind: type, texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """Draw messages of the class `kind`, with `texts` wherever there is text, and lists that are not empty."""
    by_hint: dict[object, st.SearchStrategy[Any]] = {
        str: texts,
        bool: st.booleans(),
        int: st.integers(0, _LIMIT - 1),
        float: st.floats(0, _LIMIT, exclude_max=True),
        tuple[str, ...]: st.lists(texts, min_size=1, max_size=9).map(tuple),
    }
    for nested in _NESTED if kind not in _NESTED else ():
        by_hint[nested] = messages_of(nested, texts)
        by_hint[tuple[nested, ...]] = st.lists(by_hint[nested], min_size=1, max_size=2).map(tuple)  # type: ignore[valid-type]
    for hint in list(by_hint):
        by_hint[hint | None] = st.none() | by_hint[hint]  # type: ignore[operator]
    return st.builds(kind, **{name: by_hint[hint] for name, hint in get_type_hints(kind).items()})
