"""chat/log_time.py: by which time the ages of entries are judged, whatever the clock says."""

from __future__ import annotations

from chat.log_time import DAY, LogTime
from tests.support.rows import for_each

NOON = 1_700_000_000.0
HOUR = 3600.0


@for_each(
    [
        ([], None),
        ([0.0], 0.0),
        ([0.0, HOUR, DAY, 1.9 * DAY], 1.9 * DAY),
        ([0.0, -HOUR], 0.0),  # corrected a little
        ([0.0, 60 * DAY, 60 * DAY + HOUR], 0.0),  # a jump is not believed
        ([0.0, 60 * DAY, 60 * DAY + HOUR, HOUR], HOUR),  # it was wrong
        ([0.0, 60 * DAY, 60.5 * DAY, 61.2 * DAY], 61.2 * DAY),  # it was right: nobody spoke for long
        ([0.0, 7 * DAY, 14 * DAY], 7 * DAY),  # they speak once a week
        ([0.0, 60 * DAY, 40 * DAY, 40.5 * DAY], 0.0),  # and another wrong one
        ([0.0, -9 * DAY, -9 * DAY + HOUR, HOUR], HOUR),  # a run with a clock that has forgotten the time
        ([60 * DAY, 0.0, HOUR, 1.02 * DAY], 1.02 * DAY),  # the wrong one was believed for some time
    ]
)
def test_a_jump_of_the_clock_is_believed_a_day_later(times: list[float], now: float | None) -> None:  # 10
    log_time = LogTime()
    for at in times:
        log_time.hear(NOON + at)
    assert log_time.now == (None if now is None else NOON + now)
