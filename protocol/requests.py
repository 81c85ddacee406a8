"""Requests: what peers ask for, named in the imperative. How each looks on a wire is its dialect's business.

All are values (protocol.values). `cseq` counts a framed client's lines, from 1, and is None for text clients; `seq`
is a
place in the room's log.
"""

from __future__ import annotations

from protocol.errors import ProtocolError
from protocol.values import value

VERSION = 1


# --- requests: frames that only framed clients send -------------------------------------------------------------


@value
class Resume:
    """Where a client that was here before stopped reading: the log it knew (`epoch`) and its newest number.

    Its `lines` up to that `cseq` may have reached the server before; those above it are new.
    """

    epoch: str
    seq: int
    lines: int | None = None


@value
class Hello:
    """The first frame. `client_id` is the client's random secret, kept over reconnects and never shown to others."""

    version: int
    client_id: str
    name: str | None = None
    password: str | None = None
    resume: Resume | None = None


@value
class Name:
    """Another try at a name, after a refusal."""

    name: str
    password: str | None = None


@value
class Password:
    """The answer to an Asked for a password; empty for "never mind"."""

    password: str


@value
class Line:
    """What the user typed, command or plain text; the server parses it.

    `as_of` (a seq) makes a name in the line mean whoever held it then and still does, so that a reply never
    reaches a newcomer who took the name of somebody who left. `epoch` is the log that it is a number of.
    """

    text: str
    cseq: int
    as_of: int | None = None
    epoch: str | None = None


@value
class Pong:
    """The answer to a Pinged."""


# --- requests: what a line of any dialect can mean ---------------------------------------------------------------


@value
class Say:
    """Say `text` to everyone."""

    text: str
    cseq: int | None = None


@value
class Whisper:
    """Say `text` to the user named `to` only, if that user has had the name since `as_of` in the log `epoch`."""

    to: str
    text: str
    cseq: int | None = None
    as_of: int | None = None
    epoch: str | None = None


@value
class Act:
    """Tell everyone what I do: `text`, behind my name."""

    text: str
    cseq: int | None = None


@value
class GoAway:
    """Tell whoever whispers to me that I am away, and `why`."""

    why: str | None = None
    cseq: int | None = None


@value
class ComeBack:
    """I am no longer away."""

    cseq: int | None = None


@value
class ListUsers:
    """Tell me who is connected."""

    cseq: int | None = None


@value
class Nick:
    """Take `name`, as a newcomer or instead of the present one."""

    name: str
    cseq: int | None = None


@value
class Join:
    """Take `name` as a newcomer; never renames."""

    name: str
    password: str | None = None
    cseq: int | None = None


@value
class Register:
    """Make the name I have mine alone; ask for the password where there is none here."""

    password: str | None = None
    cseq: int | None = None


@value
class ChangePassword:
    """Give my account another password; ask for it where there is none here."""

    password: str | None = None
    cseq: int | None = None


@value
class Unregister:
    """Let anybody have my name again."""

    cseq: int | None = None


@value
class Ping:
    """Answer me."""

    cseq: int | None = None


@value
class Help:
    """Explain all commands, or the one called `topic`."""

    topic: str | None = None
    cseq: int | None = None


@value
class ListHistory:
    """Tell me the newest `count` messages; as many as a newcomer is told, where no count is given."""

    count: str | None = None
    cseq: int | None = None


@value
class Search:
    """Tell me the newest messages with all these `words` in them."""

    words: str
    cseq: int | None = None


@value
class Seek:
    """Tell me when whoever is called `name` was last here."""

    name: str
    cseq: int | None = None


@value
class Disconnect:
    """Say goodbye and close."""

    cseq: int | None = None


@value
class Malformed:
    """Something that could not be parsed; its sender is to be told why."""

    error: ProtocolError
    cseq: int | None = None


# --- what only the custom client can do ---------------------------------------------------------------------------


@value
class Reply:
    """Answer the last whisper. The custom client knows whose that was; the server does not."""

    text: str
    cseq: int | None = None


@value
class Ignore:
    """Show nothing more of what whoever is called `name` says; without a name, list those who are ignored."""

    name: str | None = None
    cseq: int | None = None


@value
class Unignore:
    """Show what `name` says again."""

    name: str
    cseq: int | None = None


@value
class Set:
    """Change a setting: its name and its value; tell what it is, or all of them, where these are left out."""

    setting: str | None = None
    cseq: int | None = None


@value
class Clear:
    """Clear the screen."""

    cseq: int | None = None


LineRequest = (
    Say
    | Whisper
    | Act
    | GoAway
    | ComeBack
    | ListUsers
    | Nick
    | Join
    | Register
    | ChangePassword
    | Unregister
    | Ping
    | Help
    | ListHistory
    | Search
    | Seek
    | Disconnect
    | Malformed
)
LocalRequest = Reply | Ignore | Unignore | Set | Clear
Request = LineRequest | Hello | Name | Password | Pong
