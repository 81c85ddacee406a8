"""The dialects: payload -> request, event -> payload. One each for people who type slashes, verbs, and for frames.

`parse` needs to know whether the peer has a name yet, because until then a slash user's plain line is an attempt at
one (A3). `render` depends on nothing but the event, so that an event is rendered once for all readers of a dialect.
A dialect keeps no state: there is one object of each, and two connections speak the same one if it `is` the same.

What people typed wrongly comes back as a Malformed request, in its place among the others; `parse` never raises.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from protocol import acts, events, requests
from protocol.codec import Codec
from protocol.commands import BY_REQUEST, BY_VERB, BY_WORD, PASSWORD, Command, arguments, find
from protocol.errors import ErrorCode, ProtocolError
from protocol.framing import FrameCodec
from protocol.lines import LINE_LIMIT, LineCodec
from protocol.objects import FROM_CLIENT, dump, load
from protocol.requests import (
    Disconnect,
    Line,
    LineRequest,
    LocalRequest,
    Malformed,
    Nick,
    Password,
    Request,
    Say,
    Whisper,
)
from protocol.sanitize import begins_with_slash, clean, printable
from protocol.telnet import CTRL_D, HIDE_TYPING, SHOW_TYPING
from protocol.text import WIDTH, excerpt, utc

_WHISPER = BY_REQUEST[Whisper]


class Dialect(Protocol):
    """What a connection and the fan-out need of a dialect."""

    name: str
    echoes: bool  # a session is shown its own lines, as the room's readers are
    counts: bool  # its lines have a `cseq`, so that each is answered by number, and once
    pings: bool  # its end answers a Pinged by itself

    @property
    def codec(self) -> type[Codec]:
        """The codec whose payloads these are."""

    def parse(self, payload: bytes, named: bool, asked: bool = False) -> Request:
        """Return what `payload` asks for; Malformed where that is not clear.

        `named`: the session has its name. `asked`: it has been asked for a password.
        """

    def word(self, payload: bytes, named: bool, asked: bool = False) -> str:
        """Return what the log calls the line `payload`: its command as it was typed, such as `/private`, or its kind.

        A word that is no command of ours is not repeated: it may have been meant as a password.
        """

    def render(self, event: events.Event) -> bytes:
        """Return the payload that tells a peer of `event`."""


A_NAME, A_PASSWORD, A_MESSAGE, A_COMMAND, UNREADABLE = "a name", "a password", "a message", "a command", "a line"

# --- slash -------------------------------------------------------------------------------------------------------


def parse_slash(text: str, named: bool, cseq: int | None = None) -> LineRequest:
    """Return what a slash user's line means. Raises ProtocolError."""
    is_talk = named and not begins_with_slash(text)
    typed, text = printable(text), clean(text)
    if is_talk or not text.startswith("/"):
        return Say(text, cseq) if named else Nick(text, cseq)
    if text.startswith("//") and named:  # a slash that is meant as one
        return Say(text[1:], cseq)
    word = text.partition(" ")[0]
    command = find(word)
    _check_precondition(command, named)
    request = command.build(*arguments(command, _rest(command, typed, text), command.usage_as(word)), cseq=cseq)
    if isinstance(request, LocalRequest):
        raise _belongs_to_the_client(command, word.lower())
    return request


def _belongs_to_the_client(command: Command, word: str) -> ProtocolError:
    instead = f" Here: {_WHISPER.usage}" if command.build is requests.Reply else ""
    return ProtocolError(ErrorCode.CLIENT_ONLY, word=word, instead=instead)


def _slash_word(text: str, named: bool) -> str:
    word = clean(text).partition(" ")[0].lower()
    if word.startswith("/") and (begins_with_slash(text) or not named):
        return word if word[1:] in BY_WORD else A_COMMAND
    return A_MESSAGE if named else A_NAME


def _verb_word(text: str, named: bool) -> str:
    word = clean(text).partition(" ")[0].upper()
    return word if word in BY_VERB else _slash_word(text, named=True)


