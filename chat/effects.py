"""Effects: what the hub wants done, in order. The runtime carries them out and decides nothing.

Deliveries go to the fan-out (chat.delivery.fanout); their order is the room's order, and `Entered` and `Exited` mark
where in it a session begins and ends to read. Commands go to the loop and to the services, one `match` for all.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto

from chat.sanctions import Act, Sanction
from chat.session import Session
from protocol.events import (
    Event,
    HelpListed,
    HistoryListed,
    Noticed,
    Ponged,
    Refused,
    RoomEvent,
    UsersListed,
)
from protocol.values import value


@value
class Broadcast:
    """Every reader of the room gets `event`, except the session that typed it and has it on its screen."""

    event: RoomEvent
    exclude: Session | None = None


@value
class Unicast:
    """One session gets `event`, at this place in the room's order."""

    session: Session
    event: Event


@value
class Entered:
    """From here on `session` is a reader of the room."""

    session: Session


@value
class Exited:
    """From here on `session` is no reader any more."""

    session: Session


@value
class CodecReply:
    """One session gets `content`, with which its codec answers bytes that are no request (telnet's commands)."""

    session: Session
    content: bytes


@value
class Close:
    """Nothing more of this session's input counts; close its connection once all that is queued is out."""

    session: Session


@value
class Arrived:
    """`session` has connected and may chat. The server's own log has a line for so many of them in a second."""

    session: Session


@value
class ReadAgain:
    """`session` was on hold, and what it has sent may be served again."""

    session: Session


@value
class LogLine:
    """A line for the server's own log; with `debug`, one that is seldom of interest."""

    text: str
    debug: bool = False


@value
class CheckPassword:
    """Find out whether `password` is that of `name`'s account. `was_asked`: it answers a question of ours.

    This one and the four below take long. The hub goes on, `session` waits, and `Hub.answered` takes the TaskResult.
    """

    session: Session
    name: str
    password: str
    was_asked: bool
    cseq: int | None = None
    record: str | None = None  # of the account, "" for none, where the room has it and not users.txt


@value
class StorePassword:
    """Give `name` an account with `password`, or its account another password."""

    session: Session
    name: str
    password: str
    cseq: int | None = None


@value
class HashPassword:
    """Make the record of `password`, for an account that the room keeps; `Hub.answered` takes it with the result."""

    session: Session
    name: str
    password: str
    cseq: int | None = None


@value
class RemoveAccount:
    """Remove the account of `name`."""

    session: Session
    name: str
    cseq: int | None = None


@value
class StoreRole:
    """Make the account of `name` an operator's, or, unless `is_operator`, take that role from it."""

    session: Session
    name: str
    is_operator: bool
    cseq: int | None = None


@value
class Acknowledgement:
    """What `session`, which waits, is answered when what it changed is on the disk (`Hub.written`).

    `cseq` is the number of its line, None for a text user's, and `mark` that line's hash (chat.replies).
    """

    session: Session
    answer: Noticed
    cseq: int | None
    mark: int


@value
class KeepSanction:
    """Write `sanction`, which was imposed at `at`, to the disk, in the place of those that share a subject with it."""

    sanction: Sanction
    at: float
    acknowledgement: Acknowledgement | None = None  # None: nobody has typed it


@value
class DropSanction:
    """Remove what `act` forbade to `subject`, until it was lifted at `at`, from the disk."""

    act: Act
    subject: str
    at: float
    acknowledgement: Acknowledgement | None = None


@value
class SearchArchive:
    """Find the newest `count` messages with all of `words` that `identity` may read, for `Hub.found`.

    This one and the one below take long, too, and `session` waits.
    """

    session: Session
    words: str
    count: int
    identity: str
    cseq: int | None = None


@value
class SeekInArchive:
    """Find out when a user called `name` was last here or talking, for `Hub.found`."""

    session: Session
    name: str
    cseq: int | None = None


class TaskResult(Enum):
    """What came of an AccountTask."""

    YES = auto()  # the password is right, the file is written
    NO = auto()  # it is wrong; or the name is somebody else's by now, and nothing was changed
    BUSY = auto()  # too much was waiting already; nothing was done
    FULL = auto()  # there are as many accounts as there may be; nothing was changed
    FAILED = auto()  # the disk would not; nothing was changed


AccountTask = CheckPassword | StorePassword | HashPassword | RemoveAccount | StoreRole
SearchTask = SearchArchive | SeekInArchive
Delivery = Broadcast | Unicast | CodecReply | Entered | Exited
SanctionTask = KeepSanction | DropSanction
Command = Arrived | Close | ReadAgain | LogLine | AccountTask | SearchTask | SanctionTask
Effect = Delivery | Command

Answer = Noticed | Refused | UsersListed | HelpListed | HistoryListed | Ponged


class Outcome:
    """What a handler or a consequence may return: the `answer` to the author, and the effects before and after it.

    `told` stamps the number of the line on the answer. There is none where an entry of the log is the answer, or where
    it comes later.
    """

    __slots__ = ("after", "answer", "before")

    def __init__(
        self, answer: Answer | None = None, before: list[Effect] | None = None, after: list[Effect] | None = None
    ) -> None:
        self.answer = answer
        self.before = before or []
        self.after = after or []


Reaction = Outcome | list[Effect]  # of a handler or a consequence: effects alone where it answers nothing by itself


def told(session: Session, reaction: Reaction, cseq: int | None) -> list[Effect]:
    """Return the effects of a `reaction`, with its answer to `session` stamped with the line's number."""
    if isinstance(reaction, list):
        return reaction
    if reaction.answer is None:
        return reaction.before + reaction.after if reaction.after else reaction.before
    return [*reaction.before, Unicast(session, stamped(reaction.answer, cseq)), *reaction.after]


def told_nobody(reaction: Reaction) -> list[Effect]:
    """Return the effects of a `reaction` whose author is not here to be answered."""
    return reaction if isinstance(reaction, list) else reaction.before + reaction.after


def stamped(answer: Answer, cseq: int | None) -> Answer:
    """Return an answer with the number of its line."""
    return answer if cseq is None else replace(answer, cseq=cseq)
