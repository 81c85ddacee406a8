"""The crowd: many members over real sockets in one thread, who talk to servers that are killed all the time.

A round is a minute of faults, then rest: nothing fails until everybody is there and has had all answers, and then what
was written down is checked. The next round goes on from there, with the same people and the same journal.
"""

from __future__ import annotations

import contextlib
import random
import selectors
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from tools.crash.checker import violations
from tools.crash.doors import DOORS
from tools.crash.history import History
from tools.crash.ledger import Ledger
from tools.crash.link import ENDS, WAYS, CutError, Link, TlsLink
from tools.crash.member import Member, talks
from tools.shared.programs import HOST
from tools.shared.tls import is_wanted

PEOPLE = 60
TALK = 0.7  # messages and commands a second, by each
FAULTS = 0.25  # failures of a link, a second
BACK = (0.02, 0.6)  # seconds until somebody who has lost a link tries another one
STALL = (0.1, 2.0)  # seconds without reading
HANG = (1.0, 8.0)  # seconds that a dead link stays open
PATIENCE = (7.0, 20.0)  # seconds of silence, while lines wait, until a member tries another server
SEVERAL_FRAMES = 400  # bytes, in which a link fails
REST = 120.0  # seconds until everything has to be at rest, on a machine that has much else to do
STEP = 0.005  # seconds


class Servers(Protocol):
    """What the crowd talks to: one server, or several that share a room."""

    @property
    def ports(self) -> Sequence[int]:
        """Where they listen."""

    def tick(self, now: float, spared: bool = False) -> None:
        """Do to them what is due, if they are not `spared`; start those that have ended."""

    def spare(self) -> None:
        """Let them live from now on."""

    def ledger(self, clients: Mapping[str, int], newest: int) -> Ledger | None:
        """Return what their shared log says up to the number `newest`, since the last call; None if they have none.

        `clients`: the members' numbers, by identity.
        """


