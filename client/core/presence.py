"""Where a client stands between its first connection and the last goodbye. Pure.

Three facts that change independently: the phase of the connection, what the user did about leaving, and what the
server said about it.
"""

from __future__ import annotations

from enum import Enum, auto

from client.core.typed import command_in
from protocol import requests
from protocol.errors import ErrorCode

_REMOVALS = (ErrorCode.KICKED.code, ErrorCode.BANNED.code)


class Phase(Enum):
    """The phase of the conversation, as far as the connection decides it."""

    KNOCKING = auto()  # no server has let us in yet, or asked for anything
    ENTERING = auto()  # a server has asked for a name or a password
    CHATTING = auto()  # in the room
    OFFLINE = auto()  # was in the room; the connection is lost
    RETURNING = auto()  # connected again, and not back in the room yet


class Goodbye(Enum):
    """How far our own goodbye has come."""

    NONE = auto()
    TYPED = auto()  # it is sent when every line has been answered
    SENT = auto()


class Dismissal(Enum):
    """What the server's goodbye means to us."""

    NONE = auto()
    FOR_NOW = auto()  # it shuts down: a client that persists connects again
    FOR_GOOD = auto()


class Presence:
    """The phase, both goodbyes, and what the status bar shows of them."""

    def __init__(self) -> None:
        self.phase = Phase.KNOCKING
        self.goodbye = Goodbye.NONE
        self.dismissal = Dismissal.NONE
        self.is_removed = False  # by an operator, who said so last
        self.retry_in = 0  # seconds until the next try at a connection; 0 while one is being tried, or stands
        self.is_operator = False
        self.away = ""  # the line that said we are away, to be repeated to a server that forgot it

    @property
    def online(self) -> bool:
        """Whether we are in the room, by a connection that stands."""
        return self.phase is Phase.CHATTING

    @property
    def has_been_in(self) -> bool:
        """Whether a server has ever let us in."""
        return self.phase not in (Phase.KNOCKING, Phase.ENTERING)

    @property
    def is_knocking(self) -> bool:
        """Whether another server may let us in, if this one does not."""
        return self.phase is Phase.KNOCKING and self.goodbye is Goodbye.NONE

    @property
    def may_return(self) -> bool:
        """Whether to replace a lost connection: we were in, and nobody has said goodbye for good."""
        is_over = self.goodbye is Goodbye.SENT or self.dismissal is Dismissal.FOR_GOOD
        return self.has_been_in and not is_over

    def typed(self, text: str) -> None:
        """Note the line `text` if it says that we are away, or back."""
        command, _ = command_in(text)
        if command is not None and command.build in (requests.GoAway, requests.ComeBack):
            self.away = text if command.build is requests.GoAway else ""

    def leaves(self) -> None:
        """Note that the user has said goodbye, which is sent later."""
        if self.goodbye is Goodbye.NONE:
            self.goodbye = Goodbye.TYPED

    def refused(self, code: str) -> None:
        """Note a refusal: of an operator's kick or ban, or of anything else."""
        self.is_removed = code in _REMOVALS

    def asked(self) -> None:
        """Note that the server has asked for something."""
        if self.phase is Phase.KNOCKING:
            self.phase = Phase.ENTERING

    def lost(self) -> None:
        """Note that the connection is gone."""
        if self.has_been_in:
            self.phase = Phase.OFFLINE

    def returns(self) -> None:
        """Note that there is another connection."""
        self.dismissal = Dismissal.NONE
        if self.has_been_in:
            self.phase = Phase.RETURNING

    def has_role(self, *, is_operator: bool) -> None:
        """Note whether we are an operator, by the server's word."""
        self.is_operator = is_operator

    def dismissed(self, *, again: bool) -> None:
        """Note the server's goodbye; `again`: it invites us back, which means nothing once we have said ours."""
        may_return = again and self.goodbye is not Goodbye.SENT
        self.dismissal = Dismissal.FOR_NOW if may_return else Dismissal.FOR_GOOD
