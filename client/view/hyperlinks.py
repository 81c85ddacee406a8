"""Links: an address of the web is marked, so that a terminal opens it where it is clicked (OSC 8). Pure.

A terminal that finds addresses by itself loses those that go on in the next row. Marked, each row of one carries the
whole address and the same id, by which a terminal knows that they are one link. The blanks that set a row in are
outside of it. Only what client.core.links takes for an address is marked, so nothing but http: and https: is opened,
and what is opened is what can be read.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

from client.core.links import links
from client.core.render import Shown, Span

_LONGEST = 2083  # characters in an address, beyond which terminals (VTE, for one) ignore it
_AS_IT_IS = "".join(chr(code) for code in range(33, 127))  # what OSC 8 allows; the rest is percent-encoded
_ROW = re.compile(r"[^\s]+")  # of an address: no blank is in one
_END = "\x1b]8;;\x1b\\"


def with_links(shown: Shown) -> Shown:
    """Return `shown` with each address in a span of its own."""
    if "://" not in shown.text:
        return shown
    return replace(shown, spans=tuple(part for span in shown.spans for part in _parts(span)))


def _parts(span: Span) -> Iterator[Span]:
    for text, is_address in links(span.text):
        address = quote(text, safe=_AS_IT_IS, errors="replace") if is_address else ""
        yield replace(span, text=text, address=address if len(address) <= _LONGEST else "")


def hyperlink(span: Span) -> str:
    """Return the text of `span`, which may be in rows already; if it has an address, each of them as a link."""
    if not span.address:
        return span.text
    begin = f"\x1b]8;id={zlib.crc32(span.address.encode()):x};{span.address}\x1b\\"
    return _ROW.sub(lambda row: f"{begin}{row[0]}{_END}", span.text)
