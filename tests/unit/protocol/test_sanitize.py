"""protocol/sanitize.py: what people may be shown."""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.sanitize import BLANK_LIMIT, MARK_LIMIT, clean, printable
from tests.support.rows import for_each
from tests.support.strategies import hostile_texts, unsafe_in

EVERY_CHARACTER = "".join(map(chr, range(sys.maxunicode + 1)))


@cache
def unsafe() -> set[str]:
    """Return every character that nobody may be shown; it takes a while."""
    return unsafe_in(EVERY_CHARACTER)


# A note without a head, which is blank, and what is default-ignorable (Unicode's DerivedCoreProperties) and no format
# character (Cf), so that the database does not tell.
IGNORABLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U0001d159\U000e0000-\U000e0fff]"
)
# Format characters that are seen: signs that span Arabic, Syriac and Kaithi numbers, and quadrats of hieroglyphs.
SEEN = re.compile("[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd\U00013430-\U0001345f]")
JAMO = re.compile("[\u1161-\u11ff\ud7b0-\ud7ff]")


def is_hidden(c: str) -> bool:
    """Whether nobody sees `c` between two letters, or it does harm there."""
    is_format = unicodedata.category(c) == "Cf" and not SEEN.match(c)
    return bool(c in unsafe() or is_format or IGNORABLE.match(c))


def is_mark(c: str) -> bool:
    return unicodedata.category(c)[0] == "M" or bool(JAMO.match(c)) or c in "\u180e\u180f\u200c\u200d"


@pytest.mark.property
def test_of_every_character_there_is_the_hidden_ones_are_taken_out_and_blanks_are_one_plain_space() -> None:  # A9, M9
    cleaned = {c: clean(f"x{c}x") for c in EVERY_CHARACTER}
    assert [hex(ord(c)) for c, text in cleaned.items() if (text == "xx") != (is_hidden(c) and c != "\t")] == []
    blanks = {c for c, text in cleaned.items() if text == "x x"}
    assert blanks == {c for c in EVERY_CHARACTER if unicodedata.category(c) == "Zs"} | {"\t", "\u2800"}


@pytest.mark.property
def test_of_every_character_there_is_clean_text_is_left_as_it_is() -> None:
    assert [hex(ord(c)) for c in EVERY_CHARACTER if clean(clean(c)) != clean(c)] == []


DETAILS = st.sampled_from(
    " \t\u3000\u2800\u200b\u200c\u200d\ufe0e\ufe0f\u0301\u094d\u1161\u115f\u180b\u180e\u20e3\u05b0\U000e0067\U000e007f"
    "\U000e0100\U0001f3f4\U0001f3fb\u2764\U0001f525\U0001f468ax0#\u0915\u1820\u5f35\u0647\u0e33"
)


@given(hostile_texts | st.text(DETAILS, max_size=40))
def test_cleaned_text_is_safe_trimmed_and_clean(text: str) -> None:  # A9, M9
    cleaned = clean(text)
    assert not unsafe_in(cleaned)
    assert cleaned == cleaned.strip() == clean(cleaned)
    assert " " * (BLANK_LIMIT + 1) not in cleaned
    assert not re.search("[^ \\S]", cleaned)  # no blank but the plain one
    runs = "".join("m" if is_mark(c) else "b" if c == " " else "x" for c in cleaned)
    assert not re.search(f"^m|bm|m{{{MARK_LIMIT + 1}}}", runs)


