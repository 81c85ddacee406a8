"""Text that people see, and the rules for names.

Everything that a peer sent is cleaned before anybody is shown it, on the server for everyone and again in the
client, because a server may be hostile too. Cleaning takes out what can move a cursor, hide or reorder text or
forge a line; it keeps what languages and emoji need (joiners, variation selectors, combining marks).
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta, timezone

NAME_LIMIT = 20
WIDTH = 78  # of lists, so that they fit a terminal of 80 columns
_NAME = re.compile(rf"[A-Za-z][A-Za-z0-9_-]{{0,{NAME_LIMIT - 1}}}")

# C0, DEL and C1; the bidi controls (UAX #9); line and paragraph separators; the byte order mark, which is
# invisible; lone surrogates, which JSON can smuggle in as \ud800 and no encoder takes.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")

# Look-alikes, folded onto one of them (DESIGN.md): 0/o and 1/l/i/|.
_LOOK_ALIKES = str.maketrans("01i|", "olll")

_WORD = re.compile(r"[^\W_]+")

_EXCERPT = 40
_PASSWORD_LIMIT = 512  # characters: four times the longest (chat.accounts), which may be typed decomposed
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
LATEST = 253_402_000_000  # seconds since the epoch; days before the end of the year 9999, and of Python's calendar


def clean(text: str) -> str:
    """Return `text` without surrounding white space and without anything unsafe; a tab becomes a space."""
    if not text.isprintable():  # one pass in C; nearly all text needs no more
        text = _UNSAFE.sub("", text.replace("\t", " "))
    return text.strip()


def clean_password(text: str) -> str:
    """Return a password as it is compared: cleaned like all text, and in the one form that RFC 8265 gives it (NFC).

    Of one that is longer than any may be, a part: normalizing takes time with the square of a run of combining marks.
    """
    return unicodedata.normalize("NFC", clean(text)[:_PASSWORD_LIMIT])


def excerpt(text: str) -> str:
    """Return `text` cleaned and at most 40 characters long, to be quoted in a sentence or a log line."""
    text = clean(text)
    return text if len(text) <= _EXCERPT else text[: _EXCERPT - 1] + "\N{HORIZONTAL ELLIPSIS}"


def utc(at: float) -> str:
    """Return the moment `at`, seconds since the epoch, as people read it: to the minute, in UTC."""
    return (_EPOCH + timedelta(seconds=min(at, LATEST))).strftime("%Y-%m-%d %H:%M")


def words_of(text: str) -> list[str]:
    """Return the words in `text` as a search compares them: letters and digits, whatever their case and accents."""
    text = text.casefold()
    if not text.isascii():  # twice, since normalizing takes time with the square of a run of combining marks
        text = _without_marks(unicodedata.normalize("NFKD", _without_marks(text)))
    return _WORD.findall(text)


def _without_marks(text: str) -> str:
    return "".join(c for c in text if not unicodedata.combining(c))


def is_name(name: str) -> bool:
    """Say whether `name` has the form of a name: 1 to 20 ASCII letters, digits, _ and -, a letter first."""
    return _NAME.fullmatch(name) is not None


def key_of(name: str) -> str:
    """Return the name as it is compared: two names with one key are the same name."""
    return name.casefold()


def skeleton(name: str) -> str:
    """Return what `name` looks like: equal skeletons can be taken for each other on a screen."""
    return name.casefold().translate(_LOOK_ALIKES)


def ascii_line(text: str) -> str:
    """Return `text` as one line of printable ASCII, everything else escaped, so that no log line can be forged."""
    return "".join(c if " " <= c <= "~" and c != "\\" else ascii(c)[1:-1] for c in text)