def _parse_verb(text: str, named: bool) -> LineRequest:
    """Return what a verb user's line means. Raises ProtocolError."""
    typed, text = printable(text), clean(text)
    command = _find_verb(text.partition(" ")[0], named)
    _check_precondition(command, named)
    return command.build(*arguments(command, _rest(command, typed, text), command.verb_usage))  # type: ignore[return-value]  # no verb is local


def _rest(command: Command, typed: str, text: str) -> str:
    """Return what follows the command's word: cleaned; but a password as it was typed, or it would be another one."""
    return (typed if PASSWORD in command.parameters else text).partition(" ")[2].strip()


def _find_verb(word: str, named: bool) -> Command:
    if word.upper() in BY_VERB:
        return BY_VERB[word.upper()]
    command = BY_WORD.get(word[1:].lower()) if word.startswith("/") else None
    if command is not None and command.build is Disconnect:  # every way to leave works for everyone
        return command
    raise ProtocolError(ErrorCode.UNKNOWN_COMMAND if named else ErrorCode.NOT_NAMED, word=excerpt(word), hint="")


def _check_precondition(command: Command, named: bool) -> None:
    """Refuse what needs a name before looking at its form: who has none is to hear that first (C2, E10)."""
    if command.needs_name and not named:
        raise ProtocolError(ErrorCode.NOT_NAMED)


class _TextDialect:
    """Lines of text. The two of them differ in a parser and in how a few events look: both are data here."""

    codec: type[Codec] = LineCodec
    echoes = counts = pings = False

    def __init__(
        self,
        name: str,
        parse_text: Callable[[str, bool], LineRequest],
        word_in: Callable[[str, bool], str],
        looks: Mapping[type, Callable[[Any], str | bytes]],
    ) -> None:
        self.name = name
        self._parse_text = parse_text
        self._word_in = word_in
        self._looks = looks

    def parse(self, payload: bytes, named: bool, asked: bool = False) -> Request:
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
        if asked:
            return A_PASSWORD
        return "Ctrl-D" if payload == CTRL_D else self._word_in(payload.decode(errors="replace"), named)

    def render(self, event: events.Event) -> bytes:
        look = self._looks[type(event)](event)
        return look.encode() if isinstance(look, str) else look


def _lines(*lines: str) -> str:
    return "\r\n".join(lines)


def _own(text: str) -> str:
    """Return a line of the server's own; what is wider than a terminal goes on in the next one, set in."""
    if len(text) <= WIDTH:
        return text
    return _lines(*textwrap.wrap(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False))


def _users(event: events.UsersListed) -> str:
    names = textwrap.wrap(", ".join(event.names), WIDTH, break_on_hyphens=False)
    return _lines(f"Connected users: {event.count}", *names)


def _help(event: events.HelpListed) -> str:
    width = max(len(c.usage) for c in event.commands) + 2
    return _lines(*(line for c in event.commands for line in _help_row(c, width)))


def _help_row(command: events.CommandHelp, width: int) -> list[str]:
    first = f"{command.usage:<{width}}"
    return textwrap.wrap(
        command.explained, WIDTH, initial_indent=first, subsequent_indent=" " * width, break_on_hyphens=False
    )


def _history(event: events.HistoryListed) -> str:
    heading = [f"* {event.text}"] if event.text else []
    return _lines(*heading, *map(_past, event.entries))


def _past(entry: events.Past) -> str:
    said = acts.told(entry.name, entry.text) if entry.to is None else f"{entry.name} to {entry.to}: {entry.text}"
    return f"[{utc(entry.at)}] {said}"


def _welcome(event: events.Welcomed) -> str:
    return _lines(
        _own(f"Welcome, {event.name}. You may chat now; /help (or /cmd) lists the commands."),
        f"* Users here: {event.count}",
    )


