"""The simulation of servers that share a log: they are killed and stopped, their links to the log are cut, answers are
lost, the log is started again without its end, and clients hop from one server to another, in memory.

Like tools.crash.simulation, in one thread and by one seed. Beside what the clients were told, the rooms are compared:
after the same entry all servers have the same, and a server stops by itself only if its room was changed behind its
back.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from itertools import count

from chat import log as chat_log
from chat.shared import replica
from chat.shared.memory_link import Fault
from chat.shared.memory_log import MemoryLog
from chat.shared.replica import Replica
from tools.crash.checker import violations
from tools.crash.doors import DOORS
from tools.crash.machine import REPLAY_BYTES, silence
from tools.crash.memory_crowd import MemoryCrowd
from tools.crash.mutants.bug import Bug
from tools.crash.network import Wire
from tools.crash.patches import Patches
from tools.crash.shared_machine import Kept, SharedMachine
from tools.crash.witness import Witness

SERVERS = 3
TICKS = 400
TICK = 0.3  # seconds
STARTED_AT = 1_700_000_000.0
SETTLE_TICKS, SETTLE_ROUNDS = 600, 12
SNAPSHOT_ENTRIES, SUM_EVERY = 30, 8
SAVED = 3  # states of the log to which it may go back


def simulated(
    seed: int, bug: Bug | None = None, doors: Sequence[str] = tuple(DOORS), servers: int = SERVERS, ticks: int = TICKS
) -> tuple[list[str], Counter[str]]:
    """Run one world of so many `servers`; return what was against the promise, and the count of each fault."""
    with Patches() as patches:
        patches.replace(chat_log, "REPLAY_BYTES", REPLAY_BYTES)
        patches.replace(replica, "SNAPSHOT_ENTRIES", SNAPSHOT_ENTRIES)
        patches.replace(replica, "SUM_EVERY", SUM_EVERY)
        bugs = silence(patches)
        if bug is not None:
            bug(patches)
        world = SharedWorld(seed, servers, doors)
        try:
            wrong = world.run(ticks)
        finally:
            world.end()
        return [*wrong, *(f"a server met a bug: {bug}" for bug in bugs)], world.faults


class SharedWorld:
    """One run."""

    def __init__(self, seed: int, servers: int, doors: Sequence[str]) -> None:
        self.now = 1000.0
        self._chance = random.Random(seed)
        self._log = MemoryLog("start 0", STARTED_AT)
        self._starts = count(1)
        names = count(1)
        self._machines = [SharedMachine(self._log, self._chance, lambda: f"{next(names):016x}") for _ in range(servers)]
        self._crowd = MemoryCrowd(self._chance, doors, self._connect, lambda: self.now)
        self._witness = Witness(self._log, self._crowd.numbers)
        self._saved = [(self._log.saved(), self._witness.saved())]
        self._wrong: list[str] = []

    @property
    def faults(self) -> Counter[str]:
        """The count of each fault."""
        return self._crowd.faults

    def run(self, ticks: int) -> list[str]:
        """Run so many ticks, then come to rest; return what was against the promise."""
        for machine in self._machines:
            machine.start()
        for _ in range(ticks):
            self._pass_time()
            self._tick()
        wrong = self._settle()
        self.faults["kills"] += sum(machine.kills for machine in self._machines)
        found = violations(self._crowd.histories, ledger=self._witness.ledger)
        return [*found, *wrong, *self._wrong]

    def end(self) -> None:
        """Let the servers that are left be gone, with what they have open."""
        for machine in self._machines:
            machine.kill()

    # --- a tick --------------------------------------------------------------------------------------------------

    def _pass_time(self) -> None:
        self.now += TICK
        self._log.now = STARTED_AT + self.now
        for machine in self._machines:
            machine.network.now = max(machine.network.now, self.now)

    def _tick(self) -> None:
        chance = self._chance
        self._crowd.talk(0.15)
        self._crowd.move(0.7)
        if chance.random() < 0.08:
            self._crowd.cut(chance.choice(self._crowd.members))
        if chance.random() < 0.06:
            self._break(chance.choice(self._machines))
        if chance.random() < 0.02:
            self._saved = [*self._saved[1 - SAVED :], (self._log.saved(), self._witness.saved())]
        for machine in self._machines:
            if not machine.runs and chance.random() < 0.05:
                machine.start()
            if chance.random() < 0.9:
                self._turn(machine)
        self._compare()

    def _turn(self, machine: SharedMachine) -> None:
        """Let a server take a turn; one may stop by itself only if there is a room that was changed, or a snapshot of
        one, which contradicts it."""
        before = len(machine.why_stopped)
        may_stop = self._witness.is_divided or any(each.is_spoilt for each in self._machines)
        machine.turn()
        if not may_stop:
            self._wrong += [f"a server stopped: {why}" for why in machine.why_stopped[before:]]

    def _connect(self) -> Wire | None:
        """Connect to any server: clients know them all."""
        return self._chance.choice(self._machines).network.connect()

    def _compare(self) -> None:
        """Compare the rooms, and the snapshots, with the witness's: a room may be wrong only if it was changed."""
        self._witness.reads()
        for number, machine in enumerate(self._machines, 1):
            replica = machine.replica
            if replica is not None and not machine.is_spoilt and self._witness.differs(replica):
                self._wrong.append(f"the room of server {number} is another one after entry {replica.id}")
            noted = machine.take_noted()
            for position in noted.ends:
                if not self._witness.takes_for_lost(position):
                    self._wrong.append(f"server {number} takes a log for one without its end that has it: {position}")
            for kept in noted.kept:
                if self._witness.is_wrong(kept.snapshot) and self._is_contradicted(kept):
                    self._wrong.append(f"server {number} keeps a wrong snapshot of the room after {kept.snapshot.id}")

    def _is_contradicted(self, kept: Kept) -> bool:
        """Return whether a snapshot was made while a server was there whose room was not changed."""
        spoilt = set().union(*(machine.spoilt_lives for machine in self._machines))
        return bool((self._witness.opened(kept.read) | {kept.incarnation}) - spoilt)

    # --- what fails ----------------------------------------------------------------------------------------------

    def _break(self, machine: SharedMachine) -> None:
        """Do something to a server, to its link or to the log; or let somebody leave, whom somebody new follows."""
        chance, dice, link = self._chance, self._chance.random(), machine.link
        if dice < 0.15:
            machine.kill()
        elif dice < 0.35 and machine.runs:
            seconds = chance.choice((10.0, 30.0, 3.0))
            self.faults[f"stopped for {seconds:.0f} s"] += 1
            machine.freeze(seconds)
        elif dice < 0.40:
            self.faults["shut down"] += machine.runs
            machine.stop()
        elif dice < 0.70 and link is not None:
            fault = chance.choice((Fault.CUT, Fault.STALL, Fault.NONE, Fault.NONE))
            self.faults[f"log {fault.value}"] += fault is not link.fault
            link.fault = fault
        elif dice < 0.80 and link is not None:
            self.faults["answers lost"] += 1
            link.lose_answers = chance.randint(1, 3)
        elif dice < 0.84:
            self._restart_log()
        elif dice < 0.86:
            self._spoil(machine)
        else:
            self._crowd.say_goodbye(chance.choice(self._crowd.members))

    def _spoil(self, machine: SharedMachine) -> None:
        """Spoil the room of a server, one at a time: two that are wrong in the same way would be the majority."""
        if machine.replica is not None and not any(each.is_spoilt for each in self._machines):
            self.faults["spoilt"] += 1
            machine.spoil()

    def _restart_log(self) -> None:
        """Start the log again; perhaps without its end, and perhaps at once again without more of it."""
        self._witness.reads()
        if self._chance.random() < 0.3:
            for _ in range(self._chance.randint(1, 2)):
                self._lose_end()
        else:
            self.faults["log restarted"] += 1
            self._log.restart(f"start {next(self._starts)}")

    def _lose_end(self) -> None:
        """Start the log again as it was at some time before."""
        self.faults["log restarted without its end"] += 1
        del self._saved[self._chance.randrange(len(self._saved)) + 1 :]  # what came after it is lost
        log, witness = self._saved[-1]
        self._log.restart(f"start {next(self._starts)}", log)
        self._witness.goes_back(witness)

    # --- the end -------------------------------------------------------------------------------------------------

    def _settle(self) -> list[str]:
        """Let nothing fail any more, until all is at rest, twice: what is said last shows what is missing before it.

        A room that was changed behind its server's back takes longer: some entries, until the checksums tell.
        """
        for round_ in range(SETTLE_ROUNDS):
            for _ in range(SETTLE_TICKS):
                if self._is_at_rest():
                    break
                self._pass_time()
                self._mend()
                self._crowd.move(1.0)
                for machine in self._machines:
                    self._turn(machine)
                self._compare()
            else:
                return ["it never came to rest", *self._differences()]
            if round_ and not self._differences():
                break
            self._crowd.say("at last")
        return self._differences()

    def _mend(self) -> None:
        for machine in self._machines:
            machine.frozen_until = 0.0
            if not machine.runs:
                machine.start()
            if machine.link is not None:
                machine.link.fault, machine.link.lose_answers = Fault.NONE, 0

    def _is_at_rest(self) -> bool:
        """Return whether all members are, and the room holds nobody else."""
        names = sorted(member.session.name for member in self._crowd.members)
        rooms = [replica.room for replica in self._replicas() if replica.id == self._witness.end]
        is_read = len(rooms) == len(self._machines)
        return is_read and self._crowd.is_at_rest and all(sorted(room.names()) == names for room in rooms)

    def _replicas(self) -> list[Replica]:
        return [machine.replica for machine in self._machines if machine.replica is not None]

    def _differences(self) -> list[str]:
        """Return in what the rooms differ at the end."""
        self._witness.reads()
        found, replicas = [], self._replicas()
        if len(replicas) < len(self._machines):
            found.append(f"{len(replicas)} servers follow the log at the end")
        if len({replica.room.checksum() for replica in replicas}) > 1:
            found.append(f"the rooms differ at the end: {[replica.room.names() for replica in replicas]}")
        if any(self._witness.differs(replica) for replica in replicas):
            found.append("the rooms are not what the log says at the end")
        return found
