"""Text that people see, and the rules for names.

Everything that a peer sent is cleaned (protocol.sanitize) before anybody is shown it, on the server for everyone and
again in the client, because a server may be hostile too.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta, timezone
from functools import lru_cache

from protocol.sanitize import clean, printable

NAME_LIMIT = 20
WIDTH = 78  # of lists, so that they fit a terminal of 80 columns
NAME_RULE = f"1 to {NAME_LIMIT} letters (a-z), digits, _ or -, beginning with a letter or a digit"
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_-]{{0,{NAME_LIMIT - 1}}}")

# Characters, and pairs of them, that are taken for another at a glance.
_LOOK_ALIKES = str.maketrans("01i|258", "olllzsb")
_PAIRS = (("rn", "m"), ("vv", "w"))
_SPELLED = str.maketrans("01i|2345789", "olllzeastbg")  # what a digit stands for where it takes a letter's place
_SEPARATOR = re.compile(r"(?<![0-9])[-_]+|[-_]+(?![0-9])")  # not the one that makes 1-11 another number than 11-1

_WORD = re.compile(r"[^\W_]+")

_EXCERPT = 40
_QUOTED = 4096  # characters of which an excerpt is made: cleaning a whole frame to quote 40 costs milliseconds
_PASSWORD_LIMIT = 512  # characters: four times the longest (chat.handlers.accounts), which may be typed decomposed
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
LATEST = 253_402_000_000  # seconds since the epoch; days before the end of the year 9999, and of Python's calendar


def clean_password(text: str) -> str:
    """Return a password as it is compared: without controls, in the one form that RFC 8265 gives it (NFC).

    Nobody is shown it, so that what can be taken for something else stays in it.

    Of one that is longer than any may be, a part: normalizing takes time with the square of a run of combining marks.
    """
    return unicodedata.normalize("NFC", printable(text)[:_PASSWORD_LIMIT])


def excerpt(text: str) -> str:
    """Return `text` cleaned and at most 40 characters long, to be quoted in a sentence or a log line."""
    text = clean(text[:_QUOTED])
    return text if len(text) <= _EXCERPT else text[: _EXCERPT - 1] + "\N{HORIZONTAL ELLIPSIS}"


def utc(at: float) -> str:
    """Return the moment `at`, seconds since the epoch, as people read it: to the minute, in UTC."""
    return _minute(min(at, LATEST) // 60)


@lru_cache(4096)  # a history of 500 messages asks for a few minutes, over and over
def _minute(minutes: float) -> str:
    return (_EPOCH + timedelta(minutes=minutes)).strftime("%Y-%m-%d %H:%M")


def words_of(text: str) -> list[str]:
    """Return the words in `text` as a search compares them: letters and digits, whatever their case and accents."""
    text = text.casefold()
    if not text.isascii():  # twice, since normalizing takes time with the square of a run of combining marks
        text = _without_marks(unicodedata.normalize("NFKD", _without_marks(text)))
    return _WORD.findall(text)


def _without_marks(text: str) -> str:
    return "".join(c for c in text if not unicodedata.combining(c))


def is_name(name: str) -> bool:
    """Say whether `name` has the form of a name: 1 to 20 ASCII letters, digits, _ and -, the first no _ or -."""
    return _NAME.fullmatch(name) is not None


def key_of(name: str) -> str:
    """Return the name as it is compared: two names with one key are the same name."""
    return name.casefold()


def skeleton(name: str) -> str:
    """Return what `name` looks like: two with one skeleton can be taken for each other on a screen."""
    return _folded(_SEPARATOR.sub("", name), _LOOK_ALIKES)


def spelling(name: str) -> str:
    """Return the word that `name` is read as: no separators, and letters for the digits that stand for some."""
    return _folded(name.replace("-", "").replace("_", ""), _SPELLED)


def _folded(name: str, letters: dict[int, int]) -> str:
    word = name.rstrip("23456789")  # at the end they are a number: user5 is no users
    name = word.casefold().translate(letters) + name[len(word) :]
    for pair, letter in _PAIRS:
        name = name.replace(pair, letter)
    return name


def ascii_line(text: str) -> str:
    """Return `text` as one line of printable ASCII, everything else escaped, so that no log line can be forged."""
    return "".join(c if " " <= c <= "~" and c != "\\" else ascii(c)[1:-1] for c in text)
