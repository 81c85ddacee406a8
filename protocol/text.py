"""Text that people read: names and how they compare, excerpts, times, passwords in their one form.

All text from a peer is cleaned (protocol.sanitize) before it is shown: by the server for everyone, and again by the
client, because a server may be hostile, too.
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

# Characters, and pairs of them, that look like another one at a glance.
_LOOK_ALIKES = str.maketrans("01i|258", "olllzsb")
_PAIRS = (("rn", "m"), ("vv", "w"))
_SPELLED = str.maketrans("01i|2345789", "olllzeastbg")  # the letter that each digit is used for
_SEPARATOR = re.compile(r"(?<![0-9])[-_]+|[-_]+(?![0-9])")  # not the one that makes 1-11 another number than 11-1

_WORD = re.compile(r"[^\W_]+")

_EXCERPT = 40
_QUOTED = 4096  # characters of which an excerpt is made: cleaning a whole frame to quote 40 costs milliseconds
_PASSWORD_LIMIT = 512  # characters: four times the longest (chat.handlers.accounts), which may be typed decomposed
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
LATEST = 253_402_000_000  # seconds since the epoch; days before the end of the year 9999, and of Python's calendar


def clean_password(text: str) -> str:
    """Return a password in the form in which it is compared: without controls, normalized as RFC 8265 says (NFC).

    Look-alikes and invisible characters stay in it, since it is shown to nobody. One that is longer than allowed is
    cut first: normalizing takes time with the square of a run of combining marks.
    """
    return unicodedata.normalize("NFC", printable(text)[:_PASSWORD_LIMIT])


def excerpt(text: str) -> str:
    """Return `text` cleaned and at most 40 characters long, for a quotation in a sentence or a log line."""
    text = clean(text[:_QUOTED])
    return text if len(text) <= _EXCERPT else text[: _EXCERPT - 1] + "\N{HORIZONTAL ELLIPSIS}"


def utc(at: float) -> str:
    """Return the time `at`, in seconds since the epoch, as a date and minutes in UTC: `2026-01-31 09:05`."""
    return _minute(min(at, LATEST) // 60)


@lru_cache(4096)  # a history of 500 messages asks for a few minutes, over and over
def _minute(minutes: float) -> str:
    return (_EPOCH + timedelta(minutes=minutes)).strftime("%Y-%m-%d %H:%M")


def words_of(text: str) -> list[str]:
    """Return the words in `text` in the form in which a search compares them: letters and digits, without case and
    accents."""
    text = text.casefold()
    if not text.isascii():  # twice, since normalizing takes time with the square of a run of combining marks
        text = _without_marks(unicodedata.normalize("NFKD", _without_marks(text)))
    return _WORD.findall(text)


def _without_marks(text: str) -> str:
    return "".join(c for c in text if not unicodedata.combining(c))


def is_name(name: str) -> bool:
    """Return whether `name` has the form of a name (NAME_RULE)."""
    return _NAME.fullmatch(name) is not None


def key_of(name: str) -> str:
    """Return the key of a name: two names with equal keys are the same name."""
    return name.casefold()


def skeleton(name: str) -> str:
    """Return the skeleton of a name: two names with equal skeletons look alike on a screen."""
    return _folded(_SEPARATOR.sub("", name), _LOOK_ALIKES)


def spelling(name: str) -> str:
    """Return the word that `name` reads as: without separators, and with letters for digits used in their place."""
    return _folded(name.replace("-", "").replace("_", ""), _SPELLED)


def _folded(name: str, letters: dict[int, int]) -> str:
    word = name.rstrip("23456789")  # at the end, digits are a number: user5 does not read as users
    name = word.casefold().translate(letters) + name[len(word) :]
    for pair, letter in _PAIRS:
        name = name.replace(pair, letter)
    return name


def ascii_line(text: str) -> str:
    """Return `text` as one line of printable ASCII, everything else escaped, so that no log line can be forged."""
    return "".join(c if " " <= c <= "~" and c != "\\" else ascii(c)[1:-1] for c in text)
