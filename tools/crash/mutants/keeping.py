"""Bugs in what outlives the process: the journal, its numbers and its epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from chat.hub import Hub
from chat.log import Entry
from runtime.services import Services
from storage import journal, journal_reader, journal_start, segment_scan, segment_summary, segments
from storage.journal import Journal, Start
from storage.journal_lines import Line
from storage.segment import OpenSegment
from tools.crash.mutants.bug import OFTEN, Bug
from tools.crash.patches import Patches


def told_before_kept(patches: Patches) -> None:
    """A turn is written into the journal one turn late, after everybody has been told."""
    begin, take_fresh = Services.__init__, Hub.take_fresh
    waiting: list[tuple[Any, Any]] = []

    def taking(self: Hub) -> tuple[Any, Any]:
        waiting.append(take_fresh(self))
        return waiting.pop(0) if len(waiting) > 1 else ([], [])

    def beginning(self: Services, *arguments: Any) -> None:
        waiting.clear()
        begin(self, *arguments)

    patches.replace(Services, "__init__", beginning)
    patches.replace(Hub, "take_fresh", taking)


def never_kept(patches: Patches) -> None:
    """Now and then a turn is not written."""
    counter, write = count(1), Journal.write

    def writing(self: Journal, entries: Any, answers: Any = ()) -> None:
        if next(counter) % OFTEN:
            write(self, entries, answers)

    patches.replace(Journal, "write", writing)


def last_turn_lost(patches: Patches) -> None:
    """The newest turn in the journal is not read when the server starts, and its numbers are given again."""
    newest = Journal.newest
    patches.replace(Journal, "newest", lambda self, limit=10_000: newest(self, limit)[:-1])
    _numbered(patches, lambda self: max(1, self.seq()))


def _numbered(patches: Patches, first: Callable[[Journal], int]) -> None:
    """Let each run begin with another number than it should."""
    begin = Journal.__init__

    def beginning(self: Journal, *arguments: Any) -> None:
        begin(self, *arguments)
        self.first = first(self)
        self.runs = [(begun, min(ended, self.first - 1)) for begun, ended in self.runs if begun < self.first]

    patches.replace(Journal, "__init__", beginning)


def whispers_unwritten(patches: Patches) -> None:
    """Whispers are left out of the journal."""
    write = Journal.write

    def writing(self: Journal, entries: Any, answers: Any = ()) -> None:
        write(self, [entry for entry in entries if not entry.reader], answers)

    patches.replace(Journal, "write", writing)


def readers_unwritten(patches: Patches) -> None:
    """The journal does not keep a whisper's readers, and after a restart everybody may read it."""
    write = Journal.write

    def writing(self: Journal, entries: Any, answers: Any = ()) -> None:
        write(self, [Entry(entry.event, entry.at, entry.author) for entry in entries], answers)

    patches.replace(Journal, "write", writing)


def from_one_again(patches: Patches) -> None:
    """After a restart the numbers begin with 1, in the same epoch."""
    patches.replace(Journal, "newest", lambda self, limit=0: [])
    _numbered(patches, lambda self: 1)


def one_number_twice(patches: Patches) -> None:
    """After a restart the newest number is given once more."""
    _numbered(patches, lambda self: max(1, self.seq()))


def epoch_kept(patches: Patches) -> None:
    """A new journal has the epoch of the one that was lost."""
    begin = Journal.__init__

    def beginning(self: Journal, folder: Path, start: Start, *arguments: Any) -> None:
        begin(self, folder, start._replace(epoch="the one log"), *arguments)

    patches.replace(Journal, "__init__", beginning)


def _found(patches: Patches, is_lost: bool) -> None:
    """Let each start think that the end of the log is lost, or that it isn't."""
    found_in = journal_start.found_in

    def finding(*arguments: Any) -> Any:
        found = found_in(*arguments)
        return None if found is None else found._replace(is_lost=is_lost)

    patches.replace(journal, "found_in", finding)


def lost_end_unnoticed(patches: Patches) -> None:
    """The epoch is kept though the end of the log is lost."""
    _found(patches, is_lost=False)


def epoch_changed(patches: Patches) -> None:
    """Every start begins a new epoch, though the log goes on."""
    _found(patches, is_lost=True)


def torn_line_kept(patches: Patches) -> None:
    """A line that is not whole gets an end, instead of being cut off."""

    def ending(path: Path, size: int) -> None:
        with path.open("ab") as file:
            file.write(b"\n" if path.stat().st_size > size else b"")

    patches.replace(journal_start, "_cut", ending)
    begin = OpenSegment.__init__

    def beginning(self: OpenSegment, path: Path, size: int, *arguments: Any) -> None:
        begin(self, path, path.stat().st_size, *arguments)

    patches.replace(OpenSegment, "__init__", beginning)


def checksums_ignored(patches: Patches) -> None:
    """Whatever stands in a line is believed."""

    def reading(data: bytes, start: int = 0, before: int = 0) -> Iterator[Line]:
        while (end := data.find(b"\n", start)) >= 0:
            checksum, number, body = data[start:end].split(b" ", 2)
            start = end + 1
            yield Line(int(number), body, start, int(checksum, 16))

    for module in (segment_scan, journal, journal_reader):
        patches.replace(module, "read", reading)


def rotation_drops_too_much(patches: Patches) -> None:
    """Of the closed segments none is kept."""
    patches.replace(segments, "_LONGEST", 0)


def places_lost(patches: Patches) -> None:
    """The summary of a segment does not say whose lines it holds."""
    patches.replace(segment_summary, "note_places", lambda *_: None)


def authors_unwritten(patches: Patches) -> None:
    """The journal does not keep the authors' identities."""
    write = Journal.write

    def writing(self: Journal, entries: Any, answers: Any = ()) -> None:
        write(self, [replace(entry, author="") for entry in entries], answers)

    patches.replace(Journal, "write", writing)


KEEPING: dict[str, Bug] = {
    "authors-unwritten": authors_unwritten,
    "told-before-kept": told_before_kept,
    "turn-never-kept": never_kept,
    "last-entry-lost": last_turn_lost,
    "whispers-unwritten": whispers_unwritten,
    "whisper-readers-unwritten": readers_unwritten,
    "numbers-from-one": from_one_again,
    "number-twice": one_number_twice,
    "epoch-kept": epoch_kept,
    "epoch-changed": epoch_changed,
    "lost-end-unnoticed": lost_end_unnoticed,
    "torn-line-kept": torn_line_kept,
    "checksums-ignored": checksums_ignored,
    "rotation-drops-too-much": rotation_drops_too_much,
    "places-lost": places_lost,
}
