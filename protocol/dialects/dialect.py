"""Dialect: what a connection, the hub and the fan-out need of a dialect. The seam where the next one goes.

`parse` is told two facts of the session, since a line's meaning depends on them: until a slash user has a name, a
plain line is an attempt at one (A3), and after a question for a password the line is the password. `render` depends
on the event alone, so that each event is rendered once for all readers of a dialect.

A dialect keeps no state. There is one object of each, and two connections speak the same dialect if it `is` the same.
What differs between dialects beyond their bytes is one of the booleans below; no other code asks which dialect it is.
A mistake in a line comes back as a Malformed request, in its place among the others; `parse` never raises.
"""

from __future__ import annotations

from typing import Protocol

from protocol.codec import Codec
from protocol.events import Event
from protocol.requests import Request

# What the server's log calls a line that is not a command.
A_NAME, A_PASSWORD, A_MESSAGE, A_COMMAND, UNREADABLE = "a name", "a password", "a message", "a command", "a line"


class Dialect(Protocol):
    """What a connection and the fan-out need of a dialect."""

    name: str
    echoes: bool  # a session is shown its own lines, as the room's readers are
    counts: bool  # its lines have a `cseq`, so that each is answered by number, and once
    pings: bool  # its end answers a Pinged by itself
    has_hello: bool  # a session begins with the Hello of a client

    @property
    def codec(self) -> type[Codec]:
        """The codec whose payloads these are."""

    def parse(self, payload: bytes, named: bool, asked: bool = False) -> Request:
        """Return what `payload` asks for; Malformed where that is not clear.

        `named`: the session has its name. `asked`: it has been asked for a password.
        """

    def word(self, payload: bytes, named: bool, asked: bool = False) -> str:
        """Return what the log calls the line `payload`: its command as it was typed, such as `/private`, or its kind.

        A word that is no command of ours is not repeated: it may have been meant as a password.
        """

    def render(self, event: Event) -> bytes:
        """Return the payload that tells a peer of `event`."""
