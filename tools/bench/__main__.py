"""`python -m tools.bench`: our server beside others, in one run; README.md says what the numbers mean."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from tools.bench.crew import Sample
from tools.bench.latency import latency, latency_with_logins
from tools.bench.load import fanout
from tools.bench.servers import Running, Server, known, running
from tools.bench.table import OURS, Figures, Rounds, figures, median, table
from tools.shared.programs import ROOT

Measurement = Callable[[Running, float], Sample]  # a running server, seconds -> what was counted

OURS_ONLY = ("latency-logins",)  # what only our server has
SCENARIOS: dict[str, Measurement] = {
    "fanout-100-10": partial(fanout, 100, 10),
    "fanout-500-1": partial(fanout, 500, 1),
    "fanout-200-200": partial(fanout, 200, 200),
    "latency": latency,
    "latency-logins": latency_with_logins,
}


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("--scenario", nargs="+", choices=[*SCENARIOS, "all"], default=["all"])
    parser.add_argument("--server", nargs="+", metavar="LABEL", help="all that are installed by default")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measuring window (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="of which the median is shown (%(default)s)")
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


def measured(scenario: str, server: Server, seconds: float) -> Figures:
    """Start a server, measure it, end it."""
    with running(server) as one:
        result = figures(SCENARIOS[scenario](one, seconds))
    print(f"{scenario} {server.label}: {result.deliveries_per_s:,.0f} deliveries/s", file=sys.stderr)
    return result


def take_turns(scenarios: list[str], servers: list[Server], rounds: int, seconds: float) -> Rounds:
    """Measure all. The servers take turns within a round, so that a noisy minute is everybody's."""
    pairs = [(one, server) for one in scenarios for server in servers if server.is_ours or one not in OURS_ONLY]
    results: Rounds = {(scenario, server.label): [] for scenario, server in pairs}
    for _ in range(rounds):
        for scenario, server in pairs:
            results[scenario, server.label].append(measured(scenario, server, seconds))
    return results


def saved(results: Rounds) -> str:
    """Return all rounds and their median, as JSON."""
    rows = [
        {
            "scenario": scenario,
            "server": server,
            "median": asdict(median(rounds)),
            "rounds": [*map(asdict, rounds)],
        }
        for (scenario, server), rounds in results.items()
    ]
    return json.dumps(rows, indent=1) + "\n"


def main(argv: Sequence[str] | None = None) -> None:
    """Run the whole of it."""
    options = arguments(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are ended then, too
    scenarios = [name for name in SCENARIOS if {name, "all"} & set(options.scenario)]
    servers = chosen(known({OURS: ROOT / "server.py", **dict(options.ours)}), options.server)
    if not servers:
        sys.exit("Nothing to measure.")
    try:
        results = take_turns(scenarios, servers, options.rounds, options.seconds)
    except RuntimeError as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        sys.exit(130)
    print(table(results))
    if options.json:
        options.json.write_text(saved(results))


if __name__ == "__main__":
    main()
