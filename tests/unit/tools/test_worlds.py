"""The promise, kept in worlds in memory where everything fails; and the checker, which finds every bug put into them.

tools/crash/README.md says how it works. A seed that fails once fails always: `python -m tools.crash worlds --count 1
--seed SEED`.
"""

from __future__ import annotations

import pytest

from tools.crash.failpoints import Countdown
from tools.crash.mutants import BUGS
from tools.crash.patches import Patches
from tools.crash.simulation import simulated

SEEDS = (*range(6), *range(7, 13))  # in the world of seed 6 nothing happens to be killed
WORLDS_PER_BUG = 80


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_doubled_or_out_of_order(seed: int) -> None:
    wrong, faults = simulated(seed)
    assert wrong == []
    assert faults["kills"] > 0
    assert faults["reset"] > 0


def test_what_was_answered_is_known_when_thousands_have_spoken_meanwhile() -> None:  # 6
    wrong, faults = simulated(1, strangers=2_000)
    assert wrong == []
    assert faults["strangers"] >= 2_000


@pytest.mark.parametrize("name", BUGS)
def test_every_bug_is_found(name: str) -> None:
    assert any(simulated(seed, BUGS[name])[0] for seed in range(WORLDS_PER_BUG)), "nobody noticed"


def test_a_world_is_the_same_again_under_its_seed() -> None:
    bug = BUGS["drop-event"]
    assert simulated(3, bug) == simulated(3, bug)
    assert simulated(3, bug) != simulated(4, bug)


def test_what_is_patched_is_put_back() -> None:
    class Clock:
        hands = 2

    with Patches() as patches:
        assert patches.replace(Clock, "hands", 3) == 2
        patches.replace(Clock, "hands", 4)
        assert Clock.hands == 4
    assert Clock.hands == 2


def test_a_countdown_strikes_once_and_at_its_point() -> None:
    struck: list[str] = []
    countdown = Countdown("after-journal:2", lambda: struck.append("now"))
    for point in ("after-journal", "before-journal", "after-journal", "after-journal"):
        countdown(point)
        struck.append(point)
    assert struck == ["after-journal", "before-journal", "now", "after-journal", "after-journal"]


def test_a_point_that_there_is_not_is_told() -> None:
    with pytest.raises(ValueError, match=r"^'lunch:1' is no point: give one of before-journal, "):
        Countdown("lunch:1", lambda: None)
