"""The crowd in memory: members and their connections, whose bytes are carried, held up and cut by chance."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence

from tools.crash.doors import DOORS
from tools.crash.history import History
from tools.crash.link import ENDS
from tools.crash.member import Member, talks
from tools.crash.network import Wire

MEMBERS = 5


class MemoryCrowd:
    """Some members. `connect` returns a new connection for one, or None if no server takes it; `clock` is theirs."""

    def __init__(
        self,
        chance: random.Random,
        doors: Sequence[str],
        connect: Callable[[], Wire | None],
        clock: Callable[[], float],
    ) -> None:
        self.members: list[Member] = []
        self.wires: dict[Member, Wire] = {}
        self.histories: list[History] = []
        self.numbers: dict[str, int] = {}  # the members', by the identity by which a server knows them
        self.faults: Counter[str] = Counter()
        self._chance = chance
        self._doors = doors
        self._connect = connect
        self._clock = clock
        for _ in range(MEMBERS):
            self._add_member()

    def talk(self, share: float) -> None:
        """Let a share of the members type something."""
        for member in self.members:
            if self._chance.random() < share:
                self.send(member, talks(member, self.members, self._chance, self._clock()))

    def say(self, more: str) -> None:
        """Let all members say something."""
        for member in self.members:
            self.send(member, member.says(more, self._clock()))

    def move(self, share: float) -> None:
        """Carry bytes both ways, to a share of the members; let those without a connection make one."""
        for member in list(self.members):
            if self._chance.random() >= share:
                continue
            wire = self.wires.get(member)
            if wire is None:
                self._enter(member)
            else:
                wire.carry(self._piece(len(wire.up)))
                self.hear(member, wire, self._piece(len(wire.down)))

    def _piece(self, whole: int) -> int:
        return whole if self._chance.random() < 0.7 else self._chance.randint(0, whole)

    def _enter(self, member: Member) -> None:
        if not member.may_return:
            self._replace(member)
            return
        wire = self._connect()
        if wire is not None:
            self.wires[member] = wire
            self.send(member, member.connected())

    def send(self, member: Member, content: bytes) -> None:
        """Send what a member says, if it is connected."""
        if member in self.wires:
            self.wires[member].up += content

    def hear(self, member: Member, wire: Wire, count: int) -> None:
        """Let so many bytes arrive at a member."""
        self.send(member, member.hears(wire.take(count), self._clock()))
        if wire.is_over:
            self.lose(member, wire, "end")

    def lose(self, member: Member, wire: Wire, how: str) -> None:
        """End a connection (Wire.cut)."""
        wire.cut(how)
        del self.wires[member]
        member.lost()

    def cut(self, member: Member) -> None:
        """Cut a link, anywhere in what is on its way."""
        wire = self.wires.get(member)
        if wire is None:
            return
        how = self._chance.choice(ENDS)
        self.faults[how] += 1
        wire.carry(self._chance.randint(0, len(wire.up)))
        self.hear(member, wire, self._chance.randint(0, len(wire.down)))
        if member in self.wires:
            self.lose(member, wire, how)

    def say_goodbye(self, member: Member) -> None:
        """Let a member leave, whom somebody new follows; not while a line of its has no answer."""
        if member.is_at_rest:
            self.send(member, member.leaves())

    def _add_member(self) -> None:
        number = len(self.histories) + 1
        member = Member(number, DOORS[self._doors[number % len(self._doors)]])
        self.members.append(member)
        self.histories.append(member.history)
        self.numbers[member.identity] = number

    def _replace(self, member: Member) -> None:
        """Replace a member that does not come back."""
        member.history.stayed = False
        self.members.remove(member)
        self._add_member()

    @property
    def is_connected(self) -> bool:
        """Whether every member has a connection."""
        return len(self.wires) == len(self.members)

    @property
    def is_at_rest(self) -> bool:
        """Whether every member is in the room, all its lines are answered, and nothing is on its way."""
        return self.is_connected and all(
            member.is_at_rest and not self.wires[member].up and not self.wires[member].down for member in self.members
        )
