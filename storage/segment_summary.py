"""Summary: what a start needs to know of a segment, so that it has to read the newest one alone.

It grows with each turn and is stored in a file beside the segment when that is closed. The file is a convenience: where
it is missing, damaged or of another state of the segment, it is made again from the segment (storage/journal_start.py).

    "summary 1 <checksum> <size of the JSON>\\n", the JSON, then the arrays of the places (chat.places)
"""

from __future__ import annotations

import json
import sys
import zlib
from array import array
from typing import NamedTuple

from chat.places import Page, Places
from chat.replies import REFUSED, Reply
from storage.journal_rows import Fields, Turn, note_places, replies_of

_MAGIC = b"summary 1"
_BATCH = 256  # entries whose places are noted together: one by one would cost each turn more


class Closed(NamedTuple):
    """The summary of a segment that is closed, or as far as it has come; `size` and `checksum` tell which state."""

    size: int
    checksum: int
    entries: int
    newest_at: float  # seconds since the epoch; 0.0 if there is no turn
    page: Page
    replies: list[Reply]

    def is_of(self, size: int, checksum: int) -> bool:
        """Return whether this is the summary of a segment of that size, whose last line has that checksum."""
        return (self.size, self.checksum) == (size, checksum)

    def packed(self) -> bytes:
        """Return what `unpacked` reads."""
        replies = [(who, cseq, mark, payload.decode()) for who, cseq, mark, payload in self.replies]
        head = [*self[:4], self.page.identities, len(self.page.seqs), replies]
        text = json.dumps(head, separators=(",", ":")).encode()
        content = b"".join([text, *(_little(part).tobytes() for part in self.page[1:])])
        return b"%b %08x %d\n%b" % (_MAGIC, zlib.crc32(content), len(text), content)


def unpacked(data: bytes) -> Closed:
    """Return the summary that was packed. Raises ValueError for what is none."""
    first, _, content = data.partition(b"\n")
    magic, checksum, size = first.rsplit(b" ", 2)
    if magic != _MAGIC or checksum != b"%08x" % zlib.crc32(content):
        raise ValueError("it is no summary")
    length, last, entries, newest_at, identities, places, replies = json.loads(content[: int(size)])
    ends, cseqs, seqs = array("q"), array("q"), array("q")
    at = int(size)
    for part, count in ((ends, len(identities)), (cseqs, places), (seqs, places)):
        part.frombytes(content[at : at + 8 * count])
        at += 8 * count
    page = Page(identities, *map(_little, (ends, cseqs, seqs)))
    answers = [Reply(who, cseq, mark, text.encode()) for who, cseq, mark, text in replies]
    return Closed(length, last, entries, newest_at, page, answers)


def _little(numbers: array[int]) -> array[int]:
    """Return numbers of this machine in the file's order of bytes, or the other way round."""
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers


class Summary:
    """The summary of a segment that grows: how many entries it has, of what time, where clients' lines stand.

    `began_at` is the log's time (chat.log_time) when the segment began; None if there was no entry yet.
    """

    def __init__(self, began_at: float | None = None) -> None:
        self.entries = 0
        self.began_at = began_at  # seconds since the epoch, as is the next one
        self.newest_at = 0.0
        self._places = Places()
        self._unnoted: list[tuple[int, list[Fields]]] = []
        self._replies: list[Reply] = []

    def add(self, number: int, turn: Turn) -> None:
        """Add a turn of which the last entry has this `number`."""
        self.entries += len(turn.rows)
        if self.began_at is None:
            self.began_at = turn.at
        self.newest_at = max(self.newest_at, turn.at)
        self._unnoted.append((number, turn.rows))
        if turn.answers:
            self._replies += replies_of(turn)
        if len(self._unnoted) >= _BATCH:
            self._note()

    def close(self, size: int, checksum: int) -> Closed:
        """Return the summary of the segment as it stands: so many bytes, the last line with this checksum."""
        self._note()
        page = self._places.close()
        return Closed(size, checksum, self.entries, self.newest_at, page, self._replies[-REFUSED:])

    def _note(self) -> None:
        for number, rows in self._unnoted:
            note_places(self._places, number, rows)
        self._unnoted.clear()
