"""client.core.round_trip: the time that the newest answer took, where it tells something about the connection."""

from __future__ import annotations

from client.core.round_trip import PAUSE, RoundTrip


def test_the_question_asked_on_coming_in_counts_and_lines_repeated_then_do_not() -> None:
    ours = RoundTrip()
    assert ours.seconds is None
    ours.welcomed(100.0, last_cseq=3)
    ours.listed_users(100.25)
    assert ours.seconds == 0.25
    ours.answered(3, 40.0, 100.5, alone=True)
    assert ours.seconds == 0.25
    ours.answered(4, 102.0, 102.5, alone=True)
    assert ours.seconds == 0.5


def test_what_came_behind_others_does_not_count() -> None:  # 31
    ours = RoundTrip()
    assert ours.is_paused(0.0)
    ours.answered(1, 100.0, 108.0, alone=False)
    assert ours.seconds is None
    assert not ours.is_paused(108.0 + PAUSE / 2)
    assert ours.is_paused(108.0 + PAUSE)
