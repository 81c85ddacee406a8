"""A machine of several in memory: the real loop, hub and order of a server that shares its log with others.

What the servers share is a MemoryLog; each has a link to it that may be cut or stalled, and a network and a clock of
its own. A kill forgets whatever was in memory; a stopped one takes no turns while the time goes on. Not simulated is
Redis: storage/redis_log.lua is held against the log in memory by a test of its own.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from chat.effects import Effect
from chat.hub import Hub
from chat.room import Room
from chat.session import Session
from chat.shared.log_store import Position
from chat.shared.memory_link import Fault, MemoryLink
from chat.shared.memory_log import MemoryLog
from chat.shared.order_shared import CannotFollowError, OrderShared
from chat.shared.replica import Replica
from chat.shared.shared_log import KeepSnapshot, Snapshot
from runtime.clock import LoopClock
from server import Server
from tools.crash.machine import DOORS, GREETED_WITH
from tools.crash.network import Network

LATENCY = (0.0, 0.0, 0.05, 0.3)  # seconds that a call may take, each way


class Noted(NamedTuple):
    """What a server did that is to be looked at: the snapshots that it made, and how far it had read a log that it took
    for one that has lost its end."""

    kept: list[Kept]
    ends: list[Position]


class Kept(NamedTuple):
    """A server has asked the log to keep a snapshot, when it had read up to the entry with the mark `read`."""

    snapshot: KeepSnapshot
    read: str
    incarnation: str


class _SharedServices:
    """The services of a server of a shared room: its log alone, which has a turn before each delivery."""

    has_waiting = False

    def __init__(self, hub: Hub, order: OrderShared, link: MemoryLink, network: Network, noted: Noted) -> None:
        self._noted = noted
        self._hub, self._order, self._link, self._network = hub, order, link, network

    def descriptors(self) -> list[int]:
        return []

    def collect(self, readable: set[int]) -> list[Effect]:
        return []

    def waiting(self) -> set[Session]:
        return set()

    def note_ended(self, sessions: Iterable[Session]) -> None:
        pass

    def submit(self, task: object) -> None:
        raise AssertionError(f"no service takes {task}")

    def write_journal(self, now: float) -> list[Effect]:
        self._hub.take_fresh()
        effects = self._order.tick(now)
        decided = self._order.replica.mark
        read = self._link._client._position
        for result in self._link.step(self._network.now):
            if isinstance(result, Snapshot) and result.end_lost:
                self._noted.ends.append(read)
            effects += self._order.receive(result, now)
        for command in self._order.take_commands():
            self._link.submit(command)
            if isinstance(command, KeepSnapshot):
                self._noted.kept.append(Kept(command, decided, self._order.incarnation))
        return effects

    def close(self) -> None:
        self._order.close()
        self.write_journal(0.0)
        self._link.step(self._network.now + LATENCY[-1])


class SharedMachine:
    """One server among those that share `log`. `incarnations` gives a new name at each call."""

    def __init__(self, log: MemoryLog, chance: random.Random, incarnations: Callable[[], str]) -> None:
        self.network = Network(chance)
        self.kills = 0
        self.why_stopped: list[str] = []  # by itself, since it could not follow the log
        self.frozen_until = 0.0
        self.spoilt_lives: set[str] = set()  # the incarnations whose room was changed behind their back
        self.order: OrderShared | None = None
        self.link: MemoryLink | None = None
        self._noted = Noted([], [])
        self._log = log
        self._chance = chance
        self._incarnations = incarnations
        self._server: Server | None = None

    @property
    def runs(self) -> bool:
        """Whether there is a server, if only one that is stopped for a while."""
        return self._server is not None

    @property
    def is_frozen(self) -> bool:
        """Whether it takes no turns for now."""
        return self.network.now < self.frozen_until

    @property
    def is_spoilt(self) -> bool:
        """Whether its room was changed behind its back, and not made anew since."""
        return self.order is not None and self.order.incarnation in self.spoilt_lives

    @property
    def replica(self) -> Replica | None:
        """Its copy of the room, if it is up to the log's end as far as it knows."""
        order = self.order
        return order.replica if order is not None and order.is_live else None

    def take_noted(self) -> Noted:
        """Return what was noted since the last call."""
        noted = Noted(list(self._noted.kept), list(self._noted.ends))
        self._noted.kept.clear()
        self._noted.ends.clear()
        return noted

    def start(self) -> None:
        """Start a server, which begins with the newest snapshot of the log."""
        hub = Hub(Room(""), 100, greet_history=GREETED_WITH)
        self.link = MemoryLink(self._log, lambda: self._chance.choice(LATENCY))
        self.order = OrderShared(hub.state, hub.follow, hub.follow_late, self._incarnations)
        hub.state.order = self.order
        services: Any = _SharedServices(hub, self.order, self.link, self.network, self._noted)
        network: Any = self.network  # our acceptor and poller
        self.network.open()
        self._server = Server(network, hub, services, DOORS, network, LoopClock(network))

    def turn(self) -> None:
        """Let the loop turn once, unless it is stopped."""
        if self._server is None or self.is_frozen:
            return
        try:
            self._server.step(0.0)
        except CannotFollowError as error:
            self.why_stopped.append(str(error))
            self._be_gone()

    def freeze(self, seconds: float) -> None:
        """Stop the process for a while, as SIGSTOP does."""
        self.frozen_until = self.network.now + seconds

    def kill(self) -> None:
        """Let the process be gone."""
        if self._server is not None:
            self.kills += 1
            self._be_gone()

    def stop(self) -> None:
        """Let it shut down, as after SIGTERM."""
        if self._server is not None and not self.is_frozen:
            self._server._shut_down()
            self._server = self.order = self.link = None

    def spoil(self) -> None:
        """Let the room be another one than the log says."""
        if self.order is not None and self.replica is not None:
            self.replica.room.operators |= {"mallory"}
            self.spoilt_lives.add(self.order.incarnation)

    def _be_gone(self) -> None:
        if self._server is not None:
            self._server._signals.close()
        if self.link is not None and self._chance.random() < 0.5:
            self.link.fault = Fault.NONE
            self.link.step(self.network.now)  # what was on its way arrives
        self._server = self.order = self.link = None
        self.frozen_until = 0.0
        self.network.fall()
