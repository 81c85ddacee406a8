"""chat/clock.py: loop time goes on with the clock, but for jumps that the loop didn't ask for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.clock import LoopClock


def test_loop_time_is_the_clock_s_as_long_as_nothing_jumps() -> None:
    clock = LoopClock()
    assert [clock.now(100.0), clock.now(100.5), clock.now(101.5, slept=1.0), clock.now(102.5)] == [
        100.0, 100.5, 101.5, 102.5,
    ]  # fmt: skip


def test_a_jump_is_left_out_and_all_goes_on_from_there() -> None:
    clock = LoopClock()
    clock.now(100.0)
    assert clock.now(112.0) == 100.0
    assert clock.now(112.25) == 100.25
    assert clock.now(5000.0, slept=1.0) == 100.25
    assert clock.now(5000.5, slept=1.0) == 100.75


@pytest.mark.parametrize(("slept", "left_out"), [(0.0, True), (1.9, True), (2.0, False), (60.0, False)])
def test_a_sleep_that_was_asked_for_is_no_jump(slept: float, left_out: bool) -> None:
    clock = LoopClock()
    clock.now(100.0)
    assert clock.now(103.0, slept) == (100.0 if left_out else 103.0)


@given(st.lists(st.tuples(st.floats(-5, 50), st.floats(0, 1))))
def test_loop_time_never_runs_back_and_never_faster_than_the_clock(steps: list[tuple[float, float]]) -> None:
    clock, reading = LoopClock(), 1000.0
    last = clock.now(reading)
    for step, slept in steps:
        reading += step
        now = clock.now(reading, slept)
        assert last <= now <= last + max(0.0, slept + 1.0) + 1e-9
        last = now
