"""`python -m tools.stress PROOF`: prove that no peer and no store can hurt the real programs (README.md)."""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Iterator

from tools.shared.findings import Finding, report
from tools.shared.sockets import PEOPLE, room_for
from tools.shared.tls import in_tls
from tools.stress.asking import asking
from tools.stress.crowding import descriptors, slow_senders
from tools.stress.guessing import guessing
from tools.stress.handshakes import handshakes
from tools.stress.junk import endless, scans
from tools.stress.leaving import kicks, resets
from tools.stress.room import run
from tools.stress.signals import signals, stopped
from tools.stress.stalled import stalled
from tools.stress.store import store

ATTACKS: dict[str, Callable[[random.Random], Finding]] = {
    "kicks": kicks,
    "resets": resets,
    "descriptors": descriptors,
    "slow": slow_senders,
    "endless": endless,
    "scans": scans,
    "stopped": stopped,
    "guessing": guessing,
}


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.stress", description=__doc__)
    proofs = parser.add_subparsers(dest="proof", required=True)
    one = proofs.add_parser("stalled", help="readers that read nothing: the others' delays, and the memory")
    one.add_argument("--rounds", type=int, default=3, help="of which the median counts (%(default)s)")
    one = proofs.add_parser("attacks", help="kicks, resets, too many, too slow, too long, port scanners, and guesses")
    one.add_argument("attack", nargs="*", choices=[*ATTACKS, "all"], default="all", help="all by default")
    proofs.add_parser("asking", help="850 who ask for long answers, and what somebody else's ping takes")
    one = proofs.add_parser("handshakes", help="TLS handshakes that stall, fail or succeed, and somebody's ping")
    one.add_argument("--junk", type=int, default=1000, help="how many are none (%(default)s)")
    one = proofs.add_parser("signals", help="SIGTERM under load")
    one.add_argument("--times", type=int, default=200, help="%(default)s by default")
    one = proofs.add_parser("run", help="900 clients through faults, every delivery checked")
    one.add_argument("--minutes", type=float, default=20, help="%(default)s by default")
    one = proofs.add_parser("store", help="two clients and a key-value store with all faults at once")
    one.add_argument("--messages", type=int, default=1000, help="each way (%(default)s)")
    one.add_argument("--seeds", type=int, default=5, help="of the faults (%(default)s)")
    for proof in proofs.choices.values():
        proof.add_argument("--tls", action="store_true", help="all clients speak TLS")
        proof.add_argument("--seed", type=int, default=1, help="of all that is left to chance (%(default)s)")
    return parser.parse_args()


def findings(options: argparse.Namespace) -> Iterator[Finding]:
    """Start the proof that was asked for."""
    if options.proof == "stalled":
        return stalled(options.rounds)
    if options.proof == "attacks":
        names = ATTACKS if "all" in options.attack else options.attack
        return (ATTACKS[name](random.Random(options.seed)) for name in names)
    if options.proof == "asking":
        return asking()
    if options.proof == "handshakes":
        return handshakes(options.junk)
    if options.proof == "signals":
        return signals(options.times, options.seed)
    if options.proof == "store":
        return store(options.messages, options.seeds, options.seed)
    return run(options.minutes, options.seed)


def main() -> int:
    """Run the proof; return the exit code: 0 if all passed."""
    options = arguments()
    with room_for(2 * PEOPLE), in_tls(options.tls):
        return report(findings(options))


if __name__ == "__main__":
    sys.exit(main())
