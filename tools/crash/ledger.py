"""The ledger: what a shared log says, as somebody has read it whom nothing fails for, and what it has lost.

With it nothing has to be guessed from what the clients were told, and each loss excuses what it has to, and no more:
the entries that were lost, for those who were not told of them before; and the lines whose answers were lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import NamedTuple

from chat.room import Room
from protocol.events import RoomEvent


class Loss(NamedTuple):
    """A log was started again without its end: the `events` that it had said, by number.

    `forgotten` are the lines that it had answered and does not know any more: of each client, up to this number;
    infinity for a client that it does not know any more.
    """

    events: Mapping[int, RoomEvent]
    forgotten: Mapping[int, float]


class Ledger:
    """The log of the epoch `epoch`, with these events and earlier losses. No number is given twice, lost or not.

    `doubts`: how often a server could not tell whether the log had lost its end, and it had not. Up to the number
    `since` the log is known from before.
    """

    def __init__(
        self,
        epoch: str,
        events: Mapping[int, RoomEvent],
        losses: Sequence[Loss] = (),
        doubts: int = 0,
        since: int = 0,
    ) -> None:
        self.epoch = epoch
        self.losses = losses
        self.doubts = doubts
        self.events = dict(events)
        self._lost: dict[int, int] = {}  # the loss by which a number was lost
        for index, loss in enumerate(losses):
            self.events |= loss.events
            self._lost |= dict.fromkeys(loss.events, index)
        self.numbers = sorted(seq for seq in self.events if seq > since)

    def loss_of(self, seq: int | None) -> int | None:
        """Return by which loss an entry is not in the log any more; None if it is."""
        return None if seq is None else self._lost.get(seq)

    def was_lost(self, seq: int | None, later: int) -> bool:
        """Return whether an entry had been lost when the log came to the number `later`.

        Of two numbers that were lost, the lower one may be what was lost later: where the end was lost twice in a row.
        """
        loss, next_loss = self.loss_of(seq), self.loss_of(later)
        return loss is not None and (next_loss is None or loss < next_loss)

    def forgotten(self, client: int) -> float:
        """Return up to which number the log may have answered lines of this client and not know it any more."""
        return max((loss.forgotten.get(client, 0) for loss in self.losses), default=0)

    def logs(self) -> Iterator[dict[int, RoomEvent]]:
        """Yield the log as it is, and as it was before each loss, in order."""
        for index in (None, *range(len(self.losses))):
            newest = max((seq for seq in self.numbers if self.loss_of(seq) == index), default=0)
            yield {seq: self.events[seq] for seq in self.numbers if seq <= newest and not self.was_lost(seq, newest)}


def loss_between(before: Room, after: Room, clients: Mapping[str, int]) -> Loss:
    """Return what a log has lost whose room was one, and is the other one without its end.

    `clients`: their numbers, by the identity by which the room knows them.
    """
    kept = {entry.event.seq for entry in after.log}
    events = {entry.event.seq: entry.event for entry in before.log if entry.event.seq not in kept}
    answered = before.replies.parts().highest
    known = {identity: after.replies.highest(identity) for identity in answered}
    forgotten = {
        clients[identity]: inf if known[identity] is None else cseq
        for identity, cseq in answered.items()
        if known[identity] != cseq and identity in clients
    }
    return Loss(events, forgotten)
