"""Samples to figures, and the figures of several rounds to medians and ratios."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tools.bench.crew import Sample

Figures = Mapping[str, float | None]  # by column; None where there is nothing to tell
Rounds = dict[tuple[str, str], list[Figures]]  # scenario, server -> one for each round


@dataclass(frozen=True)
class Column:
    """A figure in the table: its name, its decimals, and what is done with the rounds."""

    name: str
    digits: int = 0
    compared: bool = False  # less of it is better, and servers are compared by it
    worst: bool = False  # the most of the rounds is shown and not the median, so that none is hidden


@dataclass(frozen=True)
class Ratio:
    """How many times another's figure one has: the median of the rounds, the least and the most."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        digits = 2 if self.median >= 0.1 else 3
        return f"{self.median:.{digits}f} ({self.least:.{digits}f}..{self.most:.{digits}f})"


def figures(sample: Sample) -> Figures:
    """Work out a sample."""
    delays = sorted(sample.delays)
    return {
        "deliveries/s": sample.delivered / sample.seconds,
        "CPU %": 100 * sample.cpu / sample.seconds,
        "us/delivery": 1e6 * sample.cpu / sample.delivered if sample.delivered else None,
        "p50 ms": milliseconds(delays, 0.5),
        "p99 ms": milliseconds(delays, 0.99),
        "max ms": milliseconds(delays, 1),
        "KiB/user": None if sample.bytes_each is None else sample.bytes_each / 1024,
        "MiB": sample.bytes_at_most / 2**20,
        "dropped": sample.dropped,
    }


def milliseconds(delays: list[int], share: float) -> float | None:
    """The delay that `share` of the ascending ns do not pass, in ms."""
    return delays[int(share * (len(delays) - 1))] / 1e6 if delays else None


def summary(rounds: Sequence[Figures], columns: Iterable[Column]) -> Figures:
    """Return each figure's median of the rounds by itself, or the most of them."""
    return {column.name: _one(column, [one[column.name] for one in rounds]) for column in columns}


def _one(column: Column, values: list[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    if not there:
        return None
    return max(there) if column.worst else statistics.median(there)


def ratio(mine: Sequence[Figures], theirs: Sequence[Figures], column: str) -> Ratio | None:
    """Compare two servers round by round, so that a noisy minute, which both had, counts for neither."""
    pairs = [(one[column], other[column]) for one, other in zip(mine, theirs, strict=True)]
    ratios = [one / other for one, other in pairs if one is not None and other]
    return Ratio(statistics.median(ratios), min(ratios), max(ratios)) if ratios else None
