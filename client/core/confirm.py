"""Lines that stay in the editor though Enter was pressed, since they may not be meant as they stand. Pure.

A line goes to everybody unless it begins with a slash, so a slash that is missing, or hidden behind something, may tell
the room a secret. A word that people also use to talk, such as "reply" or "quit", is held only if what follows it makes
it a command. Blocks of lines are held, too, lines that are too long, which would be refused, and what is entered first
after a name was lost over a line that was being typed.

No question is asked, so no key that was meant for the line can be an answer. A notice says why the line is still there,
until the line is changed. Enter on the unchanged line, after a pause, sends it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from protocol import requests
from protocol.commands import BY_REQUEST, BY_WORD, Command
from protocol.lines import LINE_LIMIT
from protocol.sanitize import begins_with_slash, clean
from protocol.text import key_of

PAUSE = 0.7  # seconds without an Enter, since the line was held, that make the next one a decision
_HIDDEN_SLASH = re.compile(r"[^\w\s]*[/\\]\s*(\w+)")  # \whisper, ./whisper, "/whisper
_WHISPER, _REPLY = BY_REQUEST[requests.Whisper], BY_REQUEST[requests.Reply]
_SECRET = (BY_REQUEST[requests.Register], BY_REQUEST[requests.ChangePassword])
_LEAVING = BY_REQUEST[requests.Disconnect]


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a text is held, in a sentence or two, and what may become of it."""

    notice: str
    meant: str = ""  # the command that it should have been; "" if that is not known
    may_be_sent: bool = True  # as it stands


def doubt_of_name(text: str) -> Doubt | None:
    """Return why `text` is not to be sent as a name at once: it may be the rest of a line; None for a command."""
    if not text.strip() or begins_with_slash(text):
        return None
    return Doubt("Not sent yet: your name was lost while you typed. Enter again takes this for a new name.")


def doubt(text: str, size: Callable[[str], int], names: Iterable[str], whisperer: str = "") -> Doubt | None:
    """Return why `text`, as it was entered, is not to be sent at once; None if there is no doubt.

    `size` returns how many bytes a line has on its way. `names` are those of the others here; `whisperer` is the
    name that a reply would go to, "" for none.
    """
    lines = text.splitlines()
    longest = max(map(size, lines), default=0)
    if longest > LINE_LIMIT:
        which = "It" if len(lines) == 1 else "The longest line"
        return Doubt(
            f"Not sent: {which} has {longest:,} bytes, and {LINE_LIMIT:,} are possible. Shorten it.", "", False
        )
    if len(lines) > 1:
        return Doubt(f"Not sent yet: these are {len(lines)} lines. Enter again sends them, Ctrl-C clears them.")
    meant = _meant(text, names, whisperer)
    if not meant:
        return None
    remedy = "Alt-/ makes it one; Enter again says it to everyone."
    return Doubt(f"Not sent yet: it looks like a command, which begins with /. {remedy}", meant)


class Holding:
    """The line that is held, if there is one. Times are monotonic seconds."""

    def __init__(self) -> None:
        self.doubt: Doubt | None = None
        self._text = ""
        self._entered_at = 0.0

    def takes(self, text: str, doubt: Doubt | None, now: float) -> bool:
        """Return whether `text`, which was entered at `now`, stays in the editor; `doubt` is why it should."""
        is_decided = self.doubt is not None and text == self._text and now - self._entered_at >= PAUSE
        if doubt is None or (is_decided and doubt.may_be_sent):
            self.doubt = None
            return False
        self.doubt, self._text, self._entered_at = doubt, text, now
        return True

    def ends(self) -> None:
        """Note that the line was changed, or is gone."""
        self.doubt = None


def _meant(text: str, names: Iterable[str], whisperer: str) -> str:
    """Return the command that the line `text` was probably meant to be; "" if it is talk, or is that command."""
    line = clean(text)
    if begins_with_slash(text):
        return ""
    if line.startswith("/"):  # behind a space
        return "" if line.startswith("//") else line
    hidden = _HIDDEN_SLASH.match(line)
    if hidden is not None:
        return f"/{line[hidden.start(1) :]}" if hidden[1].lower() in BY_WORD else ""
    word, _, rest = line.partition(" ")
    if word.lower() == _WHISPER.name and " " in rest:  # even if no user has that name any more
        return f"/{line}"
    return f"/{line}" if _is_likely(BY_WORD.get(word.lower()), rest, names, whisperer) else ""


def _is_likely(command: Command | None, rest: str, names: Iterable[str], whisperer: str) -> bool:
    """Return whether `rest` behind the bare word of `command` makes more sense as a command than as talk."""
    if command is _WHISPER:
        return key_of(rest.partition(" ")[0]) in map(key_of, names)
    if command is _REPLY:
        return bool(whisperer and rest)
    if command is _LEAVING:
        return not rest
    return command in _SECRET
