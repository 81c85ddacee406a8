"""protocol/text.py: what people may be shown, and what may be a name."""

from __future__ import annotations

import string
import sys

import pytest
from hypothesis import given

from protocol.text import NAME_LIMIT, ascii_line, clean_password, excerpt, is_name, key_of, skeleton, words_of
from tests.support.rows import for_each
from tests.support.strategies import hostile_texts, unsafe_in

EVERY_CHARACTER = "".join(map(chr, range(sys.maxunicode + 1)))
BASIC_PLANE = EVERY_CHARACTER[:0x10000]

# --- passwords ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "password"),
    [("secret word", "secret word"), (" secret\r", "secret"), ("cafe\u0301", "caf\u00e9"), ("caf\u00e9", "caf\u00e9")],
)
def test_a_password_is_the_same_however_a_keyboard_spells_it(text: str, password: str) -> None:  # D11
    assert clean_password(text) == password


# --- excerpts ----------------------------------------------------------------------------------------------------


@for_each(
    [("x" * 40, "x" * 40), ("x" * 41, "x" * 39 + "…"), ("x" * 100_000, "x" * 39 + "…"), (" a\nb ", "ab"), ("", "")]
)
def test_an_excerpt_is_at_most_40_characters(text: str, short: str) -> None:
    assert excerpt(text) == short


@given(hostile_texts)
def test_an_excerpt_is_safe_to_be_shown(text: str) -> None:  # A9
    assert not unsafe_in(excerpt(text))


# --- names -------------------------------------------------------------------------------------------------------


@for_each(["a", "Z", "ann", "ANN", "bob2", "2pac", "7", "404", "4-2", "c-a_r-l", "x" * NAME_LIMIT, "e-", "e_"])
def test_names(name: str) -> None:
    assert is_name(name)


@for_each(
    [
        *("", "x" * (NAME_LIMIT + 1), "-1", "-ann", "_ann", "|ann"),
        *("ann bob", " ann", "ann ", "ann\n", "ann\0", "ann\u200d", "ann\ud800"),
        *("ann:", "/ann", "<b>", "a.b", "a'b", "{}", "%s", "ann|"),
        *("ännchen", "anń", "аnn", "ａｎｎ", "ann²", "ann٣"),  # the third begins with a Cyrillic letter
    ]
)
def test_what_is_no_name(name: str) -> None:
    assert not is_name(name)


def test_of_every_character_only_62_begin_a_name_and_64_continue_it() -> None:
    first = set(string.ascii_letters + string.digits)
    assert {c for c in BASIC_PLANE if is_name(c)} == first
    assert {c for c in BASIC_PLANE if is_name("a" + c)} == first | set("_-")


def test_a_name_has_1_to_20_characters() -> None:
    assert [size for size in range(100) if is_name("x" * size)] == list(range(1, 21))


@pytest.mark.parametrize(("one", "other"), [("ann", "ANN"), ("Bob", "bOB"), ("carl_2", "CARL_2")])
def test_names_that_differ_in_case_are_the_same(one: str, other: str) -> None:  # A4
    assert key_of(one) == key_of(other)


@pytest.mark.parametrize(("one", "other"), [("ann", "anna"), ("bob", "b0b"), ("carl", "car1"), ("e-e", "e_e")])
def test_other_names_are_not(one: str, other: str) -> None:
    assert key_of(one) != key_of(other)


@for_each(
    [
        ("bob", "B0B"),
        ("carl", "car1"),
        ("carl", "carI"),
        ("carl", "car|"),
        ("will", "WlLI"),
        ("O0o", "ooo"),
        ("ann", "A-nn_"),
        ("emma", "e_rn-rna"),
        ("walt", "vvait"),
    ]
)
def test_names_that_look_alike_have_one_skeleton(one: str, other: str) -> None:  # A5
    assert skeleton(one) == skeleton(other)


def test_names_that_look_different_have_two_skeletons() -> None:
    assert len({skeleton(name) for name in ("ann", "bob", "carl", "eve", "cari2", "b-b", "1-11", "11-1")}) == 8


# --- lines of a log ----------------------------------------------------------------------------------------------


@for_each(
    [
        ("ann joined", "ann joined"),
        ('it\'s "quoted"', 'it\'s "quoted"'),
        ("one\ntwo\r\n", r"one\ntwo\r\n"),
        ("\x1b[2J", r"\x1b[2J"),
        ("\\n", r"\\n"),
        ("é☃🎈", r"\xe9\u2603\U0001f388"),
        ("\u202e\ud800", r"\u202e\ud800"),
        ("", ""),
    ]
)
def test_a_log_line_is_printable_ascii(text: str, line: str) -> None:
    assert ascii_line(text) == line


@given(hostile_texts)
def test_no_log_line_can_be_forged(text: str) -> None:
    line = ascii_line(text)
    assert line.isascii()
    assert line.isprintable() or not line


def test_two_texts_never_make_one_log_line() -> None:
    assert len({ascii_line(c) for c in EVERY_CHARACTER[:0x3000]}) == 0x3000
    assert ascii_line("\\n") != ascii_line("\n")


def test_a_search_compares_words_without_case_and_accents() -> None:
    assert words_of("The Fox, x_2!") == ["the", "fox", "x", "2"]
    assert words_of("Caf\u00e9") == words_of("CAFE\u0301") == ["cafe"]


def test_endless_combining_marks_cost_no_more_than_other_text() -> None:
    """Normalizing takes time with the square of such a run: 4 s for these, where a part of a second is too much."""
    marks = "\u0300" * 16_000 + "\u0316" * 16_000
    assert len(clean_password("password" + marks)) <= 512
    assert words_of(f"Fo\u0308{marks}x \u00c4\u0301b \ufb01n") == ["fox", "ab", "fin"]
