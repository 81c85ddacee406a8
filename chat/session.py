"""One user's session: the phase it is in and what the server knows of it; the logical side of a connection.

    connected --> NAMELESS -- a good name --> CHATTING
                   |    ^
       first byte  |    |  hello         each of them -- /quit, end of file, kick --> CLOSING
       of a frame  v    |
                    NEW

A session starts NAMELESS, like that of a text user. If its first byte shows that the client speaks frames, it becomes
NEW (`Hub.connect_framed`), and its hello makes it NAMELESS again. If its first byte begins TLS, or if it may not speak
anything else, it is SECURING (`Hub.await_tls`) until the handshake is done, and starts again then.

What the room knows of a user (name, account, away) is the room's Member, which the session points at.
"""

from __future__ import annotations

from enum import Enum, auto

from chat.members import Member
from chat.rate_limit import Meter
from protocol.dialects import SLASH, Dialect
from protocol.requests import ResumePoint
from protocol.values import value


class Phase(Enum):
    """How far a session has come; the handlers' tables say which requests each phase allows."""

    SECURING = auto()  # a peer that has to speak TLS, or is in its handshake
    NEW = auto()  # a client that speaks frames and has not sent its hello
    NAMELESS = auto()
    CHATTING = auto()
    CLOSING = auto()  # its goodbye is sent; nothing more of it is read


class Question(Enum):
    """What the next line of a text user, or the next password frame, answers."""

    LOGIN = auto()  # the password of the registered name that is wanted
    NEW = auto()  # a new password for the own account
    NEW_AGAIN = auto()  # the same once more, since it was typed unseen


@value
class Dialog:
    """A question for a password: how it was put, and the `draft` it is about: the name wanted, or the new password."""

    kind: Question
    prompt: str
    draft: str = ""


class Claim:
    """What a peer says of itself before it is in the room, and how often its passwords were wrong."""

    __slots__ = ("attempt", "former", "greets", "identity", "is_stranger", "resume", "skips_lines", "wrong_passwords")

    def __init__(self) -> None:
        self.identity = ""  # the hash of a client's secret, the same over its connections; "" for a text user
        self.former = ""  # whose lines and whispers were its own on the seat that it has lost (chat.shared.reentry)
        self.attempt: int | None = None  # which of these connections it is, if the client counts them
        self.greets = True  # a person, who is told the last messages; a program is not
        self.is_stranger = False  # neither registered nor known from before
        self.resume: ResumePoint | None = None  # where it stopped reading, if it was here before
        self.skips_lines = False  # one was not taken, which it sends again when it is in, and all behind it
        self.wrong_passwords = 0


class Liveness:
    """When a session was heard of and pinged, and its deadline to send a hello or a name. Monotonic seconds."""

    __slots__ = ("deadline", "heard_at", "pinged_at")

    def __init__(self) -> None:
        self.heard_at = 0.0
        self.pinged_at = 0.0
        self.deadline = 0.0


_WAITING, _HELD, _STALLED = 1, 2, 4


class Session:
    """What is known of one user. Changed by the hub alone: by its handlers, its state, its throttle and its lane. The
    exceptions are `word` and `dialect`, which the connection sets.

    Compared and hashed by identity.
    """

    __slots__ = (
        "address",
        "claim",
        "dialect",
        "knows_role",
        "liveness",
        "member",
        "meter",
        "pauses",
        "phase",
        "question",
        "reason",
        "word",
    )

    def __init__(self, address: str) -> None:
        """Begin with a peer at `address` (printable, "192.0.2.1:4711")."""
        self.address = address
        self.phase = Phase.NAMELESS
        self.dialect: Dialect = SLASH
        self.claim = Claim()
        self.member: Member | None = None  # in the room; kept when it has left, for the server's log
        self.knows_role = False  # whether it was told that it is an operator
        self.question: Dialog | None = None  # that stands
        self.pauses = 0  # why no further request is taken now, as bits: one look for the loop, which asks all in a turn
        self.meter: Meter | None = None  # None: may send without a limit
        self.liveness = Liveness()
        self.word = "a request"  # what the log calls the newest request
        self.reason = ""  # why it is closing, in a few words of ours

    @property
    def waiting(self) -> bool:
        """Whether it waits for an answer of the server's own; until then no further request is taken."""
        return bool(self.pauses & _WAITING)

    @waiting.setter
    def waiting(self, waits: bool) -> None:
        self.pauses = self.pauses | _WAITING if waits else self.pauses & ~_WAITING

    @property
    def held(self) -> bool:
        """Whether it has sent too much; until a bucket has filled again, no further request is taken."""
        return bool(self.pauses & _HELD)

    @held.setter
    def held(self, holds: bool) -> None:
        self.pauses = self.pauses | _HELD if holds else self.pauses & ~_HELD

    @property
    def stalled(self) -> bool:
        """Whether the log that servers share has to take something first; until then no further request is taken."""
        return bool(self.pauses & _STALLED)

    @stalled.setter
    def stalled(self, stalls: bool) -> None:
        self.pauses = self.pauses | _STALLED if stalls else self.pauses & ~_STALLED

    @property
    def listened_to(self) -> bool:
        """Whether a further request is taken now."""
        return not self.pauses

    @property
    def named(self) -> bool:
        """Whether the user is in the room, under a name."""
        return self.phase is Phase.CHATTING

    @property
    def repeats_lines(self) -> bool:
        """Whether this client comes back, and will send its lines again when it is in; so none of them is a name."""
        return self.dialect.counts and self.claim.resume is not None

    @property
    def closing(self) -> bool:
        """Whether the user has left or been dismissed; what is still received does not count."""
        return self.phase is Phase.CLOSING

    @property
    def name(self) -> str:
        """The user's name; "" before it has one."""
        return "" if self.member is None else self.member.name

    @property
    def key(self) -> str:
        """The name as it is compared."""
        return "" if self.member is None else self.member.key

    @property
    def account(self) -> str:
        """The key of the account whose password this user has given; "" for none."""
        return "" if self.member is None else self.member.account

    @property
    def identity(self) -> str:
        """Whose lines and whispers in the log are this user's."""
        return self.claim.identity if self.member is None else self.member.identity

    @property
    def host(self) -> str:
        """The address without its port."""
        return self.address.rpartition(":")[0].strip("[]")

    @property
    def label(self) -> str:
        """What the server's own log calls this user."""
        return f"{self.name} ({self.address})" if self.member is not None else self.address
