"""What a typed line means in a chat through a store, where this client itself answers commands. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from protocol import events
from protocol.commands import BY_REQUEST, Command, arguments
from protocol.errors import ErrorCode, ProtocolError
from protocol.events import CommandHelp
from protocol.requests import Disconnect, Help, ListUsers, Say
from protocol.sanitize import begins_with_slash, clean
from protocol.text import excerpt


@dataclass(frozen=True, slots=True)
class ShowStatus:
    """Tell what was delivered, and which faults were met."""


StoreCommand = Say | ListUsers | Help | Disconnect | ShowStatus

_COMMANDS: tuple[Command, ...] = tuple(BY_REQUEST[build] for build in (Say, ListUsers, Help, Disconnect))
_STATUS = CommandHelp("status", (), "/status", "Tell what has been delivered, and which faults of the store were met.")
_BY_WORD = {word: command for command in _COMMANDS for word in (command.name, *command.aliases)}


def parse(line: str) -> StoreCommand | None:
    """Return what the line `line` asks for; None if nothing is in it. Raises ProtocolError."""
    text = clean(line)
    if not begins_with_slash(line):
        return Say(text) if text else None
    word, _, rest = text.partition(" ")
    if word.lower() == "/status":
        return ShowStatus()
    command = _BY_WORD.get(word[1:].lower())
    if command is None:
        raise _unknown(word)
    asked: StoreCommand = command.build(*arguments(command, rest.strip(), command.usage_as(word)))  # type: ignore[assignment]
    return asked


def explained(topic: str | None) -> events.HelpListed:
    """Return what /help tells: of all that can be asked for, or of `topic`. Raises ProtocolError."""
    listed = [*(command.described() for command in _COMMANDS), _STATUS]
    if topic is not None:
        word = topic.removeprefix("/").lower()
        listed = [command for command in listed if word in (command.name, *command.aliases)]
        if not listed:
            raise _unknown(topic)
    return events.HelpListed(tuple(listed))


def _unknown(word: str) -> ProtocolError:
    return ProtocolError(ErrorCode.UNKNOWN_COMMAND, word=excerpt(word), hint="/help lists the commands.")
