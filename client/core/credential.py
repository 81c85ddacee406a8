"""The password that the client keeps for a return, and to whom it may be given. Pure.

A password goes only to a server that asks for it, and without the user only to the address that it was given for: the
host's name may lead to another machine by the time of a return. It is offered once a connection, so that a server
which asks again gets the user's next answer, not the same password; and never after the user has answered.
"""

from __future__ import annotations


class Credential:
    """Our own secret, a password, and the addresses that it was given for and may go to: IP and port, as text."""

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id  # random; by it a server knows us when we return
        self.server = ""  # the address at the other end of the connection
        self.given_for = ""  # the address that the password was given for
        self._password = ""
        self._may_offer = False  # by this connection

    @property
    def fits_server(self) -> bool:
        """Whether the server is the one that the password was given for."""
        return self.server == self.given_for

    def given(self, password: str, *, beforehand: bool = False) -> None:
        """Keep a password for this server; one given `beforehand` may be offered to the connection that stands."""
        self._password, self.given_for = password, self.server
        self._may_offer = beforehand

    def reconnected(self) -> None:
        """Note that there is another connection."""
        self._may_offer = True

    def withheld(self) -> None:
        """Note that the user answers by this connection, so that nothing else is offered."""
        self._may_offer = False

    def wrong(self) -> None:
        """Forget the password."""
        self._password = ""

    def offer(self) -> str:
        """Return the password if it may be offered now, and note that it was; "" if not."""
        password = self._password if self._may_offer else ""
        self._may_offer = False
        return password
