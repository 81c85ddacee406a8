"""storechat/core/send_window.py: what was said and not acknowledged."""

from __future__ import annotations

from storechat.core.send_window import BYTES_LIMIT, TEXTS_LIMIT, WAITING_LIMIT, SendWindow


def window(*texts: str) -> SendWindow:
    made = SendWindow()
    for text in texts:
        made.add(text)
    return made


def test_texts_wait_in_order_until_they_are_acknowledged() -> None:
    made = window("one", "two", "three")
    assert (made.first, made.sent, made.head()) == (1, 3, ("one", "two", "three"))
    assert made.acknowledge(2)
    assert (made.first, made.sent, made.head()) == (3, 3, ("three",))


def test_an_acknowledgement_counts_once_and_never_for_more_than_was_said() -> None:
    made = window("one", "two")
    assert made.acknowledge(1)
    assert not made.acknowledge(1)
    assert not made.acknowledge(0)
    assert made.acknowledge(9)
    assert (made.first, made.sent, len(made)) == (3, 2, 0)


def test_a_letter_takes_a_bounded_number_of_texts() -> None:
    made = window(*(str(number) for number in range(TEXTS_LIMIT + 1)))
    assert made.head() == tuple(str(number) for number in range(TEXTS_LIMIT))


def test_a_letter_takes_a_bounded_number_of_bytes_but_always_one_text() -> None:
    assert window("\u00e9" * BYTES_LIMIT, "more").head() == ("\u00e9" * BYTES_LIMIT,)
    assert len(window(*["x" * (BYTES_LIMIT // 4)] * 9).head()) == 4


def test_a_window_is_full_at_its_limit() -> None:
    made = window(*["x"] * (WAITING_LIMIT - 1))
    assert not made.full
    made.add("x")
    assert made.full
