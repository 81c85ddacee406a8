"""Addresses of the web in a text, as the page for browsers finds them, too (web/render.js). Pure.

Only what begins with http:// or https:// is one: what else a browser opens (javascript:, file:) is for nobody to click.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_ADDRESS = re.compile(r'(?ai:https?)://[^\s<>"/?#:@][^\s<>"]*')
_TRAILING = re.compile("[.,:;!?'*_~\u2026\u201d\u2019]+$")  # belongs to the sentence, not to the address


def links(text: str) -> Iterator[tuple[str, bool]]:
    """Yield `text` in pieces, and of each whether it is an address."""
    end = 0
    for found in _ADDRESS.finditer(text):
        address = _trimmed(found[0])
        if address.endswith("//"):
            continue  # nothing but dots, say
        if found.start() > end:
            yield text[end : found.start()], False
        yield address, True
        end = found.start() + len(address)
    if end < len(text):
        yield text[end:], False


def _trimmed(found: str) -> str:
    address = _TRAILING.sub("", found)
    while address.endswith(")") and address.count(")") > address.count("("):
        address = _TRAILING.sub("", address[:-1])
    return address
