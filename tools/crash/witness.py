"""The witness: a copy of the room that nothing fails for. The servers' are compared with it, and it knows what a log
has lost.

There is more than one copy after a server whose room was changed behind its back was alone for so long that it kept a
snapshot: nobody was there to contradict, and all who come later begin with that room. Then both are right; only at the
end all servers have to agree.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from copy import deepcopy
from typing import NamedTuple

from chat.room import Room
from chat.shared.log_store import Position, Verdict
from chat.shared.memory_log import MemoryLog
from chat.shared.replica import Replica
from chat.shared.shared_log import NO_MARK, KeepSnapshot, Snapshot
from tools.crash.ledger import Ledger, Loss, loss_between


class _Fact(NamedTuple):
    """What is known of the time after an entry."""

    checksums: set[str]  # of the right rooms
    opened: Set[str]  # the incarnations that were open


class Saved(NamedTuple):
    """What a witness knew."""

    copies: list[Replica]
    chain: Set[str]


class Witness:
    """Reads `log` to its end, whenever it is asked to. `clients`: their numbers, by identity."""

    def __init__(self, log: MemoryLog, clients: Mapping[str, int]) -> None:
        self._losses: list[Loss] = []
        self._log = log
        self._clients = clients
        self._copies = [Replica()]
        self._facts: dict[str, _Fact] = {}  # by the mark of the entry
        self._chain: set[str] = {NO_MARK}  # the marks of all entries, but for those that were lost
        self._doubts = 0
        self._snapshot = Position()  # the newest one that was looked at

    @property
    def room(self) -> Room:
        """The room at the end of the log."""
        return self._copies[0].room

    @property
    def end(self) -> str:
        """The id of the newest entry."""
        return self._copies[0].id

    @property
    def is_divided(self) -> bool:
        """Whether more than one room is right."""
        return len({copy.room.checksum() for copy in self._copies}) > 1

    def reads(self) -> None:
        """Read what is new."""
        for copy in self._copies:
            self._read(copy)
        found = self._log.rewind(Position())
        if found.position != self._snapshot and found.snapshot is not None:
            self._snapshot = found.position
            kept = Replica()
            kept.restore(Snapshot(found.snapshot, *found.position))
            if self.differs(kept):
                self._copies.append(kept)
                self._note(kept)
                self._read(kept)

    def _read(self, copy: Replica) -> None:
        while entries := self._log.follow(Position(copy.id, copy.mark)):
            for entry in entries:
                for _ in copy.read(entry):
                    pass
                self._note(copy)

    def _note(self, copy: Replica) -> None:
        self._chain.add(copy.mark)
        fact = self._facts.setdefault(copy.mark, _Fact(set(), frozenset(copy.opened)))
        fact.checksums.add(copy.room.checksum())

    # --- the log is started again ------------------------------------------------------------------------------------

    def saved(self) -> Saved:
        """Return what it knows now, for `goes_back`."""
        self.reads()
        return Saved(deepcopy(self._copies), set(self._chain))

    def goes_back(self, saved: Saved) -> None:
        """Begin again with a log that has lost what came after this was `saved`; note what that was."""
        before, mark = self.room, self._copies[0].mark
        self._copies, self._chain = deepcopy(saved.copies), set(saved.chain)
        if self._copies[0].mark != mark:
            self._losses.append(loss_between(before, self.room, self._clients))

    def takes_for_lost(self, position: Position) -> bool:
        """Note that a server which had read this far takes the log for one that has lost its end; return whether it
        may: also if that was trimmed, and the log started again, so that nobody can tell it."""
        is_whole = position.mark in self._chain
        self._doubts += is_whole
        return not is_whole or self._log.check(position).verdict is Verdict.TRIMMED

    @property
    def ledger(self) -> Ledger:
        """What the log says, and what it has lost."""
        events = {entry.event.seq: entry.event for entry in self.room.log}
        return Ledger(self.room.epoch, events, self._losses, self._doubts)

    # --- what servers have -------------------------------------------------------------------------------------------

    def differs(self, replica: Replica) -> bool:
        """Return whether a server's copy is another one than was right after the same entry, if that has been read."""
        fact = self._facts.get(replica.mark)
        return fact is not None and replica.room.checksum() not in fact.checksums

    def is_wrong(self, snapshot: KeepSnapshot) -> bool:
        """Return whether a snapshot is of a room that was not right after its entry."""
        kept = Replica()
        kept.restore(Snapshot(snapshot.blob, snapshot.id, snapshot.mark))
        return self.differs(kept)

    def opened(self, mark: str) -> Set[str]:
        """Return the incarnations that were open after the entry with this mark."""
        return self._facts[mark].opened
