"""The attacks, by name."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from soak.crowding import descriptors, slow_senders
from soak.finding import Finding
from soak.guessing import guessing
from soak.junk import endless, scans
from soak.leaving import kicks, resets
from soak.stopped import stopped

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
