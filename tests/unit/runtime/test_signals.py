"""runtime/signals.py: recording signals and waking the loop."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator

import pytest

from runtime.signals import REQUEST_SIGNALS, STOP_SIGNALS, Signals


@pytest.fixture
def signals() -> Iterator[Signals]:
    names = [getattr(signal, name) for name in (*STOP_SIGNALS, *REQUEST_SIGNALS)]
    before = {number: signal.getsignal(number) for number in names}
    made = Signals()
    made.install()
    yield made
    made.close()
    for number, handler in before.items():
        signal.signal(number, handler)


def is_readable(signals: Signals) -> bool:
    return bool(select.select([signals.fileno()], [], [], 0)[0])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_request_to_stop_is_counted_and_wakes_the_loop(signals: Signals, number: signal.Signals) -> None:
    assert not is_readable(signals)
    os.kill(os.getpid(), number)
    os.kill(os.getpid(), number)
    assert signals.stops == 2
    assert is_readable(signals)
    signals.clear()
    assert not is_readable(signals)
    signals.clear()


@pytest.mark.parametrize("name", REQUEST_SIGNALS)
def test_a_request_is_taken_once(signals: Signals, name: str) -> None:
    assert not signals.take(name)
    os.kill(os.getpid(), getattr(signal, name))
    os.kill(os.getpid(), getattr(signal, name))
    assert is_readable(signals)
    assert signals.take(name)
    assert not signals.take(name)
    assert signals.stops == 0


def test_without_handlers_of_its_own_it_leaves_the_process_alone() -> None:
    before = signal.getsignal(signal.SIGTERM)
    Signals().close()
    assert signal.getsignal(signal.SIGTERM) is before
