"""chat/shared/server_watch.py: who has stopped is declared gone, by answered beats alone."""

from __future__ import annotations

from chat.shared.server_watch import INTERVAL, STILL, ServerWatch
from chat.shared.shared_log import DeclareGone

OWN, OTHER, THIRD = "1" * 16, "2" * 16, "3" * 16


def test_one_whose_count_stands_still_over_three_answered_beats_is_declared_gone() -> None:  # N4
    watch = ServerWatch()
    declared = [watch.hear({OWN: beat, OTHER: 7, THIRD: beat}, OWN) for beat in range(6)]
    assert declared == [[], [], [], *[[DeclareGone(OTHER, 7)]] * 3]
    assert INTERVAL * (STILL + 1) <= 8


def test_one_that_counts_on_is_here() -> None:
    watch = ServerWatch()
    assert not any(watch.hear({OWN: beat, OTHER: beat // STILL}, OWN) for beat in range(30))


def test_one_that_is_not_open_any_more_is_forgotten() -> None:
    watch = ServerWatch()
    for counters in ({OTHER: 7}, {OTHER: 7}, {}, {OTHER: 7}, {OTHER: 7}, {OTHER: 7}):
        assert watch.hear(counters, OWN) == []
    assert watch.hear({OTHER: 7}, OWN) == [DeclareGone(OTHER, 7)]
