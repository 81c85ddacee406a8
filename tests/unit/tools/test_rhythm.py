"""tools/crash/rhythm.py: faults of one thing, one at a time, each ended before the next."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tools.crash.rhythm import Fault, Strikes


class Thing:
    """Something that fails, and what was done to it."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.counts: Counter[str] = Counter()
        begin, end = (lambda: self.done.append("cut")), (lambda: self.done.append("whole"))
        self.strikes = Strikes([Fault("cut", begin, end, (2.0, 2.0))], (5.0, 5.0), random.Random(1), self.counts)

    def ticks(self, *times: float) -> list[str]:
        """Let these times pass; return what was done, and forget it."""
        for now in times:
            self.strikes.tick(now)
        done, self.done = self.done, []
        return done


@pytest.fixture
def thing() -> Thing:
    return Thing()


def test_a_fault_strikes_after_a_pause_and_ends_before_the_next(thing: Thing) -> None:
    assert thing.ticks(100.0, 104.9) == []
    assert thing.ticks(105.0, 106.9) == ["cut"]
    assert thing.ticks(107.0, 111.9) == ["whole"]
    assert thing.ticks(112.0) == ["cut"]
    assert thing.counts == {"cut": 2}


def test_what_is_spared_is_whole_at_once_and_fails_again_later(thing: Thing) -> None:
    thing.ticks(100.0, 105.0)
    thing.strikes.spare()
    thing.strikes.spare()
    assert thing.ticks(200.0, 204.9) == ["whole"]
    assert thing.ticks(205.0) == ["cut"]
