"""runtime/clock.py: loop time goes on with the clock, but for jumps that the loop didn't ask for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.clock import LoopClock


class Readings:
    """A clock whose readings a test chooses."""

    def __init__(self, reading: float = 100.0) -> None:
        self.reading = reading

    def monotonic(self) -> float:
        return self.reading

    def time(self) -> float:
        return 1_700_000_000.0


def now(clock: LoopClock, source: Readings, reading: float, slept: float = 0.0) -> float:
    """Return the loop time at a reading of the source."""
    source.reading = reading
    return clock.now(slept)


def test_loop_time_is_the_clock_s_as_long_as_nothing_jumps() -> None:
    source = Readings()
    clock = LoopClock(source)
    times = [now(clock, source, *step) for step in ((100.0,), (100.5,), (101.5, 1.0), (102.5,))]
    assert times == [100.0, 100.5, 101.5, 102.5]
    assert clock.time() == source.time()


def test_a_jump_is_left_out_and_all_goes_on_from_there() -> None:
    source = Readings()
    clock = LoopClock(source)
    assert now(clock, source, 112.0) == 100.0
    assert now(clock, source, 112.25) == 100.25
    assert now(clock, source, 5000.0, 1.0) == 100.25
    assert now(clock, source, 5000.5, 1.0) == 100.75


@pytest.mark.parametrize(("slept", "left_out"), [(0.0, True), (1.9, True), (2.0, False), (60.0, False)])
def test_a_sleep_that_was_asked_for_is_no_jump(slept: float, left_out: bool) -> None:
    source = Readings()
    clock = LoopClock(source)
    assert now(clock, source, 103.0, slept) == (100.0 if left_out else 103.0)


@given(st.lists(st.tuples(st.floats(-5, 50), st.floats(0, 1))))
def test_loop_time_never_runs_back_and_never_faster_than_the_clock(steps: list[tuple[float, float]]) -> None:
    source = Readings(1000.0)
    clock = LoopClock(source)
    last = clock.now()
    for step, slept in steps:
        source.reading += step
        at = clock.now(slept)
        assert last <= at <= last + max(0.0, slept + 1.0) + 1e-9
        last = at
