"""What each event reads as: an event -> a Shown, which a screen only has to print, with colours or without. Pure."""

from __future__ import annotations

import textwrap
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto
from typing import Any

from protocol import messages
from protocol.commands import BY_REQUEST
from protocol.messages import CommandHelp, Event
from protocol.text import LATEST, WIDTH, key_of

SHADES = 8  # how many colours a screen has for names
_HELP = BY_REQUEST[messages.Help]


class Kind(Enum):
    """What something shown is, as a whole."""

    SAID = auto()
    WHISPERED = auto()
    NOTICE = auto()  # who comes and goes, and what else happens
    ANSWER = auto()  # to a command
    QUESTION = auto()  # the server needs something of us
    REFUSED = auto()


class Role(Enum):
    """What a span of text is."""

    TEXT = auto()
    NAME = auto()  # somebody else's, or ours where it stands among others'
    OWN = auto()  # our name, at our own line
    USAGE = auto()  # how a command is typed


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text, cleaned; a line end may be in it."""

    text: str
    role: Role = Role.TEXT


@dataclass(frozen=True, slots=True)
class Shown:
    """Something to show: one line or several, in spans."""

    kind: Kind
    spans: tuple[Span, ...]

    @property
    def text(self) -> str:
        """All of it without looks."""
        return "".join(span.text for span in self.spans)


def look(event: Event, me: str) -> Shown | None:
    """Return what the cleaned `event` reads as for the user called `me`; None for what is not for people."""
    shape = _LOOKS.get(type(event))
    return None if shape is None else shape(event, me)


def shade(name: str) -> int:
    """Return which of the SHADES colours `name` has: always the same, on each screen and at everybody's."""
    return zlib.crc32(key_of(name).encode()) % SHADES


def pong(seconds: float | None) -> Shown:
    """Return the answer to a ping that took `seconds`; None if it was none of ours."""
    return _shown(Kind.ANSWER, "pong" if seconds is None else f"pong: {seconds * 1000:.1f} ms")


def refusal(text: str) -> Shown:
    """Return what tells that something was refused, by the server or here."""
    return _shown(Kind.REFUSED, f"! {text}")


def _shown(kind: Kind, *parts: str | Span) -> Shown:
    return Shown(kind, tuple(Span(part) if isinstance(part, str) else part for part in parts))


def _name(name: str) -> Span:
    return Span(name, Role.NAME)


def _said(event: messages.Said, me: str) -> Shown:
    return _shown(Kind.SAID, Span(event.name, Role.OWN if event.name == me else Role.NAME), f": {event.text}")


def _whispered(event: messages.Whispered, me: str) -> Shown:
    sender, receiver = (Span("you", Role.OWN) if name == me else _name(name) for name in (event.name, event.to))
    return _shown(Kind.WHISPERED, sender, " -> ", receiver, f": {event.text}")


def _renamed(event: messages.Renamed, me: str) -> Shown:
    if event.name == me:
        return _shown(Kind.NOTICE, "* You are now ", _name(event.name))
    return _shown(Kind.NOTICE, "* ", _name(event.old), " is now ", _name(event.name))


def _welcomed(event: messages.Welcomed, me: str) -> Shown:
    told = f". You may chat now; /{_HELP.name} lists the commands.\n* Users here: {event.count}"
    return _shown(Kind.NOTICE, "* Welcome, ", _name(event.name), told)


def _joined(event: messages.Joined, me: str) -> Shown:
    return _shown(Kind.NOTICE, "* ", _name(event.name), f" has connected. Users here: {event.count}")


def _left(event: messages.Left, me: str) -> Shown:
    return _shown(Kind.NOTICE, "* ", _name(event.name), f" has left ({event.reason}). Users here: {event.count}")


def _missed(event: messages.Missed, me: str) -> Shown:
    if not event.missed:
        return _shown(Kind.NOTICE, "* The server began a new log: what you may have missed can't be had any more.")
    return _shown(Kind.NOTICE, f"* Messages that you missed and that can't be had any more: {event.missed}")


def first_missed(shown: Shown) -> Shown:
    """Return the first thing that was missed while the connection was lost, under a rule that says so."""
    return replace(shown, spans=(Span(f"{_rule('while you were away')}\n"), *shown.spans))


def back_again(missed: bool) -> Shown:
    """Return the line after what was missed, or instead of it."""
    return _shown(Kind.NOTICE, _rule("you are back") if missed else "* You are back, and missed nothing.")


def offline() -> Shown:
    """Return what tells that the connection is lost."""
    return _shown(Kind.NOTICE, "* The connection was lost. It is tried again; what you type meanwhile is kept.")


def _rule(text: str) -> str:
    return f"{f' {text} ':-^{WIDTH // 2}}"


def _history(event: messages.HistoryListed, me: str) -> Shown:
    parts = [part for entry in event.entries for part in _past(entry, me)]
    return _shown(Kind.ANSWER, event.text, *parts) if event.text else _shown(Kind.ANSWER, *parts[1:])


def _past(entry: messages.Past, me: str) -> Iterator[str | Span]:
    moment = datetime.fromtimestamp(min(entry.at, LATEST))
    yield "\n"
    yield f"[{moment:%Y-%m-%d %H:%M}] "
    yield Span(entry.name, Role.OWN if entry.name == me else Role.NAME)
    if entry.to is not None:
        yield " -> "
        yield Span(entry.to, Role.OWN if entry.to == me else Role.NAME)
    yield f": {entry.text}"


def _users(event: messages.UsersListed, me: str) -> Shown:
    """Lay the names out in columns, row by row."""
    width = max(map(len, event.names), default=0) + 2
    columns = max(1, WIDTH // width)
    spans: list[str | Span] = [f"Connected users: {event.count}"]
    for index, name in enumerate(event.names):
        before = "\n  " if index % columns == 0 else " " * (width - len(event.names[index - 1]))
        spans += [before, _name(name)]
    return _shown(Kind.ANSWER, *spans)


def _help(event: messages.HelpListed, me: str) -> Shown:
    """Lay the commands out in two columns, how they are typed and what they do."""
    width = min(max((len(command.usage) for command in event.commands), default=0) + 2, WIDTH // 2)
    spans = [span for command in event.commands for span in _help_row(command, width)]
    return _shown(Kind.ANSWER, *spans[1:])


def _help_row(command: CommandHelp, width: int) -> Iterator[Span]:
    lines = textwrap.wrap(command.explained, max(WIDTH - width, WIDTH // 3), break_on_hyphens=False)
    yield Span("\n")
    yield Span(command.usage, Role.USAGE)
    yield Span(" " * max(2, width - len(command.usage)) + ("\n" + " " * width).join(lines))


_LOOKS: dict[type, Callable[[Any, str], Shown]] = {
    messages.Said: _said,
    messages.Whispered: _whispered,
    messages.Joined: _joined,
    messages.Left: _left,
    messages.Renamed: _renamed,
    messages.Welcomed: _welcomed,
    messages.Asked: lambda event, _: _shown(Kind.QUESTION, event.text),
    messages.UsersListed: _users,
    messages.HelpListed: _help,
    messages.HistoryListed: _history,
    messages.Noticed: lambda event, _: _shown(Kind.NOTICE, f"* {event.text}"),
    messages.Refused: lambda event, _: refusal(event.text),
    messages.Missed: _missed,
    messages.Dismissed: lambda event, _: _shown(Kind.NOTICE, event.reason),
}
