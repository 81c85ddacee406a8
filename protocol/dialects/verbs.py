"""Verbs: the five words of the second system (JOIN, LIST, MESG, BCST, QUIT; section E of the requirements)."""

from __future__ import annotations

from protocol import events
from protocol.commands import BY_VERB, BY_WORD, Command, arguments
from protocol.dialects.dialect import Dialect
from protocol.dialects.slash import RENDERERS as SLASH_RENDERERS
from protocol.dialects.slash import (
    TextDialect,
    argument_text,
    check_precondition,
    joined,
    slash_word,
)
from protocol.errors import ErrorCode, ProtocolError
from protocol.requests import Disconnect, LineRequest
from protocol.sanitize import clean, printable
from protocol.text import excerpt
from protocol.wrapping import wrap


def _parse_verb(text: str, named: bool) -> LineRequest:
    """Return what a verb user's line means. Raises ProtocolError."""
    typed, text = printable(text), clean(text)
    command = _find_verb(text.partition(" ")[0], named)
    check_precondition(command, named)
    return command.build(*arguments(command, argument_text(command, typed, text), command.verb_usage))  # type: ignore[return-value]  # no verb is local


def _find_verb(word: str, named: bool) -> Command:
    if word.upper() in BY_VERB:
        return BY_VERB[word.upper()]
    command = BY_WORD.get(word[1:].lower()) if word.startswith("/") else None
    if command is not None and command.build is Disconnect:  # every way to leave works for everyone
        return command
    raise ProtocolError(ErrorCode.UNKNOWN_COMMAND if named else ErrorCode.NOT_NAMED, word=excerpt(word), hint="")


def _verb_word(text: str, named: bool) -> str:
    word = clean(text).partition(" ")[0].upper()
    return word if word in BY_VERB else slash_word(text, named=True)


_VERB_PHRASES = {fault.code: fault.verbs for fault in ErrorCode if fault.verbs}

_VERB_USAGES = "Verbs: " + ", ".join(command.verb_usage for command in BY_VERB.values())


def _verb_refusal(event: events.Refused) -> str:
    phrase = _VERB_PHRASES.get(event.code) or wrap(event.text)
    return joined(phrase, _VERB_USAGES) if event.code == ErrorCode.UNKNOWN_COMMAND.code else phrase


RENDERERS = SLASH_RENDERERS | {
    events.Welcomed: lambda e: f"Welcome, {e.name}. Users here: {e.count}",
    events.Asked: lambda _: "To register: JOIN NAME",
    events.UsersListed: lambda e: joined(*e.names),  # E7: each on a line of its own
    events.Refused: _verb_refusal,
}
OPEN_RENDERERS = RENDERERS | {
    events.Asked: lambda _: "To register: JOIN NAME (you speak verbs now; /setname NAME leads back)",
}


VERBS: Dialect = TextDialect("verbs", _parse_verb, _verb_word, RENDERERS)
# For a session that a first word made one of verbs, maybe by chance: its question says how to go back.
OPEN_VERBS: Dialect = TextDialect("verbs", _parse_verb, _verb_word, OPEN_RENDERERS)
