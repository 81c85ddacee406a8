"""The journal as another thread reads it while the server writes: files that only grow need no lock."""

from __future__ import annotations

from bisect import bisect_right
from pathlib import Path

from chat.log import Entry
from storage.journal_errors import explained
from storage.journal_lines import first_from, read
from storage.journal_rows import entries_of, turn_of
from storage.segment import first_of, listed

_PIECE = 1 << 18  # bytes that are read at once


class JournalReader:
    """The segments of the folder `path` as another thread reads them. What fails is a JournalError.

    It remembers where it was, since it is asked for one part after the other.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seq = -1  # the last number that was read, and where: the segment, the line after it, the checksum
        self._at: tuple[Path, int, int] = (path, 0, 0)

    def newest(self) -> int:
        """Return the newest number, 0 if there is none."""
        with explained(self.path):
            data = self._segments()[-1].read_bytes()
            end = data.rfind(b"\n")
            return int(data[data.rfind(b"\n", 0, end) + 1 : end].split(b" ", 2)[1])

    def oldest(self) -> int | None:
        """Return a number that no entry is below; None if there are no segments."""
        with explained(self.path):
            return next(map(first_of, self._segments()), None)

    def after(self, seq: int, limit: int) -> list[Entry]:
        """Return the first `limit` entries after the number `seq`."""
        found: list[Entry] = []
        with explained(self.path):
            if seq != self._seq:
                self._find(seq)
            while len(found) < limit and self._read(found, seq, limit):
                pass
        self._seq = found[-1].event.seq if found else seq
        return found

    def _find(self, seq: int) -> None:
        """Go to the first line that may hold a number above `seq`."""
        segments = self._segments()
        path = segments[max(0, bisect_right(segments, seq + 1, key=first_of) - 1)]
        data = path.read_bytes()
        self._at = (path, *first_from(data[: data.rfind(b"\n") + 1], seq + 1))

    def _read(self, found: list[Entry], seq: int, limit: int) -> bool:
        """Add entries of the next lines, up to `limit` in all; return whether there may be more."""
        path, start, before = self._at
        after = next((other for other in self._segments() if other > path), None)  # if there is one, this is complete
        data = _piece(path, start)
        line = None
        for line in read(data, 0, before):
            turn = turn_of(line.body)
            fresh = [] if turn is None else [e for e in entries_of(line.number, turn) if e.event.seq > seq]
            found += fresh[: limit - len(found)]
            if fresh and found[-1] is not fresh[-1]:
                return False  # the rest of this line is for the next time
            self._at = path, start + line.end, line.checksum
        if line is not None:
            return True
        if b"\n" in data or (after is not None and data):
            raise ValueError(f"{path.name}, byte {start}")
        if after is not None:
            self._at = after, 0, 0
        return after is not None

    def _segments(self) -> list[Path]:
        segments = listed(self.path)
        if not segments:
            raise FileNotFoundError(2, "It has no segments", str(self.path))
        return segments


def _piece(path: Path, start: int) -> bytes:
    """Return what stands from `start` on: some lines, or one that is longer, or nothing."""
    with path.open("rb") as file:
        file.seek(start)
        data = file.read(_PIECE)
        while b"\n" not in data and (more := file.read(_PIECE)):
            data += more
        return data
