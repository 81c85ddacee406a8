"""Events: what the server sends to peers, named in the past tense. A dialect renders them as payloads.

A new event is a class here and a member of Event, a renderer in protocol.dialects.slash, a type name in
protocol.objects and a renderer in client.core.render; one of the room's has a row in storage.journal_rows and an author
in client.core.roster, too. tests/unit/project/test_events.py fails until it is in all.

All are values (protocol.values). `seq` is a place in the room's log; `cseq` counts a framed client's lines, from 1, and
is None for text clients; `at` is seconds since the epoch, UTC; `count` is how many users are connected.
"""

from __future__ import annotations

from protocol.errors import ErrorCode
from protocol.values import value

# --- about the room, for all readers or, for a whisper, for two ---------------------------------------------------


@value
class Said:
    """`name` said `text`. With the reader's own name, `cseq` acknowledges the reader's line of that number."""

    seq: int
    name: str
    text: str
    at: float
    cseq: int | None = None


@value
class Whispered:
    """`name` whispered `text` to `to`; only these two see it. Acknowledges like Said."""

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
    """A user has gone, for `reason`."""

    seq: int
    name: str
    count: int
    reason: str


@value
class Renamed:
    """The user called `old` is called `name` now. Acknowledges like Said."""

    seq: int
    old: str
    name: str
    cseq: int | None = None


@value
class Announced:
    """The operator called `name` has announced `text`, which has to stand out. Acknowledges like Said."""

    seq: int
    name: str
    text: str
    at: float
    cseq: int | None = None


# --- for one peer --------------------------------------------------------------------------------------------------


@value
class Welcomed:
    """You are in the room. `seq` is the number of your own Joined, the newest in the log.

    With `resumed`, the events missed since `ResumePoint.seq` follow, up to and including that number.
    """

    name: str
    epoch: str
    seq: int
    count: int
    resumed: bool = False


@value
class RoleChanged:
    """You have become an `operator`, by entering with the password or by another's word; or you are none any more."""

    operator: bool


@value
class Asked:
    """The server needs `what` ("name" or "password") and says so in `text`."""

    what: str
    text: str


@value
class PasswordTaken:
    """A text user's password has arrived: the terminal may show again what is typed."""


@value
class UsersListed:
    """The names of the connected users."""

    names: tuple[str, ...]
    count: int
    cseq: int | None = None


@value
class CommandHelp:
    """One command: its name and aliases, how it is typed, what it does, and an example of it."""

    name: str
    aliases: tuple[str, ...]
    usage: str
    help: str
    example: str | None = None

    @property
    def explained(self) -> str:
        """What it does, its aliases, and in a line of its own an example if there is one."""
        also = ", ".join(f"/{alias}" for alias in self.aliases)
        explained = f"{self.help} Also {also}." if also else self.help
        return explained if self.example is None else f"{explained}\nFor example: {self.example}"


@value
class HelpListed:
    """The commands that Help asked for."""

    commands: tuple[CommandHelp, ...]
    cseq: int | None = None


@value
class Past:
    """A message of the log in a history. `to` is the user it was whispered to; None for a message to everybody.

    `announced`: it was an announcement.
    """

    seq: int
    at: float
    name: str
    text: str
    to: str | None = None
    announced: bool | None = None


@value
class HistoryListed:
    """Messages of the log, the oldest first, headed by `text`. Without it they continue the list before."""

    text: str
    entries: tuple[Past, ...]
    cseq: int | None = None


@value
class Ponged:
    """The answer to Ping."""

    cseq: int | None = None


@value
class Noticed:
    """A notice from the server."""

    text: str
    cseq: int | None = None


@value
class Refused:
    """A row of the table of errors, filled in. The session continues."""

    number: int
    code: str
    text: str
    cseq: int | None = None


@value
class Pinged:
    """A keep-alive, to be answered with a Pong."""


@value
class Missed:
    """`missed` events of the room can't be sent any more. 0: an unknown number, since the log is a new one."""

    missed: int


@value
class Dismissed:
    """The last event before the connection closes. `again`: the server may come back, so the client may reconnect."""

    reason: str
    again: bool | None = None


RoomEvent = Said | Whispered | Joined | Left | Renamed | Announced
Event = (
    RoomEvent
    | Welcomed
    | RoleChanged
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
    """Return the refusal for `fault`, its phrase filled in with `details` (already cleaned and bounded)."""
    return Refused(fault.number, fault.code, fault.phrase.format(**details), cseq)
