"""tests/support/rows.py: a table in one test is as strict as a test for each of its rows."""

from __future__ import annotations

import pytest

from tests.support.rows import for_each


def test_all_rows_are_tried_and_each_that_fails_is_told_with_its_reason() -> None:
    @for_each([(1, 1), (2, 3), (4, 4), (5, 6)])
    def check(one: int, other: int) -> None:
        assert one == other

    with pytest.raises(pytest.fail.Exception) as caught:
        check()
    text = str(caught.value)
    assert text.startswith("2 of 4 rows fail:\n- one=2, other=3\n  AssertionError: assert 2 == 3")
    assert "\n- one=5, other=6\n  AssertionError: assert 5 == 6" in text


def test_another_error_is_a_failed_row_too() -> None:
    @for_each([(1, 0), (1, 1)])
    def check(dividend: int, divisor: int) -> None:
        assert dividend // divisor

    with pytest.raises(pytest.fail.Exception, match="- dividend=1, divisor=0\n  ZeroDivisionError"):
        check()


def test_what_pytest_itself_fails_is_the_last_row_tried_since_it_may_be_the_time_out() -> None:
    tried = []

    @for_each(["first", "second"])
    def check(word: str) -> None:
        tried.append(word)
        pytest.fail("the time-out")

    with pytest.raises(pytest.fail.Exception, match="- word='first'\n  Failed: the time-out"):
        check()
    assert tried == ["first"]


def test_each_row_gets_its_own_of_what_is_made_anew() -> None:
    @for_each([("a", ["a"]), ("b", ["b"])], anew=list)
    def check(made: list[str], word: str, expected: list[str]) -> None:
        made.append(word)
        assert made == expected

    check()
    assert check.__name__ == "check"


def test_a_table_has_rows() -> None:
    with pytest.raises(AssertionError, match="a table without rows tests nothing"):
        for_each([])
