"""The promise, kept in worlds of three servers that share a log, where everything fails; and the bugs that are found.

A seed that fails once fails always: `python -m tools.crash worlds --servers 3 --count 1 --seed SEED`.
"""

from __future__ import annotations

import pytest

from tools.crash.mutants import SHARED_BUGS
from tools.crash.shared_simulation import simulated

SEEDS = range(1, 13)
WORLDS_PER_BUG = 80


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_doubled_or_out_of_order_over_three_servers(seed: int) -> None:  # N1, N3, N4, N5, N6, N7
    wrong, faults = simulated(seed)
    assert wrong == []
    assert faults["reset"] > 0


@pytest.mark.parametrize("name", SHARED_BUGS)
def test_every_bug_is_found(name: str) -> None:
    assert any(simulated(seed, SHARED_BUGS[name])[0] for seed in range(WORLDS_PER_BUG)), "nobody noticed"


def test_a_world_is_the_same_again_under_its_seed() -> None:
    assert simulated(3) == simulated(3)
    assert simulated(3) != simulated(4)
