"""`python -m tools.crash PROOF`: prove that nothing is lost, doubled or out of order, whatever fails (README.md)."""

from __future__ import annotations

import argparse
import contextlib
import random
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tools.crash.cluster import FAULT_RATE, MEMBERS, Cluster
from tools.crash.crowd import Crowd
from tools.crash.doors import DOORS
from tools.crash.mutants import BUGS, SERVER_BUGS, SHARED_BUGS
from tools.crash.process import Process
from tools.crash.shared_simulation import simulated as simulated_together
from tools.crash.simulation import simulated
from tools.shared.findings import Finding, report
from tools.shared.tls import in_tls

ROUND = 60.0  # seconds
TOLD = 20  # violations; the first ones say it all
WORLDS_PER_BUG = 80  # tried before a bug counts as not found


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.crash", description=__doc__)
    proofs = parser.add_subparsers(dest="proof", required=True)
    one = proofs.add_parser("run", help="a real server, killed all the time, and 60 clients whose links fail")
    one.add_argument("--minutes", type=float, default=30, help="%(default)s by default")
    one.add_argument("--tls", action="store_true", help="the clients speak TLS")
    one = proofs.add_parser(
        "cluster", help="three real servers of one room and their Redis, all killed, stopped, cut off"
    )
    one.add_argument("--minutes", type=float, default=30, help="%(default)s by default")
    one.add_argument("--folder", type=Path, help="where the logs and the files of Redis stay; nowhere by default")
    one.add_argument("--lose-ends", action="store_true", help="Redis loses the end of its file now and then")
    one = proofs.add_parser("worlds", help="the same in memory, world after world, each with a seed of its own")
    one.add_argument("--count", type=int, default=1000, help="%(default)s by default")
    one.add_argument("--servers", type=int, default=1, help="so many that share a log; %(default)s by default")
    one = proofs.add_parser("bugs", help="give each bug to worlds until it is found")
    one.add_argument("--shared", action="store_true", help="only the bugs of servers that share a log")
    for name in ("run", "cluster"):
        proofs.choices[name].add_argument("--bug", choices=SERVER_BUGS, help="give servers this one, to see it found")
    for proof in proofs.choices.values():
        proof.add_argument("--doors", nargs="+", choices=DOORS, default=list(DOORS), help="all, by default, in turn")
        proof.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="any, by default")
    return parser.parse_args()


def run(minutes: float, seed: int, bug: str = "", doors: Sequence[str] = tuple(DOORS)) -> Iterator[Finding]:
    """Prove it with the real server."""
    with tempfile.TemporaryDirectory(prefix="chat-tools-") as folder:
        process = Process(Path(folder), random.Random(seed), bug)
        yield proved("killed for real", process, Crowd(process, seed, doors=doors), minutes)


def cluster(
    minutes: float,
    seed: int,
    bug: str = "",
    doors: Sequence[str] = tuple(DOORS),
    folder: Path | None = None,
    *,
    loses_ends: bool = False,
) -> Iterator[Finding]:
    """Prove it with real servers that share a room."""
    with contextlib.ExitStack() as cleaning:
        where = folder or Path(cleaning.enter_context(tempfile.TemporaryDirectory(prefix="chat-tools-")))
        where.mkdir(parents=True, exist_ok=True)
        servers = Cluster(where, random.Random(seed), bug, loses_ends=loses_ends)
        crowd = Crowd(servers, seed, MEMBERS, doors, FAULT_RATE)
        yield proved("servers of one room killed for real", servers, crowd, minutes)


def proved(name: str, servers: Process | Cluster, crowd: Crowd, minutes: float) -> Finding:
    """Let the crowd talk to servers that fail, print a line a minute, and end both."""
    try:
        wrong = rounds(crowd, servers, minutes)
    finally:
        crowd.close()
        servers.close()
    wrong += servers.wrong
    tell(wrong)
    return Finding(not wrong, name, f"{figures(crowd, servers)}; violations told: {len(wrong)}")


def rounds(crowd: Crowd, servers: Process | Cluster, minutes: float) -> list[str]:
    """Run rounds of a minute until the time is over or a promise is broken; return the violations."""
    began = time.monotonic()
    until = began + 60 * minutes
    wrong: list[str] = []
    while not wrong and (left := until - time.monotonic()) > 0:
        wrong = crowd.round(min(ROUND, left))
        print(f"{(time.monotonic() - began) / 60:.1f} min: {figures(crowd, servers)}", flush=True)
    return wrong


def figures(crowd: Crowd, servers: Process | Cluster) -> str:
    """Return what has been done so far, in words."""
    return (
        f"{servers.kills:,} kills of a server ({counted(servers.ends)}), "
        f"{crowd.faults.total():,} link faults ({counted(crowd.faults)}), {crowd.checked:,} records checked"
    )


def worlds(count: int, seed: int, doors: Sequence[str], servers: int) -> Iterator[Finding]:
    """Prove it in memory, with so many seeds from `seed` on, each a world of so many `servers`."""
    faults: Counter[str] = Counter()
    bad = 0
    for number in range(seed, seed + count):
        alone = servers == 1
        wrong, done = simulated(number, doors=doors) if alone else simulated_together(number, None, doors, servers)
        faults += done
        bad += bool(wrong)
        tell([f"seed {number}: {sentence}" for sentence in wrong])
    yield Finding(not bad, "killed in memory", f"{count:,} worlds, {counted(faults)}; worlds with violations: {bad}")


def bugs(seed: int, doors: Sequence[str], *, only_shared: bool) -> Iterator[Finding]:
    """Prove that the checker finds each bug of tools.crash.mutants."""
    for name, bug in (SHARED_BUGS if only_shared else BUGS | SHARED_BUGS).items():
        for worlds_used in range(1, WORLDS_PER_BUG + 1):
            simulate = simulated_together if name in SHARED_BUGS else simulated
            wrong, _ = simulate(seed + worlds_used, bug, doors=doors)
            if wrong:
                break
        found = f"found in world {worlds_used}: {wrong[0]:.160}" if wrong else "not found"
        yield Finding(bool(wrong), name, found)


def counted(counts: Counter[str]) -> str:
    """Return the counts in words."""
    return ", ".join(f"{what} {count:,}" for what, count in sorted(counts.items()))


def tell(wrong: list[str]) -> None:
    """Print the first violations."""
    for sentence in wrong[:TOLD]:
        print(f"  {sentence:.500}")


def findings(options: argparse.Namespace) -> Iterable[Finding]:
    """Run the proof that the command line names."""
    if options.proof == "run":
        with in_tls(options.tls):
            return list(run(options.minutes, options.seed, options.bug or "", options.doors))
    if options.proof == "cluster":
        bug, folder = options.bug or "", options.folder
        return list(cluster(options.minutes, options.seed, bug, options.doors, folder, loses_ends=options.lose_ends))
    if options.proof == "worlds":
        return worlds(options.count, options.seed, options.doors, options.servers)
    return bugs(options.seed, options.doors, only_shared=options.shared)


def main() -> int:
    """Run the proof; return the exit code: 0 if all passed."""
    options = arguments()
    print(f"seed: {options.seed}", flush=True)
    return report(findings(options))


if __name__ == "__main__":
    sys.exit(main())
