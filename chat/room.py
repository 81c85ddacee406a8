"""The room: who is here, and the log of what happened here.

The room is one ordered log and every user is a reader of it. What is appended to the log also goes to the fan-out, in
that order, so that everyone's order is the log's.
"""

from __future__ import annotations

from collections.abc import Iterator

from chat.log import Log
from chat.look_alikes import LookAlikes
from chat.session import Session
from protocol.text import key_of


class Room:
    """Members by the key of their name, in the order in which they came, and the log."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self._members: dict[str, Session] = {}
        self._looks = LookAlikes()

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[Session]:
        return iter(self._members.values())

    def find(self, name: str) -> Session | None:
        """Return the member called `name`, in any case, or None."""
        return self._members.get(key_of(name))

    def alike(self, name: str, but: str = "") -> str | None:
        """Return the name of a member that can be taken for `name` and is neither that nor `but`, or None."""
        return self._looks.find(name, but)

    def names(self) -> tuple[str, ...]:
        """Return the members' names, in the order in which they came."""
        return tuple(member.name for member in self._members.values())

    def enter(self, session: Session) -> None:
        """Add a member under its name, which must be free."""
        self._members[session.key] = session
        self._looks.add(session.name)

    def rename(self, session: Session, name: str) -> None:
        """Give a member another name, which must be free; it keeps its place."""
        key = session.key
        self._looks.discard(session.name)
        self._looks.add(name)
        session.name = name
        self._members = {session.key if old == key else old: member for old, member in self._members.items()}

    def leave(self, session: Session) -> None:
        """Remove a member; its name is free at once."""
        del self._members[session.key]
        self._looks.discard(session.name)
