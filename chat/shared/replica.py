"""The replica: this server's copy of the room, made of the entries of the shared log, one after the other.

What an entry does to the room follows from the entry alone, so that all replicas are equal after each. Entries also
tell by their marks, which are as good as random, when there is something to do beside:

- after one in SUM_EVERY, all servers take the checksum of their room (chat.shared.checksums);
- after one in SNAPSHOT_ENTRIES, or sooner where entries are long, so they do, and the server that appended it makes a
  snapshot, to be kept when most servers have said that they had the same.

So no counter has to be the same everywhere, and no server is in charge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from chat.proposals import Applied, Proposal, ServerGone
from chat.room import Room
from chat.shared.checksums import Checksums
from chat.shared.proposal_codec import batch_of, is_only_checksums
from chat.shared.shared_log import NO_MARK, NOWHERE, KeepSnapshot, Kind, LogEntry, Snapshot
from chat.shared.snapshot import Restored, SnapshotWriter, restored

SNAPSHOT_ENTRIES = 10_000
SNAPSHOT_BYTES = 8 * 1024 * 1024
SUM_EVERY = 1_000
_DRAWS = 16**8


class Step(NamedTuple):
    """What an entry did to the room: a proposal of the member of `seat`, or of nobody (0), and what came of it."""

    seat: int
    proposal: Proposal
    applied: Applied


class DueSnapshot:
    """A snapshot of the room as it was after the entry `id`."""

    def __init__(self, id_: str, mark: str, writer: SnapshotWriter) -> None:
        self.id = id_
        self._mark = mark
        self._writer = writer
        self._blob: bytes | None = None

    def is_written(self) -> bool:
        """Write a part; return whether that was the last one, or nothing is left."""
        if self._blob is None:
            self._blob = self._writer.write_part()
        return self._blob is not None

    def command(self) -> KeepSnapshot:
        """Return what has the log keep it, when it is written."""
        return KeepSnapshot(self.id, self._mark, self._blob or b"")


class Replica:
    """The room as it is after the entry `id`, whose mark is `mark`."""

    def __init__(self) -> None:
        self.room = Room("")
        self.id, self.mark = NOWHERE, NO_MARK
        self.checksums = Checksums()
        self.opened: dict[str, str] = {}  # the ids of the entries with which the incarnations began that are open

    def restore(self, snapshot: Snapshot) -> None:
        """Begin again with a snapshot. Raises SnapshotError."""
        self.room, self.opened = Restored(Room(""), {}) if snapshot.blob is None else restored(snapshot.blob)
        self.id, self.mark = snapshot.id, snapshot.mark
        self.checksums.begin_again()

    def read(self, entry: LogEntry) -> Iterator[Step]:
        """Apply an entry; yield each step when the room is as it is just after that.

        Raises UnknownProposalError.
        """
        yield from _READ[entry.kind](self, entry)
        self.id, self.mark = entry.id, entry.mark
        if is_summed(entry):
            self.checksums.note(entry.id, self.room.checksum())

    def snapshot(self) -> DueSnapshot:
        """Return the snapshot of the room as it is now, to be written."""
        return DueSnapshot(self.id, self.mark, SnapshotWriter(self.room, self.opened))

    def _turn(self, entry: LogEntry) -> Iterator[Step]:
        batch = batch_of(entry.payload)
        for seat, proposal in batch.proposals:
            yield Step(seat, proposal, self.room.apply(seat, proposal, entry.at))
        for checksum in batch.checksums:
            self.checksums.hear(entry.incarnation, checksum)

    def _run(self, entry: LogEntry) -> Iterator[Step]:
        """Pass over the numbers that lost entries may have had; the first entry of all names the log."""
        room = self.room
        room.log.begin_run(entry.at)
        if not room.epoch:
            room.epoch, room.epoch_since = entry.mark[:16], room.log.seq
        yield from ()

    def _open(self, entry: LogEntry) -> Iterator[Step]:
        self.opened[entry.incarnation] = entry.id
        yield from ()

    def _gone(self, entry: LogEntry) -> Iterator[Step]:
        self.opened.pop(entry.incarnation, None)
        self.checksums.forget(entry.incarnation)
        gone = ServerGone(entry.incarnation)
        yield Step(0, gone, self.room.apply(0, gone, entry.at))


_READ: dict[Kind, Callable[[Replica, LogEntry], Iterator[Step]]] = {
    Kind.RUN: Replica._run,
    Kind.OPEN: Replica._open,
    Kind.TURN: Replica._turn,
    Kind.GONE: Replica._gone,
    Kind.CLOSE: Replica._gone,
}


def is_summed(entry: LogEntry) -> bool:
    """Return whether all servers take their room's checksum after this entry, and append it."""
    return _has_proposals(entry) and (int(entry.mark[:8], 16) * SUM_EVERY < _DRAWS or is_snapshot_due(entry))


def is_snapshot_due(entry: LogEntry) -> bool:
    """Return whether the server that appended this entry keeps a snapshot of the room after it."""
    if not _has_proposals(entry):
        return False
    share = 1 / SNAPSHOT_ENTRIES + len(entry.payload) / SNAPSHOT_BYTES
    return int(entry.mark[8:16], 16) < share * _DRAWS


def _has_proposals(entry: LogEntry) -> bool:
    """Return whether an entry may change the room; one of checksums alone asks for no others, or there were no end."""
    return entry.kind is Kind.TURN and not is_only_checksums(entry.payload)
