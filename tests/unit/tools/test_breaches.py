"""tools/crash/breaches.py: what is wrong half a million times is said a few times, and counted."""

from __future__ import annotations

import pytest

from protocol.events import Joined
from tools.crash.breaches import KEPT, Breaches
from tools.crash.checker import violations
from tools.crash.history import History, Told, Welcomed


def wrong_numbers(count: int) -> Breaches:
    found = Breaches()
    found.take(("number {} is wrong", number) for number in range(count))
    return found


def test_of_each_kind_the_first_are_kept_and_the_others_counted() -> None:
    found = wrong_numbers(KEPT + 1_000)
    found.add("nobody answers")
    *first, more, other = found.sentences()
    assert first == [f"number {number} is wrong" for number in range(KEPT)]
    assert (more, other) == ("and 1,000 times more: number {} is wrong", "nobody answers")


@pytest.mark.parametrize("ours", [0, 5, KEPT, KEPT + 3])
@pytest.mark.parametrize("theirs", [0, 5, KEPT - 5, KEPT, KEPT + 3])
def test_those_found_elsewhere_are_counted_as_if_they_were_found_here(ours: int, theirs: int) -> None:
    found = wrong_numbers(ours)
    found.take_over(wrong_numbers(theirs))
    sentences = list(found.sentences())
    more = max(ours + theirs - KEPT, 0)
    assert sentences[KEPT:] == [f"and {more} times more: number {{}} is wrong"] * bool(more)
    assert len(sentences) == min(ours + theirs, KEPT) + bool(more)


def test_a_reader_that_is_told_all_again_is_a_few_sentences() -> None:
    again = [Told(Joined(2, "ann", 1), shown=True) for _ in range(1_000)]
    wrong = violations([History(1, [Welcomed("log1", 1, resumed=False, asked=None), *again])])
    assert len(wrong) < 3 * KEPT
    assert f"and {999 - KEPT} times more: client {{}} was told again, or too late, {{}}" in wrong