class Crowd:
    """Members, their links, and the `servers` that they talk to, each time the next. They use the `doors` in turn."""

    def __init__(
        self,
        servers: Servers,
        seed: int,
        people: int = PEOPLE,
        doors: Sequence[str] = tuple(DOORS),
        fault_rate: float = FAULTS,
    ) -> None:
        self.faults: Counter[str] = Counter()
        self.checked = 0
        self._servers = servers
        self._doors = doors
        self._fault_rate = fault_rate
        self._chance = random.Random(seed)
        self._selector = selectors.DefaultSelector()
        self._members: list[Member] = []
        self._histories: list[History] = []
        self._clients: dict[str, int] = {}
        self._links: dict[Member, Link] = {}
        self._back_at: dict[Member, float] = {}
        self._tries: Counter[Member] = Counter()  # connections that were tried
        self._hung: list[tuple[float, Link]] = []
        self._talks_at = self._fails_at = 0.0
        self._count = 0
        for _ in range(people):
            self._add_member()

    def round(self, seconds: float) -> list[str]:
        """Talk through faults, come to rest, and return what was against the promise."""
        self._talks_at = self._fails_at = time.monotonic()
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            self._servers.tick(now)
            self._talk(now)
            self._fail(now)
            self._move(now)
        wrong = self._rest()
        self.checked += sum(len(history.records) for history in self._histories)
        newest = max(member.session.position.seq for member in self._members)
        wrong += violations(self._histories, ledger=self._servers.ledger(self._clients, newest))
        self._histories = []
        for member in self._members:
            member.turns_page()
            self._histories.append(member.history)
        return wrong

    def close(self) -> None:
        """Close all sockets."""
        for link in [*self._links.values(), *(link for _, link in self._hung)]:
            link.close()
        self._selector.close()

    # --- talk and faults -----------------------------------------------------------------------------------------

    def _talk(self, now: float) -> None:
        while self._talks_at <= now:
            self._talks_at += self._chance.expovariate(TALK * len(self._members))
            self._send(self._chance.choice(self._members), now)

    def _send(self, member: Member, now: float) -> None:
        content = talks(member, self._members, self._chance, now)
        if member in self._links:
            self._links[member].say(content)

    def _fail(self, now: float) -> None:
        while self._fails_at <= now:
            self._fails_at += self._chance.expovariate(self._fault_rate * len(self._members))
            self._fail_one(self._chance.choice(self._members), now)

    def _fail_one(self, member: Member, now: float) -> None:
        link, dice = self._links.get(member), self._chance.random()
        if link is None or link.how:
            return
        if dice < 0.02 and member.is_at_rest:
            self.faults["goodbye"] += 1
            link.say(member.leaves())
        elif dice < 0.1:
            self.faults["stall"] += 1
            link.listens_at = now + self._chance.uniform(*STALL)
        else:
            link.fail(self._chance.choice(ENDS), self._chance.choice(WAYS), self._chance.randint(0, SEVERAL_FRAMES))
            self.faults[link.how] += 1
            for _ in range(3):  # so that there is something to fail in
                self._send(member, now)

    # --- links ---------------------------------------------------------------------------------------------------

    def _move(self, now: float) -> None:
        """Send and receive for a moment, and reconnect the members whose pause is over."""
        for member in [member for member, at in self._back_at.items() if at <= now]:
            self._connect(member, now)
        for member, link in list(self._links.items()):
            if member.is_overdue(link.heard_at, now, link.patience):
                self.faults["given up"] += 1
                self._lose(member, now)
            elif link.waits:
                with self._cutting(member, now):
                    link.flush()
        while self._hung and self._hung[0][0] <= now:
            self._hung.pop(0)[1].close()
        time.sleep(STEP)  # `select` would return at once: a stalled member's socket stays readable
        for key, _ in self._selector.select(0):
            self._hear(key.data, now)

    def _connect(self, member: Member, now: float) -> None:
        del self._back_at[member]
        if not member.may_return:
            member.history.stayed = False
            self._members.remove(member)
            self._add_member()
            return
        try:
            link = self._links[member] = (TlsLink if is_wanted() else Link)((HOST, self._next_port(member)))
        except CutError:
            self._back_at[member] = now + self._chance.uniform(*BACK)
            return
        link.heard_at, link.patience = now, self._chance.uniform(*PATIENCE)
        self._selector.register(link.sock, selectors.EVENT_READ, member)
        link.say(member.connected())

    def _next_port(self, member: Member) -> int:
        """Return the port of the server behind the one that it tried last, as the client goes round."""
        self._tries[member] += 1
        return self._servers.ports[(member.number + self._tries[member]) % len(self._servers.ports)]

    def _hear(self, member: Member, now: float) -> None:
        link = self._links[member]
        if now < link.listens_at:
            return
        with self._cutting(member, now):
            chunk = link.receive()
            link.heard_at = now
            link.say(member.hears(chunk, now))
            link.received(len(chunk))

    @contextlib.contextmanager
    def _cutting(self, member: Member, now: float) -> Iterator[None]:
        """Drop the link if the code within finds it cut."""
        try:
            yield
        except CutError:
            self._lose(member, now)

    def _lose(self, member: Member, now: float) -> None:
        link = self._links.pop(member)
        self._selector.unregister(link.sock)
        self._back_at[member] = now + self._chance.uniform(*BACK)
        member.lost()
        if link.how == "hang":
            self._hung.append((now + self._chance.uniform(*HANG), link))
            self._hung.sort(key=lambda hung: hung[0])
        else:
            link.close()

    def _add_member(self) -> None:
        self._count += 1
        member = Member(self._count, DOORS[self._doors[self._count % len(self._doors)]])
        self._members.append(member)
        self._histories.append(member.history)
        self._clients[member.identity] = member.number
        self._back_at[member] = 0.0

    # --- rest ----------------------------------------------------------------------------------------------------

    def _rest(self) -> list[str]:
        """Wait without faults until all is at rest, twice: the last messages show what is missing before them."""
        self._servers.spare()
        for member in [member for member, link in self._links.items() if link.how]:
            self._lose(member, time.monotonic())
        deadline = time.monotonic() + REST
        for is_last in (False, True):
            while restless := self._restless(is_last):
                now = time.monotonic()
                if now > deadline:
                    return ["it never came to rest", *restless]
                self._servers.tick(now, spared=True)
                self._move(now)
            for member in () if is_last else self._members:
                self._links[member].say(member.says("at last", time.monotonic()))
        return []

    def _restless(self, is_last: bool) -> list[str]:
        """Return who waits for something; at last, for the newest number, too, which everybody is told once all have
        spoken, and for users who are none of them to be gone.
        """
        members = self._members
        waiting = [
            f"client {member.number} waits for {member.session.lines.pending or 'a connection'}"
            for member in members
            if not member.is_at_rest or member not in self._links or self._links[member].how
        ]
        if waiting or not is_last:
            return waiting
        expected = (max(member.session.position.seq for member in members), len(members))
        return [
            f"client {member.number} has heard number {known[0]} of {expected[0]}, and knows of {known[1]} users"
            for member in members
            if (known := (member.session.position.seq, member.session.roster.count)) != expected
        ]
