"""How each event reads: an event -> a Shown, which a screen prints with colours or without. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, auto
from typing import Any

from client.core import help_list
from client.core.links import links
from protocol import acts, events, requests
from protocol.commands import BY_REQUEST
from protocol.errors import ErrorCode
from protocol.events import Event
from protocol.text import LATEST, WIDTH

_HELP = BY_REQUEST[requests.Help]


class Kind(Enum):
    """The kind of something shown, as a whole."""

    SAID = auto()
    WHISPERED = auto()
    NOTICE = auto()  # who comes and goes, and what else happens
    ANSWER = auto()  # to a command
    QUESTION = auto()  # the server needs something of us
    REFUSED = auto()


class Role(Enum):
    """The role of a span of text."""

    TEXT = auto()
    ACT = auto()  # an action, by /me
    NAME = auto()  # a user's, or ours where it stands among others'
    OWN = auto()  # our name, at our own line
    USAGE = auto()  # how a command is typed
    MENTION = auto()  # our name, in what another user says
    TIME = auto()  # when it was
    RULE = auto()  # a line between what was and what comes


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text, cleaned; a line end may be in it. It leads to an `address` of the web, unless that is ""."""

    text: str
    role: Role = Role.TEXT
    address: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """Something to show: one line or several, in spans. `event` is its source; None for the client's own words.

    Of those, `fault` is what went wrong, if anything did: its number and code are for scripts, and no people see them.
    """

    kind: Kind
    spans: tuple[Span, ...]
    event: Event | None = field(default=None, compare=False)
    fault: ErrorCode | None = field(default=None, compare=False)

    @property
    def text(self) -> str:
        """All of it as plain text."""
        return "".join(span.text for span in self.spans)

    @property
    def is_mention(self) -> bool:
        """Whether our name is in it."""
        return any(span.role is Role.MENTION for span in self.spans)


def laid_out(shown: Shown, width: int) -> Shown:
    """Return `shown`, a list in it laid out `width` characters wide."""
    arrange = _LIST_RENDERERS.get(type(shown.event))
    return shown if arrange is None else replace(arrange(shown.event, width), event=shown.event)


def render_event(event: Event, me: str, width: int = WIDTH) -> Shown | None:
    """Return how the cleaned `event` reads for the user called `me`; None for one that is not shown.

    Lists are laid out `width` characters wide.
    """
    arrange = _LIST_RENDERERS.get(type(event))
    if arrange is not None:
        return replace(arrange(event, width), event=event)
    shape = _RENDERERS.get(type(event))
    return None if shape is None else replace(shape(event, me), event=event)


def pong(seconds: float | None, event: Event | None = None) -> Shown:
    """Return the answer to a ping that took `seconds`; None if it was none of ours."""
    return replace(answer("pong" if seconds is None else f"pong: {seconds * 1000:.1f} ms"), event=event)


def answer(text: str) -> Shown:
    """Return the answer to a command."""
    return compose(Kind.ANSWER, text)


def refusal(text: str, fault: ErrorCode | None = None) -> Shown:
    """Return a refusal, by the server or here."""
    return replace(compose(Kind.REFUSED, f"! {text}"), fault=fault)


def compose(kind: Kind, *parts: str | Span) -> Shown:
    """Return something to show, made of `parts`."""
    return Shown(kind, tuple(Span(part) if isinstance(part, str) else part for part in parts))


def name_span(name: str) -> Span:
    """Return a span that is the name of a user."""
    return Span(name, Role.NAME)


def _said(event: events.Said, me: str) -> Shown:
    author = Span(event.name, Role.OWN if event.name == me else Role.NAME)
    others = "" if event.name == me else me
    act = acts.act_in(event.text)
    if act is not None:
        return compose(Kind.SAID, author, " ", *_marked(f"*{act}*", others, Role.ACT))
    return compose(Kind.SAID, author, *_marked(f": {event.text}", others, Role.TEXT))


def _marked(text: str, me: str, role: Role) -> Iterator[Span]:
    return (Span(piece, Role.MENTION if is_me else role) for piece, is_me in mentions(text, me))


def mentions(text: str, name: str) -> Iterator[tuple[str, bool]]:
    """Yield `text` in pieces, and of each whether it is `name` as a word of its own, in any case; `name` may be "".

    A name within an address of the web is meant for nobody, and would cut the address in two.
    """
    if not name:
        yield text, False
        return
    # A name may hold hyphens, so that "ann" is no word of "ann-marie"; behind it one may stand for a dash.
    word = re.compile(rf"(?<!\w)(?<!\w-)({re.escape(name)})(?!\w)(?!-\w)", re.IGNORECASE)
    for part, is_link in links(text):
        for index, piece in enumerate([part] if is_link else word.split(part)):
            if piece:
                yield piece, index % 2 == 1


def _whispered(event: events.Whispered, me: str) -> Shown:
    sender, receiver = (Span("you", Role.OWN) if name == me else name_span(name) for name in (event.name, event.to))
    return compose(Kind.WHISPERED, sender, " -> ", receiver, f": {event.text}")


def _announced(event: events.Announced, me: str) -> Shown:
    return compose(Kind.SAID, Span(acts.announced(event.name, event.text), Role.MENTION))


def _renamed(event: events.Renamed, me: str) -> Shown:
    if event.name == me:
        return compose(Kind.NOTICE, "* You are now ", name_span(event.name))
    return compose(Kind.NOTICE, "* ", name_span(event.old), " is now ", name_span(event.name))


