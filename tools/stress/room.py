"""The soak: 900 clients in one room, 50 messages a second, through faults; a ledger checks all deliveries."""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle

from tools.shared.findings import MIB, Finding, mib
from tools.shared.programs import Server, serving
from tools.shared.sockets import PEOPLE
from tools.stress.ledger import Ledger
from tools.stress.member import Member

TEXT_EVERY = 9  # every ninth client is a raw text one: 100 of 900
TALKERS = 100
RATE = 50  # messages a second, by all talkers together: well within what each may
SWEEP_EVERY = 5  # messages: everybody listens ten times a second
HISTORY = 8_000  # entries that the server keeps
FAULT_EVERY = 25  # messages: two faults a second
ENTER_AT_ONCE = 50
SETTLE_SECONDS = 60.0
AWAY = (0.2, 5.0)  # seconds
STALL, LONG_STALL = 5.0, 45.0  # seconds; the server drops who takes nothing for 10 s
FAULTS = ("reset", "cut", "quit", "stall", "long stall")
FLAT = 4 * MIB  # that the memory may differ by
PACE = 0.95  # of the rate, that this script has to keep up for the figures to count


@dataclass(frozen=True)
class Usage:
    """The server's resources while everybody is connected and nobody talks."""

    memory: int
    descriptors: int

    @classmethod
    def of(cls, server: Server) -> Usage:
        """Return its present usage."""
        return cls(server.memory(), server.descriptors())

    def __str__(self) -> str:
        return f"{mib(self.memory)}, {self.descriptors} descriptors"


class Soak:
    """The crowd and its clock."""

    def __init__(self, server: Server, seed: int) -> None:
        self.server = server
        self.ledger = Ledger()
        self.members: list[Member] = []
        self.said = 0
        self.talked = 0.0  # seconds
        self.faults: Counter[str] = Counter()
        self._chance = random.Random(seed)

    # --- coming and settling -------------------------------------------------------------------------------------

    def fill(self) -> None:
        """Let everybody in, a framed client first, since the ledger begins with its welcome."""
        for number in range(1, PEOPLE + 1):
            self.members.append(Member(self.server.port, number, number % TEXT_EVERY != 0, self.ledger))
            if number == 1 or number % ENTER_AT_ONCE == 0:
                self.settle()

    def settle(self) -> None:
        """Wait until everybody is there and has heard everything; give up after a minute."""
        deadline = time.monotonic() + SETTLE_SECONDS
        for member in self.members:
            member.listens_at = 0.0
        self.sweep()
        while not self.is_settled() and time.monotonic() < deadline:
            time.sleep(0.02)
            self.sweep()

    def is_settled(self) -> bool:
        """Whether the clients know of nothing that is still on its way."""
        return all(member.in_step for member in self.members)

    def sweep(self) -> None:
        """Let everybody listen, reconnect those whose pause is over, and check the text clients' lines."""
        now = time.monotonic()
        for member in self.members:
            member.listen(now)
            if not member.here and now >= member.back_at:
                member.enter(rename=self._chance.random() < 0.5)
        for member in self.members:
            if not member.framed:
                member.check_lines()

    # --- talking and faults --------------------------------------------------------------------------------------

    def talk(self, seconds: float) -> None:
        """Talk at the pace, listen and have faults."""
        began = time.monotonic()
        talkers = cycle(self.members[:TALKERS])
        for number in range(round(seconds * RATE)):
            time.sleep(max(0.0, began + number / RATE - time.monotonic()))
            now = time.monotonic()
            next(member for member in talkers if member.ready(now)).say()
            self.said += 1
            if number % SWEEP_EVERY == 0:
                self.sweep()
            if number % FAULT_EVERY == 0:
                self.fault(now)
        self.talked += time.monotonic() - began

    def fault(self, now: float) -> None:
        """Give one healthy member a fault, as networks and people do."""
        well = [member for member in self.members if member.in_step and member.ready(now) and not member.was_stalled]
        if not well:
            return
        victim, kind = self._chance.choice(well), self._chance.choice(FAULTS)
        self.faults[kind] += 1
        if kind == "stall":
            victim.stall(now + STALL, long=False)
        elif kind == "long stall":
            victim.stall(now + LONG_STALL, long=True)
        else:
            victim.leave(now + self._chance.uniform(*AWAY), kind)

    # --- what is told --------------------------------------------------------------------------------------------

    def so_far(self) -> str:
        """One line."""
        here = sum(member.here for member in self.members)
        return (
            f"{here} connected, {self.said:,} said, {self.ledger.deliveries:,} deliveries checked, "
            f"{self.faults.total()} faults, {self.ledger.dropped} dropped; {Usage.of(self.server)}; "
            f"wrong: {dict(self.ledger.wrong) or 0}"
        )

    def unheard(self) -> int:
        """Return how many messages of those still connected never came."""
        return sum(member.said - self.ledger.heard_of(member.mark) for member in self.members)


def run(minutes: float, seed: int) -> Iterator[Finding]:
    """Soak for `minutes`, print a line for each, and compare the server early on with the server at the end.

    Early is when its memory has what it may keep: by then there are as many entries as `--history` allows.
    """
    with serving("--greet-history", "0", "--history", str(HISTORY)) as server:
        soak = Soak(server, seed)
        soak.fill()
        first = min(minutes / 2, HISTORY / RATE / 60 + 1)
        early = soaked(soak, first, 0.0)
        late = soaked(soak, minutes - first, first)
        yield deliveries(soak)
        yield flatness(early, late, server.bugs())


def soaked(soak: Soak, minutes: float, after: float) -> Usage:
    """Soak for `minutes`, printing a line a minute, counted from `after`; return the server's usage at the end."""
    for number in range(math.ceil(minutes)):
        soak.talk(60 * min(1.0, minutes - number))
        print(f"minute {min(number + 1, minutes) + after:g}: {soak.so_far()}", flush=True)
    soak.settle()
    return Usage.of(soak.server)


def deliveries(soak: Soak) -> Finding:
    """Return whether everybody heard everything once, in order."""
    ledger, pace = soak.ledger, soak.said / soak.talked
    behind, unheard = sum(not member.in_step for member in soak.members), soak.unheard()
    wrong = ", ".join(f"{count} x {what}" for what, count in ledger.wrong.items()) or "nothing"
    faults = ", ".join(f"{kind} {count}" for kind, count in sorted(soak.faults.items()))
    figures = (
        f"{soak.said:,} messages at {pace:.1f}/s, {ledger.deliveries:,} deliveries checked through {faults}; "
        f"wrong: {wrong}; never heard: {unheard}; clients not in step at the end: {behind}"
    )
    passed = not ledger.wrong and not behind and not unheard and pace > PACE * RATE
    return Finding(passed, "every delivery", figures)


def flatness(early: Usage, late: Usage, bugs: int) -> Finding:
    """Return whether the server uses no more at the end than early on."""
    flat = late.memory - early.memory < FLAT and late.descriptors == early.descriptors
    return Finding(flat and not bugs, "flat", f"{early} early, {late} at the end; bugs: {bugs}")
