"""chat/rate_limit.py: 10 messages at once then 2 a second, 5 commands then 1, 16 KiB then 4 KiB."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat import limits
from chat.rate_limit import Meter


def waits(meter: Meter, count: int, now: float = 0.0, *, is_message: bool = True, size: int = 0) -> list[float]:
    messages, commands = (1, 0) if is_message else (0, 1)
    return [meter.charge(now, messages=messages, commands=commands, size=size) for _ in range(count)]


def test_a_burst_of_messages_is_free_and_then_it_is_two_a_second() -> None:
    meter = Meter(0.0)
    assert waits(meter, 9) == [0.0] * 9
    assert waits(meter, 1) == [0.5]
    assert waits(meter, 1, now=0.5) == [0.5]
    assert waits(meter, 1, now=1.0) == [0.5]


def test_a_burst_of_commands_is_free_and_then_it_is_one_a_second() -> None:
    meter = Meter(0.0)
    assert waits(meter, 4, is_message=False) == [0.0] * 4
    assert waits(meter, 1, is_message=False) == [1.0]
    assert waits(meter, 1, now=1.0, is_message=False) == [1.0]


def test_bytes_have_a_bucket_of_their_own() -> None:
    meter = Meter(0.0)
    assert waits(meter, 4, size=4096) == [0.0] * 4
    assert waits(meter, 1, size=4096) == [1.0]


def test_long_answers_have_a_bucket_of_their_own() -> None:
    meter = Meter(0.0)
    assert meter.charge(0.0, answer=256 * limits.KIB) == 0.0
    assert meter.charge(0.0, answer=32 * limits.KIB) == 1.0
    assert meter.charge(1.0, messages=1) == 0.0


def test_a_pause_fills_the_buckets_but_never_over_their_size() -> None:
    meter = Meter(0.0)
    waits(meter, 10)
    assert waits(meter, 9, now=3600.0) == [0.0] * 9
    assert waits(meter, 1, now=3600.0) == [0.5]


def test_the_limits_are_read_when_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MESSAGE_RATE", 4.0)
    meter = Meter(0.0)
    assert waits(meter, 10)[-1] == 0.25


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4096)), max_size=60))
def test_who_waits_as_told_never_sends_more_than_the_burst_and_the_rate(requests: list[tuple[bool, int]]) -> None:
    meter, now = Meter(0.0), 0.0
    messages = size_in_all = 0
    for is_message, size in requests:
        messages += is_message
        size_in_all += size
        assert messages <= limits.MESSAGE_BURST + limits.MESSAGE_RATE * now + 1e-6
        assert size_in_all <= limits.BYTE_BURST + limits.BYTE_RATE * now + size
        now += meter.charge(now, messages=is_message, commands=not is_message, size=size)
