"""The history as JSON lines: the journal -> objects, one an entry, in the log's order (O5). Pure but for the reader."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone

from chat.log import Entry
from protocol import objects
from protocol.events import Whispered
from storage.journal_errors import JournalError
from storage.journal_reader import JournalReader

_PART = 1_000  # entries that are read at once


def exported(reader: JournalReader, since: float, whispers: bool = False) -> Iterator[str]:
    """Yield the entries from the time `since` on, each as a line of JSON, with the whispers only if asked for.

    The server may write on and delete its oldest segments meanwhile. Raises JournalError.
    """
    for entry in _entries(reader):
        if entry.at >= since and (whispers or not isinstance(entry.event, Whispered)):
            yield line_of(entry)


def line_of(entry: Entry) -> str:
    """Return an entry as JSON: the object that clients are sent, with its time in UTC before it."""
    told = json.loads(objects.dump(entry.event))
    told.pop("cseq", None)  # its author's own count
    time = datetime.fromtimestamp(entry.at, timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
    return json.dumps({"time": time, **told, "at": entry.at})


def _entries(reader: JournalReader) -> Iterator[Entry]:
    seq = 0
    while True:
        try:
            found = reader.after(seq, _PART)
        except JournalError:  # the segment that was read is deleted, being too old: go on in the oldest that is left
            reader = JournalReader(reader.path)
            found = reader.after(seq, _PART)
        if not found:
            return
        yield from found
        seq = found[-1].event.seq
