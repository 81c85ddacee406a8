"""The witness: a copy of the room that nothing fails for. The servers' are compared with it, and it knows what a log
has lost."""

from __future__ import annotations

from collections.abc import Sequence

from chat.shared.log_store import Position
from chat.shared.memory_log import MemoryLog
from chat.shared.replica import Replica
from chat.shared.shared_log import LogEntry, Snapshot

Place = tuple[str, int]  # an epoch, and a number in its log


class Witness:
    """Reads `log` to its end, whenever it is asked to. `lost` has the entries that the log has lost."""

    def __init__(self, log: MemoryLog) -> None:
        self.lost: set[Place] = set()
        self.replica = Replica()
        self._log = log
        self._sums: dict[str, str] = {}  # of the room, by the id of the entry after which it was so

    def reads(self) -> None:
        """Read what is new."""
        while entries := self._following():
            for entry in entries:
                for _ in self.replica.read(entry):
                    pass
                self._sums[entry.id] = self.replica.room.checksum()

    def _following(self) -> Sequence[LogEntry]:
        return self._log.follow(Position(self.replica.id, self.replica.mark))

    def log_was_restarted(self) -> None:
        """Begin again with a log that may have lost its end; note what that was."""
        room = self.replica.room
        found = self._log.rewind(Position())
        self.replica.restore(Snapshot(found.snapshot, *found.position))
        self.reads()
        kept = {entry.event.seq for entry in self.replica.room.log}
        self.lost |= {(room.epoch, entry.event.seq) for entry in room.log if entry.event.seq not in kept}

    def differs(self, replica: Replica) -> bool:
        """Return whether a server's copy is another one than the witness had after the same entry."""
        known = self._sums.get(replica.id)
        return known is not None and replica.room.checksum() != known
