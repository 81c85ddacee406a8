"""Figures to tables, in Markdown that is aligned, so that it reads well on a screen and in a document."""

from __future__ import annotations

from collections.abc import Sequence

from tools.bench.figures import Column, Rounds, ratio, summary


def figures_table(results: Rounds, columns: Sequence[Column]) -> str:
    """Return the figures of all servers, a row for each in each scenario."""
    rows = []
    for (scenario, server), rounds in results.items():
        medians = summary(rounds, columns)
        rows.append([scenario, server, *(shown(medians[column.name], column.digits) for column in columns)])
    return table(["scenario", "server", *(column.name for column in columns)], rows, words=2)


def ratios_table(results: Rounds, columns: Sequence[Column], ours: Sequence[str]) -> str:
    """Return how many times another's figure each of ours has, a row for each figure; "" if there is nobody else."""
    servers = list(dict.fromkeys(server for _, server in results))
    mine = [server for server in servers if server in ours]
    others = [server for server in servers if mine != [server]]
    rows = [
        [scenario, column.name, server, *(_ratio(results, scenario, server, other, column) for other in others)]
        for scenario in dict.fromkeys(scenario for scenario, _ in results)
        for column in columns
        for server in mine
        if column.compared and (scenario, server) in results
    ]
    return (
        table(["scenario", "figure", "server", *(f"to {other}" for other in others)], rows, words=3) if others else ""
    )


def _ratio(results: Rounds, scenario: str, server: str, other: str, column: Column) -> str:
    if server == other or (scenario, other) not in results:
        return "-"
    found = ratio(results[scenario, server], results[scenario, other], column.name)
    return str(found) if found else "-"


def shown(value: float | None, digits: int) -> str:
    """A number, or a dash."""
    return "-" if value is None else f"{value:,.{digits}f}"


def table(head: list[str], rows: list[list[str]], words: int) -> str:
    """Return the table; the first `words` columns hold words, the rest numbers."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    rule = ["-" * width if place < words else "-" * (width - 1) + ":" for place, width in enumerate(widths)]
    return "\n".join(_line(cells, widths, words) for cells in (head, rule, *rows))


def _line(cells: list[str], widths: list[int], words: int) -> str:
    places = enumerate(zip(cells, widths, strict=True))
    return f"| {' | '.join(cell.ljust(width) if at < words else cell.rjust(width) for at, (cell, width) in places)} |"