@for_each(
    [
        ("hello", "hello"),
        ("  hello all \r\n", "hello all"),
        ("\u00a0\u3000hello\u2003", "hello"),
        ("one  two", "one  two"),
        ("one\ttwo", "one two"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("\x9b31mred", "31mred"),
        ("a\x08b\x7fc\0d", "abcd"),
        ("one\r\nann: forged", "oneann: forged"),
        ("one\u2028two\u2029three\x85four", "onetwothreefour"),
        ("\u202eexe.txt\u202c", "exe.txt"),
        ("\u2067ann\u2069", "ann"),
        ("\ufeffhello", "hello"),
        ("\ud800hello\udfff", "hello"),
        ("\x04", ""),
        (" \x00 \t \x1b ", ""),
        ("", ""),
        ("x" + " " * 70 + "bob: I quit", "x" + " " * 8 + "bob: I quit"),
        ("x" + "\u3000" * 30 + "bob: I quit", "x" + " " * 8 + "bob: I quit"),
        ("x" + " \u200b" * 30 + "y", "x" + " " * 8 + "y"),
        ("x" + " \u0301" * 30 + "y", "x" + " " * 8 + "y"),
        ("pay\u00adpal \u2060ad\u034fmin", "paypal admin"),
        ("a" + "\u0301" * 1500, "a" + "\u0301" * 5),
        ("a" + "\u0301\u200b\u20e3" * 500 + "b", "a" + "\u0301\u20e3\u0301\u20e3\u0301b"),
        ("\u1112" + "\u1161" * 500, "\u1112" + "\u1161" * 5),
        ("\u0301\u0301 hi", "hi"),
        ("a\ufe0fb\u200dc\u200cd", "abcd"),
        ("\u2764\ufe0f\ufe0f\ufe0e", "\u2764\ufe0f"),
        ("\u0647\u200c\u200c\u200d\u0645", "\u0647\u200c\u0645"),
        ("\U0001f468\u200d\u200dx", "\U0001f468x"),
        ("hi\U000e0068\U000e0069", "hi"),
        ("\U0001f3f4" + "\U000e0067" * 7 + "\U000e007f", "\U0001f3f4"),
        ("\U0001f468\u200d" * 99 + "\U0001f468", ("\U0001f468\u200d" * 9 + "\U0001f468") * 10),
    ]
)
def test_what_is_not_to_be_seen_is_taken_out(text: str, cleaned: str) -> None:  # A9, M9
    assert clean(text) == cleaned


@for_each(
    [
        *("\u200b", "\u200b\u200c\u200d", "\u2060\ufeff", "\u00ad", "\u034f", "\u061c"),
        *("\u3164", "\u115f\u1160", "\uffa0", "\u2800\u2800", "\u17b4", "\u180e", "\u3000\u2003"),
        *("\ufe0f", "\ufe00", "\U000e0100", "\U000e0068\U000e0069", "\U000e0001", "\U0001d173", "\ufff9\ufffb"),
        *("\u0301", " \u0301 \u0301", "\u20e3", "\u3164\u0301\u200d\ufe0f \u2800\U000e007f"),
    ]
)
def test_text_that_shows_nothing_is_empty(text: str) -> None:  # A9, M9
    assert clean(text) == ""


@for_each(
    [
        "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}",  # one family, held together by joiners
        "\U0001f469\U0001f3fb\u200d\u2764\ufe0f\u200d\U0001f48b\u200d\U0001f468\U0001f3ff",  # a kiss in two skin tones
        "\N{HEAVY BLACK HEART}\ufe0f \N{HEAVY BLACK HEART}\ufe0f\u200d\N{FIRE}",  # a variation selector
        "1\ufe0f\u20e3 #\ufe0f\u20e3 \u00a9\ufe0f",  # keycaps
        "\N{WAVING BLACK FLAG}\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # a flag, by tags
        "\N{WAVING BLACK FLAG}\u200d\u2620\ufe0f \U0001f1e9\U0001f1ea \U0001f44d\U0001f3fd",
        "e\u0301 n\u0303",
        unicodedata.normalize("NFD", "Việt Nam, đường phố ấm ộng"),
        unicodedata.normalize("NFD", "한국어 값이 쫓다"),
        "ที่นี่ น้ำ กุ้ง",  # Thai: vowels and tones above each other
        "नमस्ते क्‍ष र्क ज़्यादा",  # Devanagari, with a joiner
        "ශ්‍රී ලංකාව",  # Sinhala, likewise
        "မြွှောင် ရွှေ့",  # Burmese: five signs on a letter
        "བརྒྱུད",
        "בְּרֵאשִׁ֖ית שָּׁ֑",  # Hebrew with points and accents
        "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian, with a non-joiner
        "مُحَمَّدٌ",
        "\u5f35\U000e0100 \u845b\ufe00",  # ideographs in a certain form
        "\u1820\u180b\u1821\u180e\u1820",  # Mongolian, likewise
        "\u05e9\u05dc\u05d5\u05dd hello",  # right to left by its letters
        "ß ẞ İ ı ſ",
        "name     age   town",  # columns
        "\u1100 \u3131",
    ]
)
def test_what_languages_and_emoji_need_is_kept(text: str) -> None:
    assert clean(text) == text


@pytest.mark.property
@pytest.mark.parametrize(
    "hostile",
    [
        "\u0301",
        " ",
        "\u3000",
        "\u200b",
        "\u200d",
        "\U0001f468\u200d",
        "\U0001f3f4\U000e0067",
        " \u0301",
        "\u0915\u094d\u200d",
        "a\ufe0f",
        "\u1161",
        "\U0001f3f4\U000e0067\U000e0062",
    ],
)
def test_hostile_text_takes_time_with_its_length(hostile: str) -> None:  # M9
    """100,000 characters: with the square of it this would take minutes, and the test's time-out would end it."""
    cleaned = clean("x" + (hostile * 100_000)[:100_000] + "x")
    assert cleaned[0] == cleaned[-1] == "x"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (" a\tb\x00 ", "a b"),
        ("\u202ea\ud800", "a"),
        ("a" + " " * 20 + "\u200b\u3000b\u0301", "a" + " " * 20 + "\u200b\u3000b\u0301"),
    ],
)
def test_printable_text_is_all_but_controls(text: str, left: str) -> None:
    assert printable(text) == left
