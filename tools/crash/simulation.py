"""The simulation: a server that is killed, links that are cut, clients that talk through it all, in memory.

Everything happens in one thread and by one seed, so that what went wrong once goes wrong again. Nothing is simulated
but the network, the clock and the kill: the loop, the hub, the journal and the client's session are the real ones.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tools.crash.checker import violations
from tools.crash.doors import DOORS
from tools.crash.failpoints import POINTS
from tools.crash.history import History
from tools.crash.machine import Machine
from tools.crash.member import Member
from tools.crash.memory_crowd import MemoryCrowd
from tools.crash.mutants.bug import Bug
from tools.crash.network import Network
from tools.crash.patches import Patches

TICKS = 300
FEW_STRANGERS = (5, 40)
AT_ONCE = 20  # strangers: there is room for them beside the members
SETTLE_TICKS = 500  # until everything has to be at rest, once nothing fails any more


def simulated(
    seed: int, bug: Bug | None = None, ticks: int = TICKS, strangers: int = 0, doors: Sequence[str] = tuple(DOORS)
) -> tuple[list[str], Counter[str]]:
    """Run one world; return what was against the promise, and the count of each fault.

    In its middle, so many `strangers` pass by. The members use the `doors` in turn, one each.
    """
    with tempfile.TemporaryDirectory(prefix="chat-tools-") as folder, Patches() as patches:
        if bug is not None:
            bug(patches)
        world = World(Path(folder), seed, patches, doors)
        return world.run(ticks, strangers), world.faults


class World:
    """One run, in `folder`. `faults` counts what was done."""

    def __init__(self, folder: Path, seed: int, patches: Patches, doors: Sequence[str]) -> None:
        self._chance = random.Random(seed)
        self._network = Network(self._chance)
        self._machine = Machine(folder, self._network, patches, self._chance)
        self._crowd = MemoryCrowd(self._chance, doors, self._network.connect, self._network.monotonic)

    @property
    def faults(self) -> Counter[str]:
        """The count of each fault."""
        return self._crowd.faults

    def run(self, ticks: int = TICKS, strangers: int = 0) -> list[str]:
        """Run so many ticks, then come to rest; return what was against the promise."""
        self._machine.start()
        for tick in range(ticks):
            self._tick()
            if strangers and tick >= ticks // 2 and self._is_busy():
                self._pass_by(strangers)
                strangers = 0
        wrong = self._settle()
        self._machine.stop()
        self.faults.update({"kills": self._machine.kills, "journals lost": self._machine.journals_lost})
        found = violations(self._crowd.histories, self._machine.journals_lost)
        return [*found, *wrong, *(f"the server met a bug: {bug}" for bug in self._machine.bugs)]

    # --- a tick --------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        chance = self._chance
        self._crowd.talk(0.15)
        self._crowd.move(0.7)
        if chance.random() < 0.12:
            self._crowd.cut(chance.choice(self._crowd.members))
        if chance.random() < 0.03:
            self._break()
        if not self._machine.runs and chance.random() < 0.3:
            self._machine.start()
        if chance.random() < 0.6:
            self._machine.turn()

    def _is_busy(self) -> bool:
        """Return whether the server runs and every member is connected."""
        return self._machine.runs and self._crowd.is_connected

    # --- what fails ----------------------------------------------------------------------------------------------

    def _break(self) -> None:
        """Do something to the server; or let somebody leave, whom somebody new follows."""
        machine, dice = self._machine, self._chance.random()
        if dice < 0.6:
            machine.kill_at(f"{self._chance.choice(POINTS)}:{self._chance.randint(1, 12)}")
        elif dice < 0.7:
            machine.kill()
        elif dice < 0.8:
            self.faults["stops"] += machine.runs
            machine.stop()
        elif dice < 0.82:
            machine.lose_journal()
        elif dice < 0.83:
            machine.lose_end()
        elif dice < 0.84:
            machine.lose_open_file()
        elif dice < 0.845:
            machine.damage_end()
        elif dice < 0.87:
            self._pass_by(self._chance.randint(*FEW_STRANGERS))
        elif dice < 0.89:
            machine.fail_disk()
        else:
            self._crowd.say_goodbye(self._chance.choice(self._crowd.members))

    def _pass_by(self, count: int) -> None:
        """Let strangers come, speak and go, while a member is away whose line may not have been acknowledged."""
        crowd = self._crowd
        member = self._chance.choice(crowd.members)
        wire = crowd.wires.get(member)
        if wire is None or not self._machine.runs:
            return
        crowd.send(member, member.says("before they come", self._network.now) if member.may_type else b"")
        wire.carry(len(wire.up))
        self._machine.turn()
        crowd.lose(member, wire, "reset")
        passed = pass_by(self._network, self._machine, len(crowd.histories) + 1, count)
        self.faults["strangers"] += len(passed)
        crowd.histories += passed

    # --- the end -------------------------------------------------------------------------------------------------

    def _settle(self) -> list[str]:
        """Let nothing fail any more, until all is at rest, twice: what is said last shows what is missing before it."""
        for is_last in (False, True):
            for _ in range(SETTLE_TICKS):
                if self._machine.runs and self._crowd.is_at_rest:
                    break
                if not self._machine.runs:
                    self._machine.start()
                self._crowd.move(1.0)
                self._machine.turn()
            else:
                return ["it never came to rest"]
            if not is_last:
                self._crowd.say("at last")
        return []


# --- strangers, who come, say one line and go: the room has many more clients than members ---------------------------


def pass_by(network: Network, machine: Machine, number: int, count: int) -> list[History]:
    """Let `count` strangers pass by, the first of them client `number`; return their histories."""
    histories: list[History] = []
    while len(histories) < count and machine.runs:
        first = number + len(histories)
        histories += _some(network, machine, range(first, min(first + AT_ONCE, number + count)))
    return histories


def _some(network: Network, machine: Machine, numbers: range) -> list[History]:
    wires = {Member(number): wire for number in numbers if (wire := network.connect()) is not None}
    for member, wire in wires.items():
        wire.up += member.connected()
        wire.carry(len(wire.up))
    for _ in range(2):  # they are let in, and then read
        machine.turn()
    for member, wire in wires.items():
        member.hears(wire.take(len(wire.down)), network.now)
        wire.up += member.says("passing by", network.now) if member.may_type else b""
        wire.carry(len(wire.up))
    machine.turn()
    for member, wire in wires.items():
        member.history.stayed = False
        wire.cut("end")
    machine.turn()
    return [member.history for member in wires]
