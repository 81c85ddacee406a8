"""Who the client is to a server: its secret, and the password that it keeps for a return. Pure.

The secret is random, and the client's connections are counted, so that a server which hears of two of them at once
knows the later one.

A password goes only to a server that asks for it, and without the user only to the server that it was given for: the
host's name may lead to another machine by the time of a return, and at its address another server may answer. So both
have to be the same, the address and, over TLS, the key of the certificate. If the user has named several servers, a
password is given for all of their addresses, as their names led then. It is offered once a connection, so that a
server which asks again gets the user's next answer, not the same password; and never after the user has answered.
"""

from __future__ import annotations

from typing import NamedTuple

from protocol.errors import ErrorCode, ProtocolError


class Server(NamedTuple):
    """Which server is at the other end of a connection: its IP address and port, as text, and its public key.

    The key is that of the certificate that it has shown, hashed; "" for a plain connection. `named` are the addresses
    of all servers that the user has named, as their names led when the connection was made.
    """

    address: str = ""
    key: str = ""
    named: frozenset[str] = frozenset()


class Credential:
    """Our own secret, the name that we want, a password, and the servers that it was given for and may go to."""

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id  # random; by it a server knows us when we return
        self.name: str | None = None  # to come in with; None if the server is to ask
        self._attempts = 0  # connections so far
        self.server = Server()  # at the other end of the connection
        self._given_for = Server()  # the one that the password was given for
        self._password = ""
        self._may_offer = False  # by this connection
        self._is_beforehand = False

    @property
    def mismatch(self) -> str:
        """Why the server may not be the one that the password was given for; "" if it is."""
        here, before = self.server, self._given_for
        if here.address != before.address and here.address not in before.named:
            return str(ProtocolError(ErrorCode.PASSWORD_ELSEWHERE, address=here.address, before=before.address))
        return "" if here.key == before.key else str(ProtocolError(ErrorCode.PASSWORD_OTHER_KEY))

    def next_attempt(self) -> int:
        """Return the number of a connection that begins, from 1."""
        self._attempts += 1
        return self._attempts

    def given(self, password: str, *, beforehand: bool = False) -> None:
        """Keep a password for this server; one given `beforehand` may be offered to the connection that stands."""
        self._password, self._given_for = password, self.server
        self._may_offer = self._is_beforehand = beforehand

    def elsewhere(self) -> None:
        """Note another connection, after one by which nothing was asked for: what was given beforehand is for it."""
        if self._is_beforehand:
            self.given(self._password, beforehand=True)

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
