"""Servers that are played: their users are in the room and talk, by the shared log alone, and cost next to nothing.

So one real server can be measured as one of ten, on a machine that has no room for the other nine. What it does for
them is all there: their entries are read and applied, their lines delivered to its own users.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence

from chat.proposals import Enter
from chat.shared.log_store import LogStore, Position
from chat.shared.proposal_codec import item_text, payload_of, proposal_text
from chat.shared.replica import Replica
from chat.shared.server_watch import INTERVAL
from protocol.requests import Say
from tools.bench.crew import Signals, Tally, sleep_until
from tools.bench.latency import stamped
from tools.bench.steady import Plan

_AT_ONCE = 250  # users that come in with one entry


class PlayedServers:
    """So many servers in the log of `store`."""

    def __init__(self, store: LogStore, count: int, settle: Callable[[], None]) -> None:
        """Open them; `settle` returns when the servers that are not played have told their users all that there is."""
        self._store, self._settle = store, settle
        self._counts = {f"{number:016x}": 0 for number in range(1, count + 1)}
        self._talkers: dict[str, int] = {}
        for incarnation in self._counts:
            store.open(incarnation, b"", Position())

    def enter(self, users: int) -> None:
        """Let so many users come in at each server, a few at once: no reader falls so far behind that it is dropped."""
        for number, incarnation in enumerate(self._counts):
            for names in _parts([f"p{number}u{user}" for user in range(users)]):
                entering = [Enter(name, name, "", "", 0, incarnation) for name in names]
                self._append(incarnation, [item_text(0, proposal_text(each)) for each in entering])
                self._settle()
                self.beat()
        self._talkers = self._seats()

    def beat(self) -> None:
        """Show that they are there."""
        for incarnation in self._counts:
            self._store.beat(incarnation)

    def say(self, plan: Plan, signals: Signals, tally: Tally) -> None:
        """Say every line of the plan when it is due, each at another server, and count them."""
        talkers, beat_at = itertools.cycle(self._talkers.items()), 0.0
        for number in itertools.count():
            sleep_until(plan.line(number))
            if not signals.go_on():
                return
            if time.monotonic() >= beat_at:
                beat_at = time.monotonic() + INTERVAL
                self.beat()
            incarnation, seat = next(talkers)
            self._append(incarnation, [item_text(seat, proposal_text(Say(stamped(b"").decode().strip())))])
            tally.delivered += 1

    def close(self) -> None:
        """Let them leave."""
        for incarnation in self._counts:
            self._store.close(incarnation)

    def _append(self, incarnation: str, items: Sequence[bytes]) -> None:
        self._counts[incarnation] += 1
        self._store.append(incarnation, self._counts[incarnation], payload_of(items))

    def _seats(self) -> dict[str, int]:
        """Return the seat of a user of each server."""
        replica = Replica()
        while entries := self._store.follow(Position(replica.id, replica.mark)):
            for entry in entries:
                for _ in replica.read(entry):
                    pass
        return {member.server: member.seat for member in replica.room if member.server in self._counts}


def _parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[begin : begin + _AT_ONCE] for begin in range(0, len(names), _AT_ONCE))
