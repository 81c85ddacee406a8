"""`python -m tools.bench`: our server beside others, in one run; README.md says what the numbers mean."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.bench.environment import OtherWork, environment
from tools.bench.figures import Rounds, summary
from tools.bench.scenarios import GROUPS, Group
from tools.bench.servers import Server, known
from tools.bench.table import figures_table, ratios_table
from tools.shared.programs import ROOT, exit_on_sigterm

OURS = "ours"
LEFT_OUT = ("growth", "crowd")  # unless they are asked for: thousands of clients take a minute to log in
SCENARIOS = {name: group for group in GROUPS for name in group.scenarios}


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    groups = [group.name for group in GROUPS]
    parser.add_argument(
        "--scenario",
        nargs="+",
        choices=[*groups, *SCENARIOS],
        default=[name for name in groups if name not in LEFT_OUT],
        metavar="NAME",
        help=f"groups: {', '.join(groups)}; one by one: {', '.join(SCENARIOS)}; default: all but {', '.join(LEFT_OUT)}",
    )
    parser.add_argument("--server", nargs="+", metavar="LABEL", help="all that are installed by default")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measuring window (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="of which the median is shown (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every round there")
    parser.add_argument(
        "--ours",
        action="append",
        type=checkout,
        default=[],
        metavar="[LABEL=]PATH",
        help="a checkout or its server.py: beside ours under LABEL, or in place of ours; may be repeated",
    )
    options = parser.parse_args(argv)
    if options.seconds <= 0 or options.rounds < 1:
        parser.error("--seconds and --rounds must be more than nothing")
    return options


def checkout(argument: str) -> tuple[str, Path]:
    """Split `LABEL=PATH`; a path alone is ours."""
    label, _, path = argument.rpartition("=")
    return label or OURS, Path(path)


def chosen(servers: list[Server], labels: list[str] | None) -> list[Server]:
    """Return the servers that were asked for and are installed; name the others in one sentence."""
    unknown = set(labels or ()) - {server.label for server in servers}
    if unknown:
        there = ", ".join(server.label for server in servers)
        sys.exit(f"No such server: {', '.join(sorted(unknown))}. There are: {there}.")
    wanted = [server for server in servers if not labels or server.label in labels]
    if absent := [f"{server.label} ({server.missing})" for server in wanted if server.missing]:
        print(f"Left out: {', '.join(absent)}.\n", file=sys.stderr)
    return [server for server in wanted if not server.missing]


def pairs(scenarios: Sequence[str], servers: Sequence[Server], number: int) -> list[tuple[str, Server]]:
    """Return what a round measures, in order.

    The servers take turns, so that a noisy minute is everybody's; each round begins with another one, so that none is
    always the first, or always after the same.
    """
    first = number % len(servers)
    turned = [*servers[first:], *servers[:first]]
    return [(name, server) for name in scenarios for server in turned if SCENARIOS[name].can_measure(name, server)]


def take_rounds(scenarios: Sequence[str], servers: Sequence[Server], rounds: int, seconds: float) -> Rounds:
    """Measure all."""
    results: Rounds = {(scenario, server.label): [] for scenario, server in pairs(scenarios, servers, 0)}
    for number in range(rounds):
        for scenario, server in pairs(scenarios, servers, number):
            found = SCENARIOS[scenario].measured(scenario, server, seconds)
            results[scenario, server.label].append(found)
            told = ", ".join(f"{name} {value:,.2f}" for name, value in found.items() if value is not None)
            print(f"{number + 1}/{rounds} {scenario} {server.label}: {told}", file=sys.stderr)
    return results


def saved(results: Rounds) -> str:
    """Return all rounds and their medians, as JSON."""
    rows = [
        {
            "scenario": scenario,
            "server": server,
            "median": summary(rounds, SCENARIOS[scenario].columns),
            "rounds": rounds,
        }
        for (scenario, server), rounds in results.items()
    ]
    return json.dumps(rows, indent=1) + "\n"


def report(results: Rounds, servers: Sequence[Server]) -> str:
    """Return the tables of each group: the figures, and how ours compare with the others."""
    ours = [server.label for server in servers if server.is_ours]
    return "\n\n".join(part for group in GROUPS for part in tables(group, results, ours) if part)


def tables(group: Group, results: Rounds, ours: Sequence[str]) -> list[str]:
    """Return both tables of a group; nothing if none of its scenarios was measured."""
    of_group = {key: rounds for key, rounds in results.items() if key[0] in group.scenarios}
    if not of_group:
        return []
    return [figures_table(of_group, group.columns), ratios_table(of_group, group.columns, ours)]


def main(argv: Sequence[str]) -> None:
    """Run the whole of it."""
    options = arguments(argv)
    scenarios = [name for name, group in SCENARIOS.items() if {name, group.name} & set(options.scenario)]
    servers = chosen(known({OURS: ROOT, **dict(options.ours)}), options.server)
    if not any(pairs(scenarios, servers, 0)):
        sys.exit("Nothing to measure.")
    others = OtherWork()
    try:
        results = take_rounds(scenarios, servers, options.rounds, options.seconds)
    except RuntimeError as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        sys.exit(130)
    print(f"{environment('tools.bench', argv, others)}\n\n{report(results, servers)}")
    if options.json:
        options.json.write_text(saved(results))


if __name__ == "__main__":
    exit_on_sigterm()
    main(sys.argv[1:])
