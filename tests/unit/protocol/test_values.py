"""protocol/values.py: the end of a match over every kind of value."""

from __future__ import annotations

import pytest

from protocol.values import unreachable


def test_a_value_that_no_case_handles_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="42 was not expected here"):
        unreachable(42)  # type: ignore[arg-type]  # which is what the type checker is for
