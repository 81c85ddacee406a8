"""storechat/core/retransmit.py: when a letter is written."""

from __future__ import annotations

from math import inf

from storechat.core.retransmit import RetransmitTimer


def schedule() -> RetransmitTimer:
    made = RetransmitTimer(lambda: 1.0)
    made.begin(0.0)
    made.written()
    return made


def test_the_first_letter_is_due_and_then_only_what_is_unread_is_written_again() -> None:
    assert RetransmitTimer(lambda: 1.0).write_at(unread=False) == 0.0
    made = schedule()
    assert made.write_at(unread=False) == inf
    assert made.write_at(unread=True) == 0.4
    made.begin(0.4)
    made.written()
    assert made.write_at(unread=True) == 0.4 + 0.8
    made.progress()
    made.begin(2.0)
    assert made.write_at(unread=True) == 2.4


def test_what_is_due_is_written_at_once_but_not_after_a_failure() -> None:
    made = schedule()
    made.due = True
    assert made.write_at(unread=False) == 0.0
    for wait in (0.05, 0.1, 0.2):
        made.begin(1.0)
        made.not_written(1.0)
        assert made.write_at(unread=False) == 1.0 + wait
    made.begin(2.0)
    made.written()
    assert made.write_at(unread=False) == inf


def test_it_is_done_when_the_store_has_taken_what_was_due() -> None:
    made = RetransmitTimer(lambda: 1.0)
    assert not made.done
    made.begin(0.0)
    assert not made.done
    made.written()
    assert made.done
    made.begin(1.0)
    made.not_written(1.0)
    assert not made.done
