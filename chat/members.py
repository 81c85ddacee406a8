"""Members: who is in the room, found by name, by seat and by client, in the order in which they came.

Members are values of the room, not sessions: a seat is the number of the entry that a member came with, so it is never
given twice, and chat.state knows which seats are sessions of this process.

A member is changed by `Members` alone. That notes who has changed, so that `checksum` looks at these, and not at all.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

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
    notified: frozenset[str] = frozenset()  # the identities that know of the absence
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


class Members:
    """All members. Their names, in any case, are different ones; so are their seats and their clients."""

    def __init__(self) -> None:
        self.by_seat: dict[int, Member] = {}
        self.by_client: dict[str, Member] = {}
        self._by_key: dict[str, Member] = {}
        self._looks = LookAlikes()
        self._changed: dict[int, Member] = {}  # since the last checksum, by their seats
        self._hashes: dict[int, int] = {}  # those that are in the checksum, by their seats
        self._sum = 0

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
        self._by_key[member.key] = self.by_seat[member.seat] = self._changed[member.seat] = member
        if member.client:
            self.by_client[member.client] = member

    def remove(self, member: Member) -> None:
        """Remove a member."""
        del self._by_key[member.key], self.by_seat[member.seat]
        self._looks.discard(member.name)
        if member.client:
            del self.by_client[member.client]
        self._changed.pop(member.seat, None)
        self._sum -= self._hashes.pop(member.seat, 0)

    # --- changes -----------------------------------------------------------------------------------------------------

    def rename(self, member: Member, name: str, skeleton: str, seq: int) -> None:
        """Give a member another name by the entry `seq`, which looks like `skeleton`; its place in the order stays."""
        old_key = member.key
        self._looks.discard(member.name)
        member.name = name
        self._looks.add(name, skeleton)
        self._changed[member.seat] = member
        if old_key != member.key:  # in another case it is the same name, held as long as before
            member.named_at_seq = seq
            self._by_key = {member.key if key == old_key else key: other for key, other in self._by_key.items()}

    def set_account(self, member: Member, account: str) -> None:
        """Let a member be the owner of `account`."""
        member.account = account
        self._changed[member.seat] = member

    def set_away(self, member: Member, why: str) -> None:
        """Let a member be away because of `why`, or here, if that is ""; nobody knows of it yet."""
        member.away = why
        member.notified = frozenset()
        self._changed[member.seat] = member

    def absence_told(self, member: Member, author: Member, hides: bool) -> str:
        """Return what `author`, who has just whispered, has to know of a member's absence, once for each.

        `hides`: not what the member has written about it.
        """
        if not member.away or author.identity in member.notified:
            return ""
        member.notified |= {author.identity}
        self._changed[member.seat] = member
        return f"{member.name} is away" + ("" if hides or member.away == "away" else f": {member.away}")

    def checksum(self) -> tuple[int, int]:
        """Return a hash of all members. It takes time only for those that have changed since the last call."""
        for seat, member in self._changed.items():
            new = _hash(member)
            self._sum += new - self._hashes.get(seat, 0)
            self._hashes[seat] = new
        self._changed.clear()
        return len(self), self._sum


def is_later(attempt: int | None, other: int | None) -> bool:
    """Return whether a client's connection `attempt` came after the `other` one; True where it does not count them."""
    return attempt is None or other is None or attempt > other


def _hash(m: Member) -> int:
    state = m.seat, m.name, m.identity, m.account, m.named_at_seq, m.away, sorted(m.notified), m.server, m.attempt
    return zlib.crc32(repr(state).encode("utf-8", "surrogatepass"))
