"""Events: what peers are told, named in the past tense. How each looks on a wire is its dialect's business.

All are values (protocol.values). `seq` is a place in the room's log; `cseq` counts a framed client's lines, from 1, and
is None for text clients; `at` is seconds since the epoch, UTC; `count` is how many users are connected.
"""

from __future__ import annotations

from protocol.errors import ErrorCode
from protocol.values import value

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


def refusal(fault: ErrorCode, cseq: int | None = None, **details: object) -> Refused:
    """Return the event that tells of `fault`, its phrase filled with `details` (already cleaned and bounded)."""
    return Refused(fault.number, fault.code, fault.phrase.format(**details), cseq)
