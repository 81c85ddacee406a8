"""Bugs in what outlives the process: the journal, its numbers and its epoch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

from chat.hub import Hub
from chat.log import Entry
from runtime.services import Services
from storage.journal import Journal
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
    begin = Journal._begin_run

    def beginning(self: Journal, at: float) -> Any:
        ranges = begin(self, at)
        self.first = first(self)
        return [(begun, min(ended, self.first - 1)) for begun, ended in ranges if begun < self.first]

    patches.replace(Journal, "_begin_run", beginning)


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
    begin = Journal._begin
    patches.replace(Journal, "_begin", lambda self, _, *arguments: begin(self, "the one log", *arguments))


def lost_end_unnoticed(patches: Patches) -> None:
    """The loss of a killed server's write-ahead log goes unnoticed."""
    begin = Journal._begin
    patches.replace(Journal, "_begin", lambda self, new_epoch, boot, _: begin(self, new_epoch, boot, True))


def epoch_changed(patches: Patches) -> None:
    """Every start begins a new epoch, though the log goes on."""
    begin = Journal._begin

    def beginning(self: Journal, new_epoch: str, *arguments: Any) -> tuple[str, bool]:
        begin(self, new_epoch, *arguments)
        return new_epoch, False

    patches.replace(Journal, "_begin", beginning)


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
}
