"""Sanitizing: text from a peer -> text that can be shown to anybody.

No text may move a cursor, hide or reorder other text, begin a line, or push what follows to the next line. So, in
this order:

1. Controls, bidi controls, line separators and surrogates are dropped, and so are default-ignorable code points
   (Unicode's DerivedCoreProperties), which nobody sees. Blanks of any kind become plain spaces.
2. Of the ignorable ones that emoji and scripts need, those stay that do something where they stand: a joiner between
   emoji or behind a letter of a script that joins, one variation selector behind a character that has variants, the
   tags of a flag.
3. At most MARK_LIMIT combining marks stay on a character, and none on a blank or at the start.
4. At most BLANK_LIMIT blanks stay in a row: aligned columns pass; a gap that reaches to the next line doesn't.

What is left of a message that shows nothing is "", which counts as nothing said. Each step is one pass of a regular
expression that looks one or two characters to either side, so the time grows with the length of the text and no faster.
Cleaning what is clean changes nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import chain

MARK_LIMIT = 5  # a Hebrew letter with its points and accent has five; Vietnamese, Thai and Devanagari need fewer
BLANK_LIMIT = 8  # a tab's width
_JOINED_LIMIT = 9  # joiners in one emoji: the longest in Unicode's list, a kiss in two skin tones, has three

# C0, DEL and C1; the bidi controls (UAX #9); line and paragraph separators; the byte order mark, which is
# invisible; lone surrogates, which JSON can smuggle in as \ud800 and no encoder takes.
_UNSAFE = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff"
# Default-ignorable whatever stands around them, and the anchors of interlinear annotation.
_IGNORED = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u200b\u2060-\u206f\u3164\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0080-\U000e00ff\U000e01f0-\U000e0fff"
)
_BLANKS = "\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000"  # the category Zs, and the empty Braille cell

_EMOJI = "\u00a9\u00ae\u203c-\u205e\u20d0-\u27bf\u2900-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_JOINING = (  # Arabic, Syriac, Mandaic, N'Ko; the scripts of India; Tibetan, Burmese, Khmer; Mongolian
    "\u0620-\u08ff\u0900-\u0dff\u0f40-\u0fff\u1000-\u109f\u1780-\u17b3\u17b6-\u17d3\u1820-\u18aa\ua840-\ua877"
    "\ua8e0-\ua8ff\uaa60-\uaa7f\ufb50-\ufdff\ufe70-\ufefc\U00010a00-\U00011fff"
)
_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_VARYING = rf"0-9#*{_EMOJI}{_HAN}\u1000-\u109f\u2190-\u2bff\u3001-\u303f\uaa60-\uaa7f\uff01-\uff5e"
_TAGS = "\U000e0030-\U000e0039\U000e0061-\U000e007a"

_CONTROLS = re.compile(f"[{_UNSAFE}]+")
_DROPPED = re.compile(f"[{_UNSAFE}{_IGNORED}]+")
_BLANK = re.compile(f"[{_BLANKS}]")
_OUT_OF_PLACE = re.compile(
    f"(\U0001f3f4[{_TAGS}]{{2,6}}\U000e007f)"  # the flag of a region: the one place for tags
    "|[\U000e0000-\U000e007f]+"
    rf"|(?<![{_JOINING}])\u200c"
    rf"|(?<![{_JOINING}])(?<![{_EMOJI}])(?<![{_EMOJI}]\ufe0f)\u200d"
    rf"|(?<![{_JOINING}])\u200d(?![{_EMOJI}])"
    rf"|(?<![{_VARYING}])[\ufe00-\ufe0f]"
    rf"|(?<![{_HAN}])[\U000e0100-\U000e01ef]"
    r"|(?<![\u1820-\u18aa])[\u180b-\u180f]"
)
_LONG_CHAIN = re.compile(rf"((?:[{_EMOJI}]\ufe0f?\u200d){{{_JOINED_LIMIT}}}[{_EMOJI}]\ufe0f?)\u200d")
_LONG_GAP = re.compile(f" {{{BLANK_LIMIT},}}")
_GAP = " " * BLANK_LIMIT


def _mark_codes() -> list[int]:
    """Return, in order, the code points of what stands on the character before it and takes no place of its own."""
    jamo = (*range(0x1161, 0x1200), *range(0xD7B0, 0xD800))  # the vowels and ends that follow a Hangul consonant
    joiners = (0x180E, 0x180F, 0x200C, 0x200D)  # 180F: a mark since Unicode 14, which Python 3.10 does not know
    # Planes 0 and 1 and the variation selectors: there are marks nowhere else.
    marks = {c for c in chain(range(0x20000), range(0xE0100, 0xE01F0)) if unicodedata.category(chr(c))[0] == "M"}
    return sorted(marks.union(jamo, joiners))


def _ranges(codes: Iterable[int]) -> str:
    """Return the code points `codes`, in order, for a set in a regular expression."""
    ranges: list[list[int]] = []
    for code in codes:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)


_MARK_CODES = _mark_codes()
_MARKS = _ranges(_MARK_CODES)
_MARK_SET = frozenset(_MARK_CODES)
_BASELESS = re.compile(f"(?:^|(?<= ))[{_MARKS}]+")
_TOO_MANY_MARKS = re.compile(f"([{_MARKS}]{{{MARK_LIMIT}}})[{_MARKS}]+")
# What needs a look. Plane 1 up to the emoji as a whole: each range that a set names costs a comparison a character.
_SUSPECT = re.compile(
    f"[{_UNSAFE}{_BLANKS}{_IGNORED}{_ranges(c for c in _MARK_CODES if c < 0x10000)}"
    "\U00010000-\U0001efff\U000e0000-\U000e0fff]"
)


def clean(text: str) -> str:
    """Return `text` as it may be shown: one line that hides nothing, trimmed; "" if there is nothing to see."""
    if not (text.isascii() and text.isprintable()) and _SUSPECT.search(text):  # nearly all text needs no more
        text = _cleaned(text)
    if _GAP in text:
        text = _LONG_GAP.sub(_GAP, text)
    return text.strip()


def _cleaned(text: str) -> str:
    text = _DROPPED.sub("", _BLANK.sub(" ", text))
    text = _LONG_CHAIN.sub(r"\1", _OUT_OF_PLACE.sub(r"\1", text))
    return _TOO_MANY_MARKS.sub(r"\1", _BASELESS.sub("", text))


def is_mark(character: str) -> bool:
    """Return whether `character` stands on the one before it and takes no place of its own."""
    return ord(character) in _MARK_SET


def begins_with_slash(line: str) -> bool:
    """Return whether `line`, as received, is a command (A10). A blank before the slash makes it talk; an invisible
    character does not."""
    if not " " <= line[:1] <= "~":  # it may be an invisible one
        line = _DROPPED.sub("", _BLANK.sub(" ", line))
    return line.startswith("/")


def printable(text: str) -> str:
    """Return `text` without control characters and surrounding white space, every other character as it was typed."""
    return _CONTROLS.sub("", text.replace("\t", " ")).strip()
