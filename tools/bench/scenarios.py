"""The scenarios, in groups: what is measured, which figures come of it, and which servers can be measured so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tools.bench.crew import Sample
from tools.bench.figures import Column, Figures, figures
from tools.bench.load import Fanout
from tools.bench.phases import Phases
from tools.bench.servers import Running, Server, running
from tools.bench.steady import Steady
from tools.bench.timed_server import PHASES


class Measurement(Protocol):
    """What is done with a running server."""

    @property
    def people(self) -> int:
        """How many clients it takes."""

    def __call__(self, running: Running, seconds: float) -> Sample | Figures:
        """Measure for some seconds."""


@dataclass(frozen=True)
class Group:
    """Scenarios that have the same columns, and so share a table."""

    name: str
    columns: tuple[Column, ...]
    scenarios: dict[str, Measurement]
    ours_only: bool = False
    timed: bool = False  # the server runs with its turns timed

    def can_measure(self, scenario: str, server: Server) -> bool:
        """Return whether a server has what a scenario asks for."""
        return (server.is_ours or not self.ours_only) and self.scenarios[scenario].people <= server.most_clients

    def measured(self, scenario: str, server: Server, seconds: float) -> Figures:
        """Start a server, measure it, end it."""
        with running(server, self.timed) as one:
            result = self.scenarios[scenario](one, seconds)
        every = figures(result) if isinstance(result, Sample) else result
        return {column.name: every[column.name] for column in self.columns}


SPEED, CPU, DROPPED = Column("deliveries/s"), Column("CPU %"), Column("dropped", worst=True)
COST = Column("us/delivery", 3, compared=True)
DELAYS = (Column("p50 ms", 2, compared=True), Column("p99 ms", 2, compared=True), Column("max ms", 2))

GROUPS = (
    Group(
        "fan-out",
        (SPEED, CPU, COST, DROPPED),
        {
            "fanout-100-10": Fanout(100, 10),
            "fanout-500-1": Fanout(500, 1),
            "fanout-200-200": Fanout(200, 200),
        },
    ),
    Group(
        "steady",
        (SPEED, CPU, COST, *DELAYS, DROPPED),
        {"steady-10": Steady(10, 200), "steady-100": Steady(100, 200), "steady-900": Steady(900, 22)},
    ),
    Group(
        "growth",
        (SPEED, CPU, COST, *DELAYS, Column("KiB/user", 1), DROPPED),
        {
            "growth-10": Steady(10, 200),
            "growth-100": Steady(100, 200),
            "growth-900": Steady(900, 22),
            "growth-5000": Steady(5_000, 4),
            "growth-10000": Steady(10_000, 2),
        },
    ),
    Group(
        "crowd",
        (SPEED, CPU, COST, *DELAYS, Column("MiB"), DROPPED),
        {f"crowd-10000-{rate}": Steady(10_000, rate) for rate in (20, 100, 200, 400)},
    ),
    Group(
        "logins",
        (SPEED, CPU, COST, *DELAYS, DROPPED),
        {"logins-100": Steady(100, 200, guessing=True)},
        ours_only=True,
    ),
    Group(
        "phases",
        tuple(Column(f"{name} us", 1, compared=name == "turn") for name in (*PHASES, "turn")),
        {"phases-10": Phases(10, 200), "phases-100": Phases(100, 200), "phases-900": Phases(900, 22)},
        ours_only=True,
        timed=True,
    ),
)
