"""chat/replies.py: what is known of clients' lines, for as long as the log knows them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chat.replies import REFUSED, Place, Replies, Reply, event_of, mark_of
from protocol.errors import ErrorCode
from protocol.events import refusal


def refused(cseq: int = 1) -> object:
    return refusal(ErrorCode.NOTHING_TO_SAY, cseq)


def places(answers: Replies, identity: str, cseq: int) -> list[int]:
    return list(answers.places(identity, cseq))


def test_a_line_is_known_by_its_client_and_number() -> None:
    answers = Replies()
    answers.note("ann's", 1, 7)
    answers.note("ann's", 3, 9)
    assert places(answers, "ann's", 1) == [7]
    assert [places(answers, *line) for line in (("ann's", 2), ("ann's", 4), ("bob's", 1))] == [[], [], []]
    assert (answers.highest("ann's"), answers.highest("bob's")) == (3, None)


def test_a_coming_may_have_the_number_of_a_line() -> None:
    answers = Replies([Place("ann's", 0, 1), Place("ann's", 5, 7), Place("ann's", 5, 9)])
    assert places(answers, "ann's", 5) == [7, 9]


def test_a_refusal_is_kept_as_it_was_and_known_in_the_next_run() -> None:
    answers = Replies([Place("ann's", 0, 1)])
    answers.remember("ann's", 1, mark_of("hi"), refusal(ErrorCode.NOTHING_TO_SAY, 1))
    fresh = answers.take_fresh()
    assert answers.take_fresh() == []
    again = Replies([Place("ann's", 0, 1)], fresh)
    found = again.other("ann's", 1)
    assert found is not None
    assert (found.mark, event_of(found)) == (mark_of("hi"), refusal(ErrorCode.NOTHING_TO_SAY, 1))
    assert again.highest("ann's") == 1
    assert (again.other("ann's", 2), again.take_fresh()) == (None, [])


def test_refusals_are_bounded() -> None:
    answers = Replies((), (Reply("ann's", cseq, 0, b"") for cseq in range(REFUSED + 1)))
    assert answers.other("ann's", 0) is None
    assert answers.other("ann's", 1) is not None


def test_another_text_has_another_mark_even_one_that_is_no_unicode() -> None:
    assert len({mark_of("a"), mark_of("b"), mark_of("\ud800")}) == 3


@given(st.lists(st.sampled_from("abc"), max_size=40), st.integers(1, 10))
def test_a_client_is_known_as_long_as_one_of_the_newest_entries_is_its(clients: list[str], kept: int) -> None:  # 6
    answers = Replies(kept=kept)
    for seq, client in enumerate(clients):
        answers.note(client, seq, seq)
    newest = list(enumerate(clients))[-kept:]
    for client in "abc":
        mine = [seq for seq, whose in newest if whose == client]
        assert answers.highest(client) == (mine[-1] if mine else None)
        assert [seq for cseq in range(len(clients)) for seq in answers.places(client, cseq)] == mine


def test_a_line_of_one_who_has_spoken_is_known_after_thousands_of_others_have() -> None:  # 6
    answers = Replies()
    answers.note("ann's", 1, 1)
    for number in range(5_000):
        answers.note(f"client {number}", 1, number + 2)
    assert places(answers, "ann's", 1) == [1]
