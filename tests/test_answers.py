"""chat/answers.py: what a client's lines were answered, within bounds."""

from __future__ import annotations

from chat.answers import CLIENTS, LINES, Answer, Answers
from protocol.messages import Said

AT = 1_700_000_000.0


def said(seq: int) -> Said:
    return Said(seq, "ann", "hi", AT, seq)


def test_a_line_is_known_by_its_client_and_number() -> None:
    answers = Answers()
    answers.remember("ann's", 1, said(1))
    assert answers.find("ann's", 1, "hi") == said(1)
    assert answers.find("ann's", 2) is None
    assert answers.find("bob's", 1) is None


def test_what_is_new_is_handed_out_once_and_known_in_the_next_run() -> None:
    answers = Answers()
    answers.remember("ann's", 1, said(1))
    fresh = answers.take_fresh()
    assert fresh == [Answer("ann's", 1, b'{"type":"said","seq":1,"name":"ann","text":"","at":1700000000.0,"cseq":1}')]
    assert answers.take_fresh() == []
    again = Answers(fresh)
    assert again.find("ann's", 1, "hi") == said(1)
    assert again.take_fresh() == []


def test_the_newest_lines_of_each_client_are_kept() -> None:
    answers = Answers()
    for cseq in range(1, LINES + 2):
        assert not answers.is_too_old("ann's", cseq)
        answers.remember("ann's", cseq, said(cseq))
    assert answers.find("ann's", 1) is None
    assert answers.find("ann's", 2, "hi") == said(2)
    assert answers.is_too_old("ann's", 1)
    assert not answers.is_too_old("ann's", LINES + 2)
    assert not answers.is_too_old("bob's", 1)


def test_the_clients_that_have_been_silent_longest_are_forgotten() -> None:
    answers = Answers()
    for number in range(CLIENTS):
        answers.remember(f"client {number}", 1, said(1))
    answers.remember("client 0", 2, said(2))
    answers.remember("one more", 1, said(1))
    assert answers.find("client 0", 1, "hi") == said(1)
    assert answers.find("client 1", 1) is None
    assert answers.find("one more", 1, "hi") == said(1)
