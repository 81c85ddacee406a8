"""Requests: what peers ask for, named in the imperative. A dialect parses them from payloads.

Three kinds: LineRequest is what a line of any dialect can mean, Request also what only frames carry, and LocalRequest
what a client does by itself. Each is a row of protocol.commands or a type of frame in protocol.objects.

All are values (protocol.values). `cseq` counts a framed client's lines, from 1, and is None for text clients; `seq`
is a place in the room's log.
"""

from __future__ import annotations

from protocol.errors import ProtocolError
from protocol.values import value

VERSION = 1


# --- what only framed clients send --------------------------------------------------------------------------------


@value
class ResumePoint:
    """Where a returning client stopped reading: the `epoch` of its log and the newest number it received.

    Its lines up to the `cseq` of `lines` may have reached the server before; later ones have not.
    """

    epoch: str
    seq: int
    lines: int | None = None


@value
class Hello:
    """The first frame. `client_id` is the client's random secret, kept over reconnects and shown to nobody.

    `attempt` counts the connections of this client upwards, so that a hello that was held up closes no later one.
    """

    version: int
    client_id: str
    name: str | None = None
    password: str | None = None
    resume: ResumePoint | None = None
    attempt: int | None = None


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

    With `as_of`, a `seq` of the log `epoch`, a name in the line means the user who has held it since then, so that a
    reply never reaches a newcomer who took the name of somebody who left. A history is that of then.
    """

    text: str
    cseq: int
    as_of: int | None = None
    epoch: str | None = None


@value
class Pong:
    """The answer to a Pinged."""


# --- what a line of any dialect can mean --------------------------------------------------------------------------


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
    """Show everyone `text`, what I do, after my name."""

    text: str
    cseq: int | None = None


@value
class GoAway:
    """Mark me as away: users who whisper to me are notified, with the reason `why`."""

    why: str | None = None
    cseq: int | None = None


@value
class ComeBack:
    """Mark me as no longer away."""

    cseq: int | None = None


@value
class ListUsers:
    """List the connected users."""

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
    """Make an account of my name. Without a `password`, the server asks for one."""

    password: str | None = None
    cseq: int | None = None


@value
class ChangePassword:
    """Change the password of my account. Without a `password`, the server asks for one."""

    password: str | None = None
    cseq: int | None = None


@value
class Unregister:
    """Remove my account, so that anybody may take my name."""

    cseq: int | None = None


@value
class Ping:
    """Ask for a Ponged, to measure the time it takes."""

    cseq: int | None = None


@value
class Help:
    """Explain all commands, or the one called `topic`."""

    topic: str | None = None
    cseq: int | None = None


@value
class ListHistory:
    """List the newest `count` messages; without a count, as many as newcomers get. With `as_of`, those that were the
    newest then: at that `seq` of the log `epoch`."""

    count: str | None = None
    cseq: int | None = None
    as_of: int | None = None
    epoch: str | None = None


@value
class Search:
    """List the newest messages that contain all of `words`."""

    words: str
    cseq: int | None = None


@value
class Seek:
    """Tell when the user called `name` was last here."""

    name: str
    cseq: int | None = None


@value
class Kick:
    """Close the connection of the user called `name`, for `reason`."""

    name: str
    reason: str | None = None
    cseq: int | None = None


@value
class Ban:
    """Keep out `subject`, a user's name or a network, for a `duration` such as `2h`, for `reason`."""

    subject: str
    duration: str | None = None
    reason: str | None = None
    cseq: int | None = None


@value
class Unban:
    """End the ban of `subject`."""

    subject: str
    cseq: int | None = None


@value
class ListBans:
    """List the bans and mutes; with `words`, those that have this text in them."""

    words: str | None = None
    cseq: int | None = None


@value
class Lockdown:
    """Let only registered users come in and speak, or, with the `state` "off", everybody again."""

    state: str
    cseq: int | None = None


@value
class Mute:
    """Let nobody but operators read what the user called `name` says, for a `duration` such as `10m`."""

    name: str
    duration: str | None = None
    reason: str | None = None
    cseq: int | None = None


@value
class Unmute:
    """End the mute of the user called `name`."""

    name: str
    cseq: int | None = None


@value
class Announce:
    """Say `text` to everyone so that it stands out."""

    text: str
    cseq: int | None = None


@value
class Promote:
    """Make the registered user called `name` an operator."""

    name: str
    cseq: int | None = None


@value
class Demote:
    """Take the role of an operator from the user called `name`."""

    name: str
    cseq: int | None = None


@value
class Disconnect:
    """Say goodbye and close."""

    cseq: int | None = None


@value
class Malformed:
    """A line or frame that could not be parsed. Its sender gets `error` as a refusal."""

    error: ProtocolError
    cseq: int | None = None


# --- what only a client can do ------------------------------------------------------------------------------------


@value
class Reply:
    """Whisper `text` to the sender of the last whisper, which a client knows and the server does not."""

    text: str
    cseq: int | None = None


@value
class Ignore:
    """Stop showing what the user called `name` says. Without a name, list the ignored users."""

    name: str | None = None
    cseq: int | None = None


@value
class Unignore:
    """Show again what the user called `name` says."""

    name: str
    cseq: int | None = None


@value
class Set:
    """Change a setting: `setting` is its name and value. Without a value, show it; without either, show all."""

    setting: str | None = None
    cseq: int | None = None


@value
class Clear:
    """Clear the screen."""

    cseq: int | None = None


@value
class Log:
    """Append what is shown to `file`, too; "off" ends that. Without a file, tell where it goes."""

    file: str | None = None
    cseq: int | None = None


@value
class Reconnect:
    """Replace the connection by another one, to the next server if there are several."""

    cseq: int | None = None


OperatorRequest = Kick | Ban | Unban | ListBans | Lockdown | Mute | Unmute | Announce | Promote | Demote
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
    | OperatorRequest
    | Disconnect
    | Malformed
)
LocalRequest = Reply | Ignore | Unignore | Set | Clear | Log | Reconnect
Request = LineRequest | Hello | Name | Password | Pong
