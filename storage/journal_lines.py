"""Lines: how a segment of the journal is written. Pure.

    3f0a91c2 201948572938475 [1795281600.5,[["s","<client>","","ann","hello",7]]]

A line has a checksum, the newest entry's number when it was written, and JSON: a list for a turn
(storage.journal_rows), an object for what the journal says of itself (storage.journal_state). The checksum goes on from
that of the line before, so that a line which is changed, missing, moved or doubled is noticed. The numbers never fall,
so that a line is found by halving.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import NamedTuple

_NUMBER = 9  # where a line's number begins


class Line(NamedTuple):
    """A line as it was read. `end`: where the next one begins; `checksum`: what the next one's goes on from."""

    number: int
    body: bytes
    end: int
    checksum: int


def seal(number: int, body: str, before: int) -> tuple[bytes, int]:
    """Return the line that follows one with the checksum `before`, and its own."""
    content = f"{number} {body}".encode()
    checksum = zlib.crc32(content, before)
    return b"%08x %b\n" % (checksum, content), checksum


def read(data: bytes, start: int = 0, before: int = 0) -> Iterator[Line]:
    """Yield the lines from `start` on, up to the first that is not whole or not right."""
    crc32 = zlib.crc32
    while (end := data.find(b"\n", start)) >= 0:
        content = data[start + _NUMBER : end]
        checksum = crc32(content, before)
        if data[start : start + _NUMBER] != b"%08x " % checksum:
            return
        number, _, body = content.partition(b" ")
        start, before = end + 1, checksum
        yield Line(int(number), body, start, checksum)


def first_from(data: bytes, number: int) -> tuple[int, int]:
    """Return where the first line with at least this `number` begins, and the checksum of the line before it.

    `data` is a segment's whole lines. Raises ValueError for what is no line.
    """
    low, high = 0, len(data)
    while low < high:
        middle = (low + high) // 2
        start = max(low, data.rfind(b"\n", low, middle) + 1)
        if int(data[start + _NUMBER : data.index(b" ", start + _NUMBER)]) < number:
            low = data.index(b"\n", middle) + 1
        else:
            high = start
    return low, checksum_before(data, low)


def checksum_before(data: bytes, start: int) -> int:
    """Return the checksum of the line that ends at `start`, as it stands there; 0 at the beginning."""
    return int(data[(at := data.rfind(b"\n", 0, max(0, start - 1)) + 1) : at + 8], 16) if start else 0
