"""Slash: for people who type `/whisper bob hi`, and plain lines that everybody is to read.

The parser serves frames, too: what a framed client's user typed is sent as it is. The verbs differ from this dialect
in their parser and in how a few events read, so they take TextDialect and RENDERERS from here.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from typing import Any

from protocol import acts, events, requests
from protocol.codec import Codec
from protocol.commands import BY_REQUEST, BY_WORD, PASSWORD, Command, arguments, find, folded
from protocol.dialects.dialect import A_COMMAND, A_MESSAGE, A_NAME, A_PASSWORD, Dialect
from protocol.errors import ErrorCode, ProtocolError
from protocol.lines import LineCodec
from protocol.requests import Disconnect, LineRequest, LocalRequest, Malformed, Nick, Password, Request, Say, Whisper
from protocol.sanitize import begins_with_slash, clean, printable
from protocol.telnet import CTRL_D, HIDE_TYPING, SHOW_TYPING
from protocol.text import WIDTH, utc
from protocol.wrapping import LINE_BREAK, wrap

Renderer = Callable[[Any], str | bytes]

_INSTEAD: dict[object, type] = {requests.Reply: Whisper, requests.Log: requests.ListHistory}

# --- line -> request ---------------------------------------------------------------------------------------------


def parse_slash(text: str, named: bool, cseq: int | None = None) -> LineRequest:
    """Return what a slash user's line means. Raises ProtocolError."""
    if named and not begins_with_slash(text):  # talk: nearly always
        return Say(clean(text), cseq)
    typed, text = printable(text), clean(text)
    if not text.startswith("/"):
        return Say(text, cseq) if named else Nick(text, cseq)
    if text.startswith("//") and named:  # a slash that is meant as one
        return Say(text[1:], cseq)
    word = text.partition(" ")[0]
    command = find(word)
    check_precondition(command, named)
    request = command.build(*arguments(command, argument_text(command, typed, text), command.usage_as(word)), cseq=cseq)
    if isinstance(request, LocalRequest):
        raise _belongs_to_the_client(command, word.lower())
    return request


def _belongs_to_the_client(command: Command, word: str) -> ProtocolError:
    instead = _INSTEAD.get(command.build)
    here = "" if instead is None else f" Here: {BY_REQUEST[instead].usage}"
    return ProtocolError(ErrorCode.CLIENT_ONLY, word=word, where=_where(command), instead=here)


def _where(command: Command) -> str:
    """Return where a command works that is a client's."""
    return "in the client for terminals" if command.for_terminals else "in a browser and in the client for terminals"


def slash_word(text: str, named: bool) -> str:
    """Return what the log calls the line `text`."""
    word = clean(text).partition(" ")[0].lower()
    if word.startswith("/") and (begins_with_slash(text) or not named):
        return word if word[1:] in BY_WORD else A_COMMAND
    return A_MESSAGE if named else A_NAME


def argument_text(command: Command, typed: str, text: str) -> str:
    """Return what follows the command's word in `text`, the cleaned line. A password is taken from the line as it was
    `typed`, since cleaning could change it."""
    return (typed if PASSWORD in command.parameters else text).partition(" ")[2].strip()


def check_precondition(command: Command, named: bool) -> None:
    """Raise ProtocolError if the command needs a name and there is none: this comes before its form (C2, E10)."""
    if command.needs_name and not named:
        raise ProtocolError(ErrorCode.NOT_NAMED)


# --- event -> lines ----------------------------------------------------------------------------------------------


class TextDialect:
    """A dialect of text lines: its parser, its words for the log, and a renderer for each event that text is sent.

    Two events are for programs alone, Pinged and Missed: a text session answers no ping and resumes nothing.
    """

    codec: type[Codec] = LineCodec
    echoes = counts = pings = has_hello = False

    def __init__(
        self,
        name: str,
        parse_text: Callable[[str, bool], LineRequest],
        word_in: Callable[[str, bool], str],
        renderers: Mapping[type, Renderer],
    ) -> None:
        self.name = name
        self._parse_text = parse_text
        self._word_in = word_in
        self._renderers = renderers

    def parse(self, payload: bytes, named: bool, asked: bool = False) -> Request:
        """Return the request in a line, as Dialect.parse."""
        if payload == CTRL_D:
            return Disconnect()
        try:
            if asked:
                return Password(payload.decode())
            return self._parse_text(payload.decode(), named)
        except UnicodeDecodeError:
            return Malformed(ProtocolError(ErrorCode.BAD_ENCODING))
        except ProtocolError as error:
            return Malformed(error)

    def word(self, payload: bytes, named: bool, asked: bool = False) -> str:
        """Return the log's word for a line, as Dialect.word."""
        if asked:
            return A_PASSWORD
        return "Ctrl-D" if payload == CTRL_D else self._word_in(payload.decode(errors="replace"), named)

    def render(self, event: events.Event) -> bytes:
        """Return the lines of an event, without the end of the last one. KeyError: an event for programs alone."""
        rendered = self._renderers[type(event)](event)
        return rendered.encode() if isinstance(rendered, str) else rendered


