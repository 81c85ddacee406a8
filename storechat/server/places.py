"""Which connections a store serves at a time, and which of them ends when another comes. Pure.

A newcomer always gets in, or a few who send a byte now and then could keep everybody out. Where there is no place left,
one goes: of those of the address that has most, the one that has been under way longest. One that waits for a change
goes after all that are slow, since its request was whole, and waiting is what it was asked to do.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network
from math import inf

REQUEST = 10.0  # seconds for a whole request to arrive, from the connection on
ANSWER = 30.0  # seconds for its answer to be taken


@dataclass(eq=False, slots=True)
class Place:
    """One connection. `gone`: it is to end; no more of it is counted. Times are monotonic seconds."""

    owner: str
    since: float
    ends_at: float
    waits: bool = field(default=False)
    gone: bool = field(default=False)


class Places:
    """The connections that are served."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: set[Place] = set()

    def __len__(self) -> int:
        return len(self._held)

    def enter(self, host: str, now: float) -> tuple[Place, Place | None]:
        """Return the place of a new connection from the address `host`, and the one that goes for it, if any."""
        place = Place(owner_of(host), now, now + REQUEST)
        leaver = self._slowest() if len(self._held) >= self._limit else None
        self._held.add(place)
        if leaver is not None:
            self._give_up(leaver)
        return place, leaver

    def leave(self, place: Place) -> None:
        """Note that a connection has ended."""
        self._held.discard(place)

    def wait(self, place: Place) -> None:
        """Note that the whole request is there, and that its answer waits for something."""
        place.waits, place.ends_at = True, inf

    def answer(self, place: Place, now: float) -> None:
        """Note that the answer is being sent."""
        place.waits, place.ends_at = False, now + ANSWER

    def overdue(self, now: float) -> list[Place]:
        """Return the connections that have taken too long, which are gone now."""
        late = [place for place in self._held if place.ends_at <= now]
        for place in late:
            self._give_up(place)
        return late

    def _slowest(self) -> Place:
        counts = Counter(place.owner for place in self._held)
        return min(self._held, key=lambda place: (-counts[place.owner], place.waits, place.since))

    def _give_up(self, place: Place) -> None:
        place.gone = True
        self._held.discard(place)


def owner_of(host: str) -> str:
    """Return the network that counts as one owner: an IPv4 address alone, or the /64 around an IPv6 address."""
    address = ip_address(host.partition("%")[0])
    if not isinstance(address, IPv6Address):
        return str(address)
    return str(address.ipv4_mapped or ip_network((address, 64), strict=False))
