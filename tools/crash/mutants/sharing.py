"""Bugs in what only servers that share a log meet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

from chat.order import Deferred
from chat.proposals import Replace
from chat.shared import order_shared, replica
from chat.shared.checksums import Checksums, Judgement
from chat.shared.log_store import Answer, Verdict
from chat.shared.memory_log import MemoryLog
from chat.shared.order_shared import OrderShared
from chat.shared.own_proposals import OwnProposals
from chat.shared.reentry import Reentry
from chat.shared.replica import DueSnapshot, Replica, Step
from chat.shared.shared_log import Kind, LogEntry, Refused
from chat.shared.snapshot import SnapshotWriter
from protocol.requests import Say, Whisper
from tools.crash.mutants.bug import Bug
from tools.crash.patches import Patches


def fencing_left_out(patches: Patches) -> None:
    """The log takes what a server appends whose incarnation has ended."""
    append = MemoryLog.append

    def appending(self: MemoryLog, incarnation: str, count: int, payload: bytes) -> Answer:
        if incarnation not in self._state.incarnations:
            self._add(Kind.TURN, incarnation, count, payload)
            return Answer(Verdict.DONE)
        return append(self, incarnation, count, payload)

    patches.replace(MemoryLog, "append", appending)


def answers_not_shared(patches: Patches) -> None:
    """What a line of a client was answered is known to the server alone that the client was connected to."""
    read = OrderShared._read
    turn = Replica._turn

    def reading(self: OrderShared, entry: LogEntry) -> Any:
        self.replica.is_own = entry.incarnation == self.incarnation  # type: ignore[attr-defined]
        return read(self, entry)

    def turning(self: Replica, entry: LogEntry) -> Iterator[Step]:
        replies, is_own = self.room.replies, getattr(self, "is_own", True)
        highest = dict(replies._highest)
        yield from turn(self, entry)
        if not is_own:
            for client in replies._highest:
                replies._highest[client] = highest.get(client, 0)

    patches.replace(OrderShared, "_read", reading)
    patches.replace(replica, "_READ", replica._READ | {Kind.TURN: turning})


def snapshot_too_old(patches: Patches) -> None:
    """A snapshot is of the room as it was an entry before."""
    read = Replica.read
    before = WeakKeyDictionary[Replica, SnapshotWriter]()  # apart, since the witness copies its own

    def reading(self: Replica, entry: LogEntry) -> Iterator[Step]:
        before[self] = SnapshotWriter(self.room, self.opened)
        yield from read(self, entry)

    def old(self: Replica) -> DueSnapshot:
        return DueSnapshot(self.id, self.mark, before[self])

    patches.replace(Replica, "read", reading)
    patches.replace(Replica, "snapshot", old)


def checksum_ignored(patches: Patches) -> None:
    """Nothing is done about a room that is not like the others'."""
    patches.replace(Checksums, "judge", lambda self, own, opened, now: Judgement.FINE)


def zombie_not_noticed(patches: Patches) -> None:
    """A server that was declared gone goes on as if nothing had been."""
    patches.replace(order_shared, "_RECEIVE", order_shared._RECEIVE | {Refused: lambda self, result, now: []})
    read = OrderShared._read

    def reading(self: OrderShared, entry: LogEntry) -> Any:
        is_own_end = entry.incarnation == self.incarnation and entry.kind in (Kind.GONE, Kind.CLOSE)
        return [] if is_own_end else read(self, entry)

    patches.replace(OrderShared, "_read", reading)


def said_again(patches: Patches) -> None:
    """A server that begins again proposes what it has appended last once more, as lines that nobody counts."""
    read_back = OwnProposals.read_back
    kept: dict[int, list[Any]] = {}

    def reading_back(self: OwnProposals, incarnation: str, count: int) -> list[Any]:
        own = read_back(self, incarnation, count)
        kept.setdefault(id(self), []).extend(own)
        del kept[id(self)][:-3]
        return own

    go_on = OwnProposals.go_on

    def going_on(self: OwnProposals, first: Any) -> None:
        for own in kept.pop(id(self), []):
            if isinstance(own.due.proposal, Say | Whisper):
                self.add(replace(own.due, proposal=replace(own.due.proposal, cseq=None)))
        go_on(self, first)

    patches.replace(OwnProposals, "read_back", reading_back)
    patches.replace(OwnProposals, "go_on", going_on)


def ghost_stays(patches: Patches) -> None:
    """Who comes in again with a server finds its earlier self in a log without its end, and is sent away."""
    proposals = Reentry.proposals

    def proposing(self: Reentry, incarnation: str) -> Iterator[Deferred]:
        return (due for due in proposals(self, incarnation) if not isinstance(due.proposal, Replace))

    patches.replace(Reentry, "proposals", proposing)


def numbers_used_again(patches: Patches) -> None:
    """Where entries may have been lost, the numbers go on as if none had been."""
    patches.replace(replica, "_READ", replica._READ | {Kind.RUN: _name_log})


def _name_log(self: Replica, entry: LogEntry) -> Iterator[Step]:
    self.room.epoch = self.room.epoch or entry.mark[:16]
    yield from ()


SHARING: dict[str, Bug] = {
    "fencing-left-out": fencing_left_out,
    "answers-not-shared": answers_not_shared,
    "snapshot-too-old": snapshot_too_old,
    "checksum-ignored": checksum_ignored,
    "zombie-not-noticed": zombie_not_noticed,
    "appended-again": said_again,
    "ghost-stays": ghost_stays,
    "numbers-used-again": numbers_used_again,
}
