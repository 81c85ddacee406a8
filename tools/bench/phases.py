"""The phases of a turn with one message: where its time goes, as timed_server.py has written it down."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from tools.bench.figures import Figures
from tools.bench.servers import Running
from tools.bench.steady import Steady
from tools.bench.timed_server import PHASES, TURNS


@dataclass(frozen=True)
class Phases:
    """`people` clients, of which ten say `rate` lines a second together."""

    people: int
    rate: float

    def __call__(self, running: Running, seconds: float) -> Figures:
        """Return the median us of each phase in the turns with just one message, and of the whole turn."""
        Steady(self.people, self.rate)(running, seconds)
        rows = [list(map(int, line.split())) for line in (running.folder / TURNS).read_text().splitlines()]
        turns = [phases for deliveries, *phases in rows if deliveries == self.people - 1]
        turns = turns[len(turns) // 4 :]  # the first of them came while all was cold
        if not turns:
            raise RuntimeError("There was no turn with just one message: the machine is too busy to measure.")
        columns = zip(PHASES, zip(*turns, strict=True), strict=True)
        medians = {f"{name} us": statistics.median(column) / 1000 for name, column in columns}
        return {**medians, "turn us": statistics.median(map(sum, turns)) / 1000}
