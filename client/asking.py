"""What is asked about before it is sent: a block of lines, and a line that looks like a command gone wrong. Pure.

A line goes to everybody unless it begins with a slash, so a slash that is missing, or hidden behind something, may tell
the room a secret. Words that people also use to talk, such as "back" or "help", are asked about by their company only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from protocol import messages
from protocol.commands import BY_REQUEST, BY_WORD, Command
from protocol.sanitize import clean
from protocol.text import excerpt, key_of

_HIDDEN_SLASH = re.compile(r"[^\w\s]*[/\\]\s*(\w+)")  # \whisper, ./whisper, "/whisper
_WHISPER, _REPLY = BY_REQUEST[messages.Whisper], BY_REQUEST[messages.Reply]
_SECRET = (BY_REQUEST[messages.Register], BY_REQUEST[messages.ChangePassword])
_PREVIEW = 3  # lines
_LEAVING = BY_REQUEST[messages.Disconnect]


def question(text: str, names: Iterable[str], whisperer: str = "") -> str:
    """Return what is to be asked before `text`, as it was entered, is sent; "" if there is no doubt.

    `names` are those of the others here; `whisperer` is whom a reply would go to, "" for nobody.
    """
    lines = text.splitlines()
    if len(lines) > 1:
        return f"Send {len(lines)} lines?"
    line = clean(text)
    if _was_meant_as_command(line, names, whisperer):
        return f'Say "{excerpt(line)}" to everyone? It looks like a command.'
    if text[:1].isspace() and line.startswith("/") and not line.startswith("//"):
        return f"Carry out {excerpt(line)} though it begins with a space?"
    return ""


def preview(text: str) -> list[str]:
    """Return the first lines of a block, shortened, and how many there are besides; nothing for a single line."""
    lines = text.splitlines()
    if len(lines) < 2:
        return []
    more = len(lines) - _PREVIEW
    return [*(f"  {excerpt(line)}" for line in lines[:_PREVIEW]), *([f"  and {more} more"] if more > 0 else [])]


def _was_meant_as_command(line: str, names: Iterable[str], whisperer: str) -> bool:
    if line.startswith("/"):
        return False
    hidden = _HIDDEN_SLASH.match(line)
    if hidden is not None:
        return hidden[1].lower() in BY_WORD
    word, _, rest = line.partition(" ")
    if word.lower() == _WHISPER.name and " " in rest:  # even if there is nobody of that name any more
        return True
    return _is_likely(BY_WORD.get(word.lower()), rest, names, whisperer)


def _is_likely(command: Command | None, rest: str, names: Iterable[str], whisperer: str) -> bool:
    """Say whether `rest` behind the bare word of `command` makes more sense as a command than as talk."""
    if command is _WHISPER:
        return key_of(rest.partition(" ")[0]) in map(key_of, names)
    if command is _REPLY:
        return bool(whisperer and rest)
    if command is _LEAVING:
        return not rest
    return command in _SECRET
