"""The vocabulary: what peers ask for (requests, imperative) and what they are told (events, past tense).

All are values (protocol.values). Neither says how it looks on a wire: dialects do. Numbers: `seq` is a place in the
room's log, from 1; `cseq` counts a framed client's lines, from 1, and is None for text clients; `at` is seconds
since the epoch, UTC; `count` is how many users are connected.
"""

from __future__ import annotations

from protocol.errors import Fault, ProtocolError
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


# --- events: about the room, seen by all or, for a whisper, by two -------------------------------------------------


@value
class Said:
    """`cseq` is there when the line came in a frame: with the reader's own name it acknowledges that line."""

    seq: int
    name: str
    text: str
    at: float
    cseq: int | None = None


@value
class Whispered:
    """Seen by `name` and `to` only; acknowledges like Said."""

    seq: int
    name: str
    to: str
    text: str
    at: float
    cseq: int | None = None


@value
class Joined:
    """A user has connected."""

    seq: int
    name: str
    count: int


@value
class Left:
    """A user is gone, for `reason`."""

    seq: int
    name: str
    count: int
    reason: str


@value
class Renamed:
    """Acknowledges like Said."""

    seq: int
    old: str
    name: str
    cseq: int | None = None


# --- events: for one peer ------------------------------------------------------------------------------------------


@value
class Welcomed:
    """You are in. `seq` is the log's newest number, that of your coming.

    With `resumed`, what was missed since `Resume.seq` follows, up to and with the event of that number.
    """

    name: str
    epoch: str
    seq: int
    count: int
    resumed: bool = False


@value
class Asked:
    """The server needs `what` ("name" or "password") and says so in `text`."""

    what: str
    text: str


@value
class PasswordTaken:
    """A text user's password has come in: what is typed from here on may be seen again."""


@value
class UsersListed:
    """Who is connected."""

    names: tuple[str, ...]
    count: int
    cseq: int | None = None


@value
class CommandHelp:
    """One command: its name, its other names, how it is typed, what it does."""

    name: str
    aliases: tuple[str, ...]
    usage: str
    help: str

    @property
    def explained(self) -> str:
        """What it does, and its other names."""
        also = ", ".join(f"/{alias}" for alias in self.aliases)
        return f"{self.help} Also {also}." if also else self.help


@value
class HelpListed:
    """The commands asked about."""

    commands: tuple[CommandHelp, ...]
    cseq: int | None = None


@value
class Past:
    """A message of the log, told again; `to` is who it was whispered to, None if everybody."""

    seq: int
    at: float
    name: str
    text: str
    to: str | None = None


@value
class HistoryListed:
    """Messages of the log, the oldest first, under the heading `text`; without one, they go on after the last ones."""

    text: str
    entries: tuple[Past, ...]
    cseq: int | None = None


@value
class Ponged:
    """The answer to Ping."""

    cseq: int | None = None


@value
class Noticed:
    """Something to know, from the server."""

    text: str
    cseq: int | None = None


@value
class Refused:
    """A row of the one table of errors; the session goes on."""

    number: int
    code: str
    text: str
    cseq: int | None = None


@value
class Pinged:
    """Are you there? Answered with a Pong."""


@value
class Missed:
    """So many events of the room can't be replayed; 0: nobody knows how many, since it is another log than it was."""

    missed: int


@value
class Dismissed:
    """The last event: the connection closes after it. `again`: the server may be back, and so may the client."""

    reason: str
    again: bool | None = None


RoomEvent = Said | Whispered | Joined | Left | Renamed
Event = (
    RoomEvent
    | Welcomed
    | Asked
    | PasswordTaken
    | UsersListed
    | HelpListed
    | HistoryListed
    | Ponged
    | Noticed
    | Refused
    | Pinged
    | Missed
    | Dismissed
)


def refusal(fault: Fault, cseq: int | None = None, **details: object) -> Refused:
    """Return the event that tells of `fault`, its phrase filled with `details` (already cleaned and bounded)."""
    return Refused(fault.number, fault.code, fault.phrase.format(**details), cseq)
