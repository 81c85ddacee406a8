"""chat/replies.py: what is known of clients' lines, for as long as the log knows them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.places import Page, Places
from chat.proposals import Remove, Rename
from chat.replies import REFUSED, Replies, Reply, event_of, mark_of
from protocol.acts import as_said
from protocol.errors import ErrorCode
from protocol.events import Announced, Renamed, Said, Whispered, refusal
from protocol.objects import dump
from protocol.requests import Act, Announce, Kick, Nick, Say, Whisper


def refused(cseq: int = 1) -> object:
    return refusal(ErrorCode.NOTHING_TO_SAY, cseq)


def page(*places: tuple[str, int, int]) -> Page:
    made = Places()
    for place in places:
        made.note(*place)
    return made.close()


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
    answers = Replies([page(("ann's", 0, 1), ("ann's", 5, 7)), page(("ann's", 5, 9))])
    assert places(answers, "ann's", 5) == [7, 9]


def test_a_refusal_is_kept_as_it_was_and_known_in_the_next_run() -> None:
    answers = Replies([page(("ann's", 0, 1))])
    answers.remember(Reply("ann's", 1, mark_of(Say("hi")), dump(refusal(ErrorCode.NOTHING_TO_SAY, 1))))
    fresh = answers.take_fresh()
    assert answers.take_fresh() == []
    again = Replies([page(("ann's", 0, 1))], fresh)
    found = again.other("ann's", 1)
    assert found is not None
    assert (found.mark, event_of(found)) == (mark_of(Say("hi")), refusal(ErrorCode.NOTHING_TO_SAY, 1))
    assert again.highest("ann's") == 1
    assert (again.other("ann's", 2), again.take_fresh()) == (None, [])


def test_a_line_that_was_refused_after_the_newest_entry_stays_known_when_the_page_is_closed() -> None:
    answers = Replies(kept=16)
    answers.note("ann's", 6, 1)
    answers.remember(Reply("ann's", 7, mark_of(Say("hi")), dump(refusal(ErrorCode.NOTHING_TO_SAY, 7))))
    answers.note("bob's", 1, 2)  # which closes the page
    assert answers.highest("ann's") == 7


def test_refusals_are_bounded() -> None:
    answers = Replies((), (Reply("ann's", cseq, 0, b"") for cseq in range(REFUSED + 1)))
    assert answers.other("ann's", 0) is None
    assert answers.other("ann's", 1) is not None


@pytest.mark.parametrize(
    ("line", "became"),
    [
        (Act("waves"), Said(7, "ann", as_said("waves"), 0.0, 1)),
        (Say("hi"), Said(7, "ann", "hi", 0.0, 1)),
        (Whisper("BOB", "hi"), Whispered(7, "ann", "bob", "hi", 0.0, 1)),
        (Announce("tea"), Announced(7, "ann", "tea", 0.0, 1)),
        (Nick(" anna "), Renamed(7, "ann", "anna", 1)),
        (Rename("anna", "anna"), Renamed(7, "ann", "anna", 1)),
        (Kick("bob", "loud"), Remove("bob", "kicked by ann: loud", "ann", 1, mark_of(Kick("bob", "loud")))),
    ],
)
def test_a_line_has_the_mark_of_what_became_of_it(line: object, became: object) -> None:  # N3
    assert mark_of(line) == mark_of(became)


def test_another_text_has_another_mark_even_one_that_is_no_unicode() -> None:
    assert len({mark_of(Say("a")), mark_of(Say("b")), mark_of(Say("\ud800"))}) == 3


@given(st.lists(st.sampled_from("abc"), max_size=60), st.integers(1, 10), st.integers(0, 40))
def test_a_client_is_known_as_long_as_one_of_the_newest_entries_is_its(
    clients: list[str], kept: int, before: int
) -> None:  # 6
    lines = [(client, seq, seq) for seq, client in enumerate(clients)]
    answers = Replies([page(*lines[at : at + 7][: before - at]) for at in range(0, before, 7)], kept=kept)
    for line in lines[before:]:
        answers.note(*line)
    for client in "abc":
        mine = [seq for who, _, seq in lines if who == client]
        known = [seq for cseq in range(len(clients)) for seq in places(answers, client, cseq)]
        assert known == mine[len(mine) - len(known) :]
        assert len(known) >= len([seq for seq in mine if seq >= len(clients) - kept])
        assert answers.highest(client) == (known[-1] if known else None)
        assert all(seq >= len(clients) - kept - 8 for seq in known)  # pages are forgotten whole


def test_a_line_of_one_who_has_spoken_is_known_after_thousands_of_others_have() -> None:  # 6
    answers = Replies()
    answers.note("ann's", 1, 1)
    for number in range(5_000):
        answers.note(f"client {number}", 1, number + 2)
    assert places(answers, "ann's", 1) == [1]