def joined(*lines: str) -> str:
    """Return `lines` as one payload."""
    return LINE_BREAK.join(lines)


def _users(event: events.UsersListed) -> str:
    names = textwrap.wrap(", ".join(event.names), WIDTH, break_on_hyphens=False)
    return joined(f"Connected users: {event.count}", *names)


def _help(event: events.HelpListed) -> str:
    """Explain what text users have, so that it fits a screen, and only name what is a client's."""
    usable = [c for c in folded(event.commands) if not _is_the_clients(c)]
    if not usable:
        return joined(*(line for c in event.commands for line in _help_row(c, len(c.usage) + 2)))
    width = max(len(c.usage) for c in usable) + 2
    return joined(*(line for c in usable for line in _help_row(c, width)), *_only_named(event.commands))


def _only_named(commands: tuple[events.CommandHelp, ...]) -> list[str]:
    named = ", ".join(c.usage for c in commands if _is_the_clients(c))
    text = f"Only in a browser and in the client for terminals: {named}" if named else ""
    return textwrap.wrap(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _is_the_clients(command: events.CommandHelp) -> bool:
    row = BY_WORD.get(command.name)
    return row is not None and row.is_the_clients


def _help_row(command: events.CommandHelp, width: int) -> list[str]:
    first, margin = f"{command.usage:<{width}}", " " * width
    explained, *example = command.explained.split("\n")
    whose = f" (It works {_where(BY_WORD[command.name])}.)" if _is_the_clients(command) else ""
    lines = textwrap.wrap(
        f"{explained}{whose}", WIDTH, initial_indent=first, subsequent_indent=margin, break_on_hyphens=False
    )
    return lines + [f"{margin}{line}" for line in example]


def _history(event: events.HistoryListed) -> str:
    heading = [f"* {event.text.removesuffix(':')} (times are UTC):"] if event.text else []
    return joined(*heading, *map(_past, event.entries))


def _past(entry: events.Past) -> str:
    if entry.announced:
        said = acts.announced(entry.name, entry.text)
    else:
        said = acts.told(entry.name, entry.text) if entry.to is None else f"{entry.name} to {entry.to}: {entry.text}"
    return wrap(f"[{utc(entry.at)}] {said}")


def _welcome(event: events.Welcomed) -> str:
    return joined(
        wrap(f"Welcome, {event.name}. You may chat now; /help (or /cmd) lists the commands."),
        f"* Users here: {event.count}",
    )


RENDERERS: dict[type, Renderer] = {
    events.Said: lambda e: wrap(acts.told(e.name, e.text)),
    events.Whispered: lambda e: wrap(f"{e.name} whispers: {e.text}"),
    events.Joined: lambda e: f"* {e.name} has connected. Users here: {e.count}",
    events.Left: lambda e: wrap(f"* {e.name} has left ({e.reason}). Users here: {e.count}"),
    events.Renamed: lambda e: f"* {e.old} is now {e.name}",
    events.Announced: lambda e: wrap(acts.announced(e.name, e.text)),
    events.RoleChanged: lambda e: f"* {acts.role(e.operator)}",
    events.Welcomed: _welcome,
    events.Asked: lambda e: wrap(e.text) if e.what == "name" else HIDE_TYPING + wrap(e.text).encode(),
    events.PasswordTaken: lambda _: SHOW_TYPING,
    events.UsersListed: _users,
    events.HelpListed: _help,
    events.HistoryListed: _history,
    events.Ponged: lambda _: "pong",
    events.Noticed: lambda e: wrap(f"* {e.text}"),
    events.Refused: lambda e: wrap(f"! {e.text}"),
    events.Dismissed: lambda e: wrap(e.reason),
}

SLASH: Dialect = TextDialect("slash", parse_slash, slash_word, RENDERERS)
