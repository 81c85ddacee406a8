"""The password that the client keeps for a return, and to whom it may be given. Pure.

A password is given to nobody who has not asked for it, and by itself only to the address that it was given for: the
host's name may lead to another machine by the time of a return. It is offered once a connection, so that a server
which asks and asks gets the user's next answer, not the same again; and never after the user has answered.
"""

from __future__ import annotations


class Credential:
    """A password and the address it was given for. An address is an IP address and a port, as text."""

    def __init__(self) -> None:
        self.given_for = ""  # the address
        self._password = ""
        self._may_offer = False  # by this connection

    def given(self, password: str, address: str, *, beforehand: bool = False) -> None:
        """Keep a password for `address`; one given `beforehand` may be offered to the connection that stands."""
        self._password, self.given_for = password, address
        self._may_offer = beforehand

    def reconnected(self) -> None:
        """Note that there is another connection."""
        self._may_offer = True

    def withheld(self) -> None:
        """Note that the user answers for himself, by this connection."""
        self._may_offer = False

    def wrong(self) -> None:
        """Forget the password."""
        self._password = ""

    def may_go_to(self, address: str) -> bool:
        """Return whether `address` is the one that the password was given for."""
        return address == self.given_for

    def offer(self) -> str:
        """Return the password if it may be offered now, and note that it was; "" if not."""
        password = self._password if self._may_offer else ""
        self._may_offer = False
        return password
