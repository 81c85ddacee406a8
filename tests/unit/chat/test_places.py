"""chat/places.py: where clients' lines stand is found alike on a page that grows and on one that is closed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chat.places import Places

LINES = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=40)


@given(LINES)
def test_a_line_is_found_on_a_page_that_grows_and_on_a_closed_one(lines: list[tuple[str, int]]) -> None:
    places = Places()
    known: list[tuple[str, int, int]] = []
    for seq, (identity, cseq) in enumerate(lines):
        highest = max([cseq, *(line for who, line, _ in known if who == identity)])
        places.note(identity, cseq, seq)
        known.append((identity, highest, seq))
    page = places.close()
    assert len(places) == len(page.seqs) == len(lines)
    for identity in "abcd":
        for cseq in range(11):
            mine = [seq for who, line, seq in known if (who, line) == (identity, cseq)]
            assert list(places.find(identity, cseq)) == list(page.find(identity, cseq)) == mine
    highest_of = dict(zip(page.identities, page.highest(), strict=True))
    assert highest_of == {who: max(line for other, line, _ in known if other == who) for who, _, _ in known}
