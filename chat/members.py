"""Members: who is in the room, found by name, by seat and by client, in the order in which they came.

Members are values of the room, not sessions: a seat is the number of the entry that a member came with, so it is never
given twice, and chat.state knows which seats are sessions of this process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from chat.look_alikes import LookAlikes
from chat.sanctions import client_subject
from protocol.text import key_of


def seat_identity(seat: int) -> str:
    """Return whose the lines of a user without a client are: those of the seat."""
    return f"seat{seat}"


@dataclass(slots=True, eq=False)
class Member:
    """A user in the room. `identity` is whose its lines are: a client's, over its connections, or the seat's own."""

    seat: int
    name: str
    identity: str
    account: str = ""  # the key of the account whose password was given
    named_at_seq: int = 0  # the number at which the name was taken
    away: str = ""  # why; "" while the user is here
    notified: set[str] = field(default_factory=set)  # the identities that know of the absence
    server: str = ""  # the incarnation of the server that it is connected to; "" if there is but one
    attempt: int | None = None  # which connection of its client it is, if that counts them

    @property
    def key(self) -> str:
        """The name as it is compared."""
        return key_of(self.name)

    @property
    def client(self) -> str:
        """The identity of its client; "" for a text user."""
        return "" if self.identity == seat_identity(self.seat) else self.identity

    @property
    def subjects(self) -> tuple[str, ...]:
        """What a sanction that is to hold for this user holds for: the name, with its account, and the client."""
        client = client_subject(self.identity)
        return (self.key, client) if client else (self.key,)

    def absence_told(self, author: Member, hides: bool) -> str:
        """Return what `author`, who has just whispered, has to know of this member's absence, once for each.

        `hides`: not what the member has written about it.
        """
        if not self.away or author.identity in self.notified:
            return ""
        self.notified.add(author.identity)
        return f"{self.name} is away" + ("" if hides or self.away == "away" else f": {self.away}")


class Members:
    """All members. Their names, in any case, are different ones; so are their seats and their clients."""

    def __init__(self) -> None:
        self.by_seat: dict[int, Member] = {}
        self.by_client: dict[str, Member] = {}
        self._by_key: dict[str, Member] = {}
        self._looks = LookAlikes()

    def __len__(self) -> int:
        return len(self._by_key)

    def __iter__(self) -> Iterator[Member]:
        return iter(self._by_key.values())

    def find(self, name: str) -> Member | None:
        """Return the member called `name`, in any case, or None."""
        return self._by_key.get(key_of(name))

    def alike(self, name: str, exclude: str, skeleton: str | None = None) -> str | None:
        """Return the name of a member that can be taken for `name` and is neither that nor `exclude`, or None.

        `skeleton`: what `name` looks like; by default what this server finds.
        """
        return self._looks.find(name, exclude, skeleton)

    def looks(self) -> Iterator[tuple[str, str]]:
        """Yield each member's name and its skeleton, in an order in which `restore` may take them again."""
        return iter(self._looks)

    def restore(self, members: Iterable[Member], looks: Iterable[tuple[str, str]]) -> None:
        """Hold the members that others hold, instead of none."""
        for member in members:
            self._hold(member)
        for name, skeleton in looks:
            self._looks.add(name, skeleton)

    def add(self, member: Member, skeleton: str) -> None:
        """Add a member, whose name and client no other has; the name looks like `skeleton`."""
        self._hold(member)
        self._looks.add(member.name, skeleton)

    def _hold(self, member: Member) -> None:
        self._by_key[member.key] = self.by_seat[member.seat] = member
        if member.client:
            self.by_client[member.client] = member

    def remove(self, member: Member) -> None:
        """Remove a member."""
        del self._by_key[member.key], self.by_seat[member.seat]
        self._looks.discard(member.name)
        if member.client:
            del self.by_client[member.client]

    def rename(self, member: Member, name: str, skeleton: str) -> None:
        """Give a member another name, which looks like `skeleton`; its place in the order stays."""
        old_key = member.key
        self._looks.discard(member.name)
        member.name = name
        self._looks.add(name, skeleton)
        self._by_key = {member.key if key == old_key else key: other for key, other in self._by_key.items()}


def is_later(attempt: int | None, other: int | None) -> bool:
    """Return whether a client's connection `attempt` came after the `other` one; True where it does not count them."""
    return attempt is None or other is None or attempt > other
