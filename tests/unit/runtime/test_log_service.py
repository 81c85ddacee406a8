"""runtime/log_service.py: the threads between the loop and a shared log, whatever that does (N5).

One thread writes and another reads, so what either gives comes in its order, and between the two there is none.
"""

from __future__ import annotations

import logging
import random
import re
import select
from collections.abc import Iterator, Sequence

import pytest

from chat.shared.shared_log import (
    Append,
    Appended,
    Close,
    Entries,
    Kind,
    LogEntry,
    LostThread,
    Open,
    Opened,
    Reachable,
    Result,
    Rewind,
    Snapshot,
    Unreachable,
)
from runtime import log_service
from runtime.log_service import LogService
from tests.support.kept_log import Place
from tests.support.patience import PATIENCE

ANN = "a" * 16


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.fixture
def service(place: Place) -> Iterator[LogService]:
    made = LogService(place.connection, random.Random(1))
    yield made
    made.close()
    assert not any(way.is_open for way in place.ways)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_service, "CLOSE_TIMEOUT", PATIENCE)


def results_until(service: LogService, *expected: Result | bytes) -> list[Result]:
    """Return the results until all of `expected` have come, in whatever order; bytes are an entry's payload."""
    found: list[Result] = []
    while missing := [each for each in expected if each not in [*found, *payloads(entries(found))]]:
        assert select.select([service.fileno()], [], [], PATIENCE)[0], f"{missing} are not in {found}"
        found += service.results()
    return found


def entries(results: list[Result]) -> list[LogEntry]:
    return [entry for result in results if isinstance(result, Entries) for entry in result.entries]


def payloads(some: Sequence[LogEntry]) -> list[bytes]:
    return [entry.payload for entry in some if entry.kind is Kind.TURN]


def begins(service: LogService) -> None:
    service.submit(Rewind(), Open(ANN))
    assert Snapshot(None) in results_until(service, Opened(ANN))


def test_what_is_appended_is_read_back(service: LogService, place: Place) -> None:  # N1
    service.submit(Rewind(), Open(ANN), Append(ANN, 1, b"hi"))
    found = results_until(service, Appended(1), b"hi")
    assert entries(found) == place.log.entries
    told = [result for result in found if not isinstance(result, Entries)]
    assert told == [Snapshot(None), Opened(ANN), Appended(1)]


def test_a_log_that_cannot_be_reached_is_tried_again_and_told_once(
    service: LogService, place: Place, log: pytest.LogCaptureFixture
) -> None:  # N5
    begins(service)
    place.set(why_unreachable="nobody listens")
    service.submit(Append(ANN, 1, b"hi"))
    assert Appended(1) not in results_until(service, Unreachable())
    place.set(why_unreachable="")
    found = results_until(service, Reachable(), b"hi")
    assert (found + service.results()).count(Unreachable()) == 0
    told = [record.getMessage() for record in log.records if record.levelno == logging.WARNING]
    assert [re.sub(r"[\d.]+ s\.", "N s.", line) for line in told] == [
        "The room's log can't be reached: nobody listens. Trying again.",
        "The room's log can be reached again, after N s.",
    ]
    assert payloads(place.log.entries) == [b"hi"]


def test_a_bug_costs_a_call_and_not_the_thread(
    service: LogService, place: Place, log: pytest.LogCaptureFixture
) -> None:
    place.set(bugs=1)
    begins(service)
    assert "A bug in the server, in a call of the shared log" in log.text


def test_a_log_that_lost_its_end_is_noticed(service: LogService, place: Place) -> None:  # N6
    begins(service)
    saved = place.log.saved()
    service.submit(Append(ANN, 1, b"lost"))
    results_until(service, b"lost")
    with place.changed:
        place.log.restart("another", saved)
    service.submit(Append(ANN, 2, b"hi"))
    assert Appended(2) not in results_until(service, LostThread())
    service.submit(Rewind())
    assert results_until(service, Snapshot(None, end_lost=True))


def test_what_was_submitted_is_written_at_the_end(place: Place) -> None:  # N4
    service = LogService(place.connection, random.Random(1))
    begins(service)
    service.submit(Append(ANN, 1, b"bye"), Close(ANN))
    service.close()
    assert [entry.kind for entry in place.log.entries][-2:] == [Kind.TURN, Kind.CLOSE]


def test_the_end_does_not_wait_for_a_log_that_cannot_be_reached(place: Place) -> None:  # N5
    place.set(why_unreachable="nobody listens")
    service = LogService(place.connection, random.Random(1))
    results_until(service, Unreachable())
    service.submit(Append(ANN, 1, b"hi"), Close(ANN))
    service.close()
    assert place.log.entries == []
