"""The attacks, by name."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from tools.stress.crowding import descriptors, slow_senders
from tools.stress.finding import Finding
from tools.stress.guessing import guessing
from tools.stress.junk import endless, scans
from tools.stress.leaving import kicks, resets
from tools.stress.stopped import stopped

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


def attacks(names: list[str], seed: int) -> Iterator[Finding]:
    """Attack the server in each of these ways."""
    for name in names:
        yield ATTACKS[name](random.Random(seed))
