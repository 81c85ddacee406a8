"""runtime/signals.py: recording signals and waking the loop."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator

import pytest

from runtime import signals as module
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


def hung_up(monkeypatch: pytest.MonkeyPatch, *, at_start: bool, later: bool, ignored: bool = False) -> Signals:
    """Return the signals after two SIGHUP of a process that has a terminal at its start and later, or has not."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
    monkeypatch.setattr(module, "has_terminal", lambda: at_start)
    made = Signals()
    made.install()
    monkeypatch.setattr(module, "has_terminal", lambda: later)
    os.kill(os.getpid(), signal.SIGHUP)
    os.kill(os.getpid(), signal.SIGHUP)
    made.close()
    signal.signal(signal.SIGHUP, before)
    return made


@pytest.mark.usefixtures("signals")
def test_a_hangup_stops_what_was_started_in_a_terminal_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:  # O6
    made = hung_up(monkeypatch, at_start=True, later=False)
    assert made.stops == 1
    assert not made.take("SIGHUP")


@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize(
    ("at_start", "later", "ignored"), [(True, True, False), (False, False, False), (True, False, True)]
)
def test_any_other_hangup_is_a_request(
    monkeypatch: pytest.MonkeyPatch, at_start: bool, later: bool, ignored: bool
) -> None:  # O6
    made = hung_up(monkeypatch, at_start=at_start, later=later, ignored=ignored)
    assert made.stops == 0
    assert made.take("SIGHUP")


def test_without_handlers_of_its_own_it_leaves_the_process_alone() -> None:
    before = signal.getsignal(signal.SIGTERM)
    Signals().close()
    assert signal.getsignal(signal.SIGTERM) is before
