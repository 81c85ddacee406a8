"""client.view.answers: what a terminal answers never becomes what is typed. U5."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.view.answers import QUESTION, Answers
from client.view.contrast import Rgb

COLOUR, WHAT = "\x1b]11;rgb:1a1a/1b1b/2626\x1b\\", "\x1b[?64;22c"
DARK = Rgb(0x1A, 0x1B, 0x26)


def asked() -> Answers:
    answers = Answers()
    answers.asked()
    return answers


@pytest.mark.parametrize(
    ("answer", "background"),
    [
        (COLOUR, DARK),
        ("\x1b]11;rgb:1a1a/1b1b/2626\x07", DARK),
        ("\x1b]11;rgb:ff/F/ffff\x9c", Rgb(255, 255, 255)),
        ("\x1b]11;rgba:0000/8080/ffff/ffff\x1b\\", Rgb(0, 128, 255)),
        ("\x1b]11;#ffffff\x1b\\", None),  # no terminal answers so
        ("\x1b]11;rgb:12345/0/0\x1b\\", None),
        ("\x1b]11;?\x1b\\", None),  # the question, from a terminal that echoes
        (WHAT, None),
    ],
)
def test_an_answer_is_taken_out(answer: str, background: Rgb | None) -> None:  # U5
    answers = asked()
    assert answers.without(f"ab{answer}cd") == "abcd"
    assert answers.background == background
    assert answers.is_due is (answer != WHAT)


@given(st.lists(st.integers(0, 60), max_size=6))
def test_wherever_it_is_cut_it_is_not_typed(cuts: list[int]) -> None:  # U5
    came = f"hé{COLOUR}l\x1b[A{WHAT}lo\r"
    answers, typed, begin = asked(), "", 0
    for end in [*sorted(min(cut, len(came)) for cut in cuts), len(came)]:
        typed += answers.without(came[begin:end])
        begin = end
    assert typed == "hél\x1b[Alo\r"
    assert answers.background == DARK


def test_a_late_one_is_not_typed_either() -> None:  # U5
    answers = asked()
    answers.given_up()
    assert answers.without(f"hel{COLOUR}lo") == "hello"
    assert answers.background == DARK


def test_the_escape_key_waits_for_the_next_one_only_while_an_answer_is_due() -> None:
    answers = asked()
    assert [answers.without("\x1b"), answers.without("b")] == ["", "\x1bb"]
    assert [answers.without("\x1b]1"), answers.without("x")] == ["", "\x1b]1x"]
    assert answers.without(WHAT) == ""
    assert answers.without("\x1b") == "\x1b"


@given(st.text(st.sampled_from("\x1b]11;rgb:/?[c\\\x07a0"), max_size=40))
def test_whatever_comes_nothing_but_answers_is_lost(came: str) -> None:
    answers = asked()
    typed = answers.without(came)
    answers.given_up()
    left = re.sub(r"\x1b\]11;[^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[\?[\d;]*c", "", came)
    assert typed + answers.without("") == left


def test_the_question_ends_with_one_that_every_terminal_answers() -> None:
    assert QUESTION.endswith("\x1b[c")
