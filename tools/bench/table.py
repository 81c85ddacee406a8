"""Samples to figures, figures to a table."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass
from typing import Any

from tools.bench.crew import Sample

HEAD = (
    "scenario",
    "server",
    "deliveries/s",
    "CPU %",
    "us/delivery",
    "to ours",
    "p50 ms",
    "p99 ms",
    "max ms",
    "dropped",
)
OURS = "ours"


@dataclass(frozen=True)
class Figures:
    """What one sample says, or the median of several. None where there is nothing to say."""

    deliveries_per_s: float
    cpu_percent: float
    cpu_us_per_delivery: float | None
    p50_ms: float | None
    p99_ms: float | None
    max_ms: float | None
    dropped: int


Rounds = dict[tuple[str, str], list[Figures]]  # scenario, server -> one for each round


def figures(sample: Sample) -> Figures:
    """Work out a sample."""
    delays = sorted(sample.delays)
    return Figures(
        deliveries_per_s=sample.delivered / sample.seconds,
        cpu_percent=100 * sample.cpu / sample.seconds,
        cpu_us_per_delivery=1e6 * sample.cpu / sample.delivered if sample.delivered else None,
        p50_ms=milliseconds(delays, 0.5),
        p99_ms=milliseconds(delays, 0.99),
        max_ms=milliseconds(delays, 1),
        dropped=sample.dropped,
    )


def milliseconds(delays: list[int], share: float) -> float | None:
    """The delay that `share` of the ascending ns do not pass, in ms."""
    return delays[int(share * (len(delays) - 1))] / 1e6 if delays else None


def median(rounds: list[Figures]) -> Figures:
    """The median of each figure by itself; of the dropped, the most, so that none is hidden."""
    columns = {key: [asdict(one)[key] for one in rounds] for key in asdict(rounds[0])}
    medians: dict[str, Any] = {key: middle(column) for key, column in columns.items()}
    return Figures(**medians | {"dropped": max(columns["dropped"])})


def middle(column: list[float | None]) -> float | None:
    """The median of what is there."""
    present = [value for value in column if value is not None]
    return statistics.median(present) if present else None


def table(results: Rounds) -> str:
    """All medians, aligned."""
    medians = {key: median(rounds) for key, rounds in results.items()}
    rows = [HEAD, *(row(scenario, server, medians) for scenario, server in medians)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(aligned(cells, widths) for cells in rows)


def row(scenario: str, server: str, medians: dict[tuple[str, str], Figures]) -> tuple[str, ...]:
    """One server in one scenario."""
    mine, our = medians[scenario, server], medians.get((scenario, OURS))
    return (
        scenario,
        server,
        f"{mine.deliveries_per_s:,.0f}",
        f"{mine.cpu_percent:.0f}",
        shown(mine.cpu_us_per_delivery, 3),
        ratio(mine, our),
        *(shown(value, 2) for value in (mine.p50_ms, mine.p99_ms, mine.max_ms)),
        str(mine.dropped),
    )


def ratio(mine: Figures, our: Figures | None) -> str:
    """How many times our CPU a delivery takes."""
    if not our or not our.cpu_us_per_delivery or mine.cpu_us_per_delivery is None:
        return "-"
    return f"{mine.cpu_us_per_delivery / our.cpu_us_per_delivery:.1f}x"


def shown(value: float | None, digits: int) -> str:
    """A number, or a dash."""
    return "-" if value is None else f"{value:.{digits}f}"


def aligned(cells: tuple[str, ...], widths: list[int]) -> str:
    """A line of the table: two columns of words, the rest numbers."""
    words = [cell.ljust(width) for cell, width in zip(cells[:2], widths[:2], strict=True)]
    numbers = [cell.rjust(width) for cell, width in zip(cells[2:], widths[2:], strict=True)]
    return "  ".join(words + numbers)
