r"""What a terminal answers when it is asked for its background (OSC 11), taken out of what is typed. Pure.

    asked      ESC ] 11 ; ? ESC \      and      ESC [ c
    answered   ESC ] 11 ; rgb:1a1a/1b1b/2626 ESC \      and      ESC [ ? 64 ; 22 c

An answer comes by the way of the keys, at any time: at once, late, or in pieces. All terminals answer the second
question, "what are you?", and in order, so that its answer ends the wait for the first. While one may still come, what
could be the beginning of one is kept back until the next key says what it is. A whole one is never a key.
"""

from __future__ import annotations

import re

from client.view.contrast import Rgb

QUESTION = "\x1b]11;?\x1b\\" + "\x1b[c"
_ANSWER = re.compile(r"\x1b\]11;([^\x07\x1b\x9c]{0,64})(?:\x07|\x1b\\|\x9c)|\x1b\[\?[\d;]*(c)")
_BEGUN = re.compile(r"\x1b(?:\](?:1(?:1(?:;[^\x07\x1b\x9c]{0,64}\x1b?)?)?)?|\[(?:\?[\d;]{0,32})?)?\Z")
_COLOUR = re.compile(r"rgba?:([\da-f]{1,4})/([\da-f]{1,4})/([\da-f]{1,4})(?:/[\da-f]{1,4})?", re.IGNORECASE)


class Answers:
    """The answers of one terminal."""

    def __init__(self) -> None:
        self.background: Rgb | None = None
        self.is_due = False  # an answer may still come
        self._kept = ""  # what could be the beginning of one

    def asked(self) -> None:
        """Note that the terminal was asked."""
        self.is_due = True

    def given_up(self) -> None:
        """Note that no answer is waited for any more."""
        self.is_due = False

    def without(self, text: str) -> str:
        """Return of `text`, which came from the terminal, what was typed."""
        text, self._kept = _ANSWER.sub(self._note, self._kept + text), ""
        begun = _BEGUN.search(text) if self.is_due else None
        if begun is not None:
            text, self._kept = text[: begun.start()], begun[0]
        return text

    def _note(self, answer: re.Match[str]) -> str:
        if answer[2]:
            self.is_due = False
        else:
            self.background = _colour(answer[1]) or self.background
        return ""


def _colour(text: str) -> Rgb | None:
    """Return the colour that `text` is, as X11 writes it: each part in one to four hexadecimal digits."""
    found = _COLOUR.fullmatch(text)
    if found is None:
        return None
    red, green, blue = (round(int(part, 16) * 255 / (16 ** len(part) - 1)) for part in found.groups())
    return Rgb(red, green, blue)
