"""protocol/numbers.py: whole numbers within their bound, however long they are written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from protocol.numbers import whole_number
from tests.support.rows import for_each


@for_each(
    [
        ("0", 0),
        ("000", 0),
        ("7", 7),
        ("500", 500),
        ("000000000000500", 500),
        ("501", None),
        ("0000000019999", None),
        ("9" * 5000, None),  # int() would refuse so many digits
        ("0" * 5000 + "1", 1),
        ("", None),
        ("-1", None),
        ("+1", None),
        (" 1", None),
        ("1.0", None),
        ("1_0", None),
        ("²", None),
        ("٣", None),
    ]
)
def test_a_number_is_its_digits_and_within_the_bound(text: str, number: int | None) -> None:
    assert whole_number(text, 500) == number


@given(st.integers(0, 2000), st.integers(0, 30), st.integers(0, 1000))
def test_zeros_in_front_change_nothing(number: int, zeros: int, most: int) -> None:
    assert whole_number("0" * zeros + str(number), most) == (number if number <= most else None)