_SLASH_LOOKS: dict[type, Callable[[Any], str | bytes]] = {
    events.Said: lambda e: acts.told(e.name, e.text),
    events.Whispered: lambda e: f"{e.name} whispers: {e.text}",
    events.Joined: lambda e: f"* {e.name} has connected. Users here: {e.count}",
    events.Left: lambda e: f"* {e.name} has left ({e.reason}). Users here: {e.count}",
    events.Renamed: lambda e: f"* {e.old} is now {e.name}",
    events.Welcomed: _welcome,
    events.Asked: lambda e: _own(e.text) if e.what == "name" else HIDE_TYPING + _own(e.text).encode(),
    events.PasswordTaken: lambda _: SHOW_TYPING,
    events.UsersListed: _users,
    events.HelpListed: _help,
    events.HistoryListed: _history,
    events.Ponged: lambda _: "pong",
    events.Noticed: lambda e: _own(f"* {e.text}"),
    events.Refused: lambda e: _own(f"! {e.text}"),
    events.Dismissed: lambda e: _own(e.reason),
}


# --- verbs -------------------------------------------------------------------------------------------------------

_VERB_PHRASES = {fault.code: fault.verbs for fault in ErrorCode if fault.verbs}

_VERB_USAGES = "Verbs: " + ", ".join(command.verb_usage for command in BY_VERB.values())


def _verb_refusal(event: events.Refused) -> str:
    phrase = _VERB_PHRASES.get(event.code) or _own(event.text)
    return _lines(phrase, _VERB_USAGES) if event.code == ErrorCode.UNKNOWN_COMMAND.code else phrase


_VERB_LOOKS = _SLASH_LOOKS | {
    events.Welcomed: lambda e: f"Welcome, {e.name}. Users here: {e.count}",
    events.Asked: lambda _: "To register: JOIN NAME",
    events.UsersListed: lambda e: _lines(*e.names),  # E7: each on a line of its own
    events.Refused: _verb_refusal,
}
_OPEN_VERB_LOOKS = _VERB_LOOKS | {
    events.Asked: lambda _: "To register: JOIN NAME (you speak verbs now; /setname NAME leads back)",
}


# --- frames ------------------------------------------------------------------------------------------------------


_FRAME_WORDS = {requests.Hello: "hello", requests.Name: A_NAME, Password: A_PASSWORD, requests.Pong: "pong"}


class _JsonDialect:
    """Frames of JSON objects. What the user typed is in them as a slash line, so new commands need no new client."""

    name = "json"
    codec: type[Codec] = FrameCodec
    echoes = counts = pings = True

    def parse(self, payload: bytes, named: bool, asked: bool = False) -> Request:
        cseq = None
        try:
            request: Line | Request = load(payload, FROM_CLIENT)
            if not isinstance(request, Line):
                return request
            cseq = request.cseq
            return _parse_line(request, named)
        except ProtocolError as error:
            return Malformed(error, cseq)

    def word(self, payload: bytes, named: bool, asked: bool = False) -> str:
        try:
            request = load(payload, FROM_CLIENT)
        except ProtocolError:
            return UNREADABLE
        return _slash_word(request.text, named) if isinstance(request, Line) else _FRAME_WORDS[type(request)]

    def render(self, event: events.Event) -> bytes:
        return dump(event)


def _parse_line(line: Line, named: bool) -> LineRequest:
    if len(line.text.encode(errors="replace")) > LINE_LIMIT:
        raise ProtocolError(ErrorCode.TOO_LONG, limit=LINE_LIMIT)
    request = parse_slash(line.text, named, line.cseq)
    if line.as_of is not None and isinstance(request, Whisper):
        return replace(request, as_of=line.as_of, epoch=line.epoch)
    return request


SLASH: Dialect = _TextDialect("slash", parse_slash, _slash_word, _SLASH_LOOKS)
VERBS: Dialect = _TextDialect("verbs", _parse_verb, _verb_word, _VERB_LOOKS)
OPEN_VERBS: Dialect = _TextDialect(
    "verbs", _parse_verb, _verb_word, _OPEN_VERB_LOOKS
)  # by a first word, which may be chance
JSON: Dialect = _JsonDialect()


def detect(payload: bytes, spoken: Dialect) -> Dialect:
    """Return the dialect that the line of a user without a name shows: OPEN_VERBS if its first word is a verb in any
    case, SLASH if it begins with a slash; where it shows nothing, the one that was `spoken` until now."""
    word = payload.split(None, 1)[0] if payload.strip() else b""
    if word.startswith(b"/"):
        return SLASH
    return OPEN_VERBS if word.upper().decode("ascii", "replace") in BY_VERB else spoken
