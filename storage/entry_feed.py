"""The entry feed: passes the entries of a log that no file here holds to the thread that keeps the search index.

The loop puts in what is new. The thread takes what comes after the newest entry that it has indexed; up to there the
feed forgets. When the log is another one than before, so that what was indexed is not of it, the loop begins again.
"""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Iterable
from itertools import islice

from chat.log import Entry

WAITING_LIMIT = 50_000  # entries; when more come than are indexed, the oldest are left out of the index


class EntryFeed:
    """Entries on their way to an index that holds the newest `kept` of them."""

    def __init__(self, kept: int) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Entry] = deque(maxlen=WAITING_LIMIT)
        self._numbers: deque[int] = deque(maxlen=kept)  # of all that the index holds, or will
        self.epoch = secrets.token_hex(8)  # tells what was indexed before the last `begin` from what comes after it

    def begin(self, entries: Iterable[Entry]) -> None:
        """Begin again with the `entries` of the log."""
        with self._lock:
            self.epoch = secrets.token_hex(8)
            self._waiting.clear()
            self._numbers.clear()
        self.put(entries)

    def put(self, entries: Iterable[Entry]) -> None:
        """Add the next entries."""
        with self._lock:
            for entry in entries:
                self._waiting.append(entry)
                self._numbers.append(entry.event.seq)

    def after(self, seq: int, limit: int) -> list[Entry]:
        """Return the next `limit` entries after the number `seq`, and forget those up to it."""
        with self._lock:
            while self._waiting and self._waiting[0].event.seq <= seq:
                self._waiting.popleft()
            return list(islice(self._waiting, limit))

    def oldest(self) -> int | None:
        """Return the number of the oldest entry that the index is to hold; None if there is none."""
        with self._lock:
            return self._numbers[0] if self._numbers else None

    def newest(self) -> int:
        """Return the number of the newest entry, 0 if there is none."""
        with self._lock:
            return self._numbers[-1] if self._numbers else 0