def _welcomed(event: events.Welcomed, me: str) -> Shown:
    text = (
        f". You may chat now; /{_HELP.name} (or /{_HELP.aliases[0]}) lists the commands.\n* Users here: {event.count}"
    )
    return compose(Kind.NOTICE, "* Welcome, ", name_span(event.name), text)


def _joined(event: events.Joined, me: str) -> Shown:
    return compose(Kind.NOTICE, "* ", name_span(event.name), f" has connected. Users here: {event.count}")


def _left(event: events.Left, me: str) -> Shown:
    return compose(Kind.NOTICE, "* ", name_span(event.name), f" has left ({event.reason}). Users here: {event.count}")


def _missed(event: events.Missed, me: str) -> Shown:
    if not event.missed:
        return compose(Kind.NOTICE, "* The server has begun anew: what you may have missed can't be had any more.")
    return compose(Kind.NOTICE, f"* Messages that you missed and that can't be had any more: {event.missed}")


def first_missed(shown: Shown) -> Shown:
    """Return the first thing that was missed while the connection was lost, under a rule that says so."""
    return _under(_rule("while you were away"), shown)


def first_unread(shown: Shown) -> Shown:
    """Return the first thing that came while the user may have looked elsewhere, under a rule that says so."""
    has_rule = any(span.role is Role.RULE for span in shown.spans)
    return shown if has_rule else _under(_rule("new"), shown)


def _under(rule: str, shown: Shown) -> Shown:
    return replace(shown, spans=(Span(f"{rule}\n", Role.RULE), *shown.spans))


def back_again(missed: bool, count: int) -> Shown:
    """Return the line after what was missed, or instead of it; the counts in what was missed were without us."""
    if missed:
        return compose(Kind.NOTICE, _rule(f"you are back, users here: {count}"))
    return compose(Kind.NOTICE, f"* You are back, and missed nothing. Users here: {count}")


def notice(text: str, fault: ErrorCode | None = None) -> Shown:
    """Return a notice, by the server or here."""
    return replace(compose(Kind.NOTICE, f"* {text}"), fault=fault)


def not_understood(fault: ErrorCode) -> Shown:
    """Return the notice of something that the server sent and this client can't read."""
    return notice(
        "The server sent something that this client does not understand, and it was left out. If that goes on, see "
        "whether there is a newer client.",
        fault,
    )


def offline() -> Shown:
    """Return the notice that the connection is lost."""
    return notice("The connection was lost. Trying again; what you type meanwhile is kept.")


def reconnecting() -> Shown:
    """Return the notice that the user has asked for another connection."""
    return notice("Connecting anew; what you type meanwhile is kept.")


def day(of: str) -> Shown:
    """Return the line between two days; `of` names the one that begins."""
    return compose(Kind.NOTICE, Span(_rule(of), Role.RULE))


def _rule(text: str) -> str:
    return f"{f' {text} ':-^{WIDTH // 2}}"


def _history(event: events.HistoryListed, me: str) -> Shown:
    parts = [part for entry in event.entries for part in _past(entry, me)]
    return compose(Kind.ANSWER, event.text, *parts) if event.text else compose(Kind.ANSWER, *parts[1:])


def _past(entry: events.Past, me: str) -> Iterator[str | Span]:
    moment = datetime.fromtimestamp(min(entry.at, LATEST))
    yield "\n"
    yield f"[{moment:%Y-%m-%d %H:%M}] "
    if entry.announced:
        yield Span(acts.announced(entry.name, entry.text), Role.MENTION)
        return
    act = acts.act_in(entry.text) if entry.to is None else None
    yield Span(entry.name, Role.OWN if entry.name == me else Role.NAME)
    if entry.to is not None:
        yield " -> "
        yield Span(entry.to, Role.OWN if entry.to == me else Role.NAME)
    if act is None:
        yield f": {entry.text}"
    else:
        yield " "
        yield Span(f"*{act}*", Role.ACT)


def _users(event: events.UsersListed, width: int) -> Shown:
    """Lay the names out in columns, row by row."""
    column = max(map(len, event.names), default=0) + 2
    columns = max(1, width // column)
    spans: list[str | Span] = [f"Connected users: {event.count}"]
    for index, name in enumerate(event.names):
        before = "\n  " if index % columns == 0 else " " * (column - len(event.names[index - 1]))
        spans += [before, name_span(name)]
    return compose(Kind.ANSWER, *spans)


def _help(event: events.HelpListed, width: int) -> Shown:
    rows = enumerate(help_list.laid_out(event, width))
    spans = (("\n" * (at > 0) + row.before, Span(row.usage, Role.USAGE), row.meaning) for at, row in rows)
    return compose(Kind.ANSWER, *(span for row in spans for span in row))


_RENDERERS: dict[type, Callable[[Any, str], Shown]] = {
    events.Said: _said,
    events.Whispered: _whispered,
    events.Joined: _joined,
    events.Left: _left,
    events.Renamed: _renamed,
    events.Announced: _announced,
    events.RoleChanged: lambda event, _: compose(Kind.NOTICE, f"* {acts.role(event.operator)}"),
    events.Welcomed: _welcomed,
    events.Asked: lambda event, _: compose(Kind.QUESTION, event.text),
    events.HistoryListed: _history,
    events.Noticed: lambda event, _: notice(event.text),
    events.Refused: lambda event, _: refusal(event.text),
    events.Missed: _missed,
    events.Dismissed: lambda event, _: compose(Kind.NOTICE, event.reason),
}
_LIST_RENDERERS: dict[type, Callable[[Any, int], Shown]] = {events.UsersListed: _users, events.HelpListed: _help}
