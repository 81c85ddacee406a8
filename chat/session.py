"""One user's states and facts: the logical side of a connection.

NEW ----------- hello ----------> NAMELESS -- a good name --> CHATTING --+
 |  (framed)                         |                                   | /quit, end of file, kick
 +------ text -----------------------+---------- leaves ----------> CLOSING
"""

from __future__ import annotations

from enum import Enum, auto
from math import inf

from chat.rate_limit import Meter
from protocol.requests import ResumePoint
from protocol.text import key_of


class State(Enum):
    """Where a session stands; what it may ask for in each state is the hub's table."""

    NEW = auto()  # a framed client that has not sent its hello
    NAMELESS = auto()
    CHATTING = auto()
    CLOSING = auto()  # told goodbye; nothing more of it is read


class Question(Enum):
    """What the next line of a text user, or the next password frame, answers."""

    LOGIN = auto()  # the password of the registered name that is wanted
    NEW = auto()  # the password to have from now on
    NEW_AGAIN = auto()  # the same once more, since it was typed unseen


class Session:
    """Facts about one user. The hub alone changes them, but for `word`; compared and hashed by identity."""

    __slots__ = (
        "account",
        "address",
        "asked",
        "away",
        "deadline",
        "framed",
        "greeted_with",
        "heard_at",
        "held",
        "identity",
        "meter",
        "name",
        "named_at_seq",
        "pinged_at",
        "question",
        "reason",
        "resume",
        "state",
        "told_at",
        "told_away",
        "typed",
        "waiting",
        "word",
        "wrong_passwords",
    )

    def __init__(self, address: str) -> None:
        """Begin with a peer at `address` (printable, "192.0.2.1:4711")."""
        self.address = address
        self.state = State.NAMELESS
        self.framed = False
        self.identity = ""  # whose lines and whispers in the log are this user's: a client's, over its connections
        self.resume: ResumePoint | None = None  # where it stopped reading, if it was here before
        self.greeted_with = 0  # messages of the log, when it comes in
        self.name = ""
        self.named_at_seq = 0  # the log's number at which this session took its name
        self.account = ""  # the key of the account whose password this user has given
        self.away = ""  # why; "" while the user is here
        self.told_away: set[str] = set()  # the identities that have been told so
        self.question: Question | None = None
        self.asked = ""  # in which words
        self.typed = ""  # what belongs to the question: the name wanted, or the new password to be confirmed
        self.waiting = False  # for an Answer; until it is there no further request is taken
        self.word = "a request"  # what the newest one was asked by, for the log; its connection notes it
        self.wrong_passwords = 0
        self.reason = ""  # why it is closing, in a few words of ours
        self.meter: Meter | None = None  # None: may send as fast as it likes
        self.held = False  # has sent too much; until a bucket has filled again, no further request is taken
        self.told_at = -inf  # when it was told so last; these three and the deadline are monotonic seconds
        self.heard_at = 0.0
        self.pinged_at = 0.0
        self.deadline = 0.0  # until when a hello or a name has to come

    @property
    def named(self) -> bool:
        """Whether the user is in the room, under a name."""
        return self.state is State.CHATTING

    @property
    def listened_to(self) -> bool:
        """Whether a further request is taken now."""
        return not (self.waiting or self.held)

    @property
    def closing(self) -> bool:
        """Whether the user has left or been dismissed; what is still received does not count."""
        return self.state is State.CLOSING

    @property
    def host(self) -> str:
        """The address without its port."""
        return self.address.rpartition(":")[0].strip("[]")

    @property
    def key(self) -> str:
        """The name as it is compared."""
        return key_of(self.name)

    @property
    def label(self) -> str:
        """What the server's own log calls this user."""
        return f"{self.name} ({self.address})" if self.name else self.address
