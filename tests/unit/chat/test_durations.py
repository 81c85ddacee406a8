"""chat/durations.py: durations as they are typed, and as they are read."""

from __future__ import annotations

import pytest

from chat.durations import in_words, is_duration, parse_duration


@pytest.mark.parametrize(
    ("word", "seconds"),
    [("30s", 30), ("10m", 600), ("2h", 7200), ("7d", 604_800), ("1W", 604_800), ("forever", None), ("Forever", None)],
)
def test_a_duration_is_a_number_and_a_unit_or_forever(word: str, seconds: int | None) -> None:  # M3
    assert is_duration(word)
    assert parse_duration(word) == seconds


@pytest.mark.parametrize("word", ["0m", "10", "10x", "1e3m", "999999999d", "9999999999s", "1.5h", "٣m"])
def test_what_begins_like_one_and_is_none_is_refused(word: str) -> None:
    assert is_duration(word)
    with pytest.raises(ValueError, match="DURATION is a number"):
        parse_duration(word)


@pytest.mark.parametrize("word", ["", "spam", "for", "-1m"])
def test_a_word_of_a_reason_is_no_duration(word: str) -> None:
    assert not is_duration(word)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1 s"),
        (0.2, "1 s"),
        (59.5, "1 min"),
        (60, "1 min"),
        (61, "2 min"),
        (3599, "1 h"),
        (7490, "2 h 5 min"),
        (86_400 * 3 + 3600 * 4 + 60, "3 d 4 h"),
    ],
)
def test_what_is_left_is_read_in_two_units_and_never_too_little(seconds: float, text: str) -> None:  # M3
    assert in_words(seconds) == text
