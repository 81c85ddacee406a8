"""What was typed: a line, which begins with a slash or is talk, or a name, or a secret, which is no line (U2). Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast, get_args

from protocol import requests
from protocol.commands import BY_REQUEST, BY_WORD, PASSWORD, Command, arguments
from protocol.errors import ErrorCode, ProtocolError
from protocol.sanitize import begins_with_slash, clean

_DISCONNECT, _NICK = BY_REQUEST[requests.Disconnect], BY_REQUEST[requests.Nick]
ClientTask = requests.Clear | requests.Log | requests.Reconnect  # for the rest of the client
Local = requests.Set | requests.Ignore | requests.Unignore | ClientTask
_LOCAL = get_args(Local)
_MAY_ASK = (requests.Register, requests.ChangePassword, requests.Nick)
OVER = -1  # the number of a question that does not stand any more


@dataclass(frozen=True, slots=True)
class Secret:
    """What was typed, unseen, at the question for a password that has this number; or at one that was OVER by then."""

    text: str = field(repr=False)
    question: int


class NewName(str):
    """A line that was begun after the user had seen the question for a name, so that it is no rest of any other.

    Whatever is made of it is a plain line again.
    """

    __slots__ = ()


Typed = str | Secret  # what a screen gives: a line, or the answer to a question


def as_meant(line: str, *, has_name: bool, has_been_in: bool = False) -> str:
    """Return `line` cleaned. If it does not begin with a slash it is talk (A10), so `  /ping` becomes `//ping`.

    Before we are in the room nothing is talk, and a space in front of `/setname` does no harm; nor is a NewName where
    our name was lost.
    """
    text = clean(line)
    may_be_talk = has_name or (has_been_in and not isinstance(line, NewName))
    is_talk = may_be_talk and text.startswith("/") and not begins_with_slash(line)
    return f"/{text}" if is_talk else text


def name_in(line: str, text: str, *, has_been_in: bool) -> str:
    """Return the name in `line`, which means `text`, typed while we have none; "" for a command.

    Where our name was lost, a plain line may have been begun as talk, so none is a name but a NewName; and the server
    takes no command until we are in again. Raises ProtocolError for these.
    """
    is_command = text.startswith("/")
    if not has_been_in:
        return "" if is_command else text
    command, rest = command_in(text)
    if command is _NICK:
        return arguments(command, rest, usage(command, text))[0]
    if is_command or not isinstance(line, NewName):
        raise ProtocolError(ErrorCode.NAME_GONE, line=without_password(clean(line)))
    return text


def command_in(text: str) -> tuple[Command | None, str]:
    """Return the command that a line begins with, None if it has none that we know, and the rest of the line."""
    word, _, rest = text.partition(" ")
    return BY_WORD.get(word[1:].lower()) if word.startswith("/") else None, rest.strip()


def is_goodbye(text: str) -> bool:
    """Return whether the line `text` says goodbye."""
    return command_in(text)[0] is _DISCONNECT  # whatever follows it


def may_be_asked_about(text: str) -> bool:
    """Return whether the server may answer the line `text` by asking for a password."""
    command, rest = command_in(text)
    if command is None or command.build not in _MAY_ASK:
        return False
    return not (rest and PASSWORD in command.parameters)


def local_request(text: str) -> Local | None:
    """Return what a line asks of this client; None if it is for the server. Raises ProtocolError."""
    command, rest = command_in(text)
    if command is None or command.build not in _LOCAL:
        return None
    build: Callable[..., Any] = command.build
    return cast(Local, build(*arguments(command, rest, usage(command, text))))


def usage(command: Command, text: str) -> str:
    """Return how `command` is typed, by the word that the line `text` has for it."""
    return command.usage_as(text.partition(" ")[0])


def without_password(line: str) -> str:
    """Return `line` as it may be shown and kept: without the password behind a command that takes one."""
    command, rest = command_in(line)
    takes_one = command is not None and PASSWORD in command.parameters
    return f"{line.partition(' ')[0]} ..." if takes_one and rest else line
