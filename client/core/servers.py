"""Which server is tried next: the places that the user has named, and the addresses that each of them has. Pure.

    python myclient.py one.example.org:8001 two.example.org:8001

A place is a server as it was typed, and its name may lead to several addresses. All of these are tried in turn, in a
*round*. It begins behind the address that was connected last, so a client whose server is gone goes on to another one
and comes back to the first at the end of the round; between two rounds is a wait (client.core.backoff).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Place(NamedTuple):
    """A server as the user has typed it; by that it is known (client.core.known_servers)."""

    host: str
    port: int


class Target(NamedTuple):
    """One IP address of a place."""

    place: Place
    address: str


class Rotation:
    """The order in which the `places` are tried."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._places = places
        self.last: Target | None = None  # that a connection was made to

    def round(self, addresses: Mapping[Place, Sequence[str]]) -> list[Target]:
        """Return all targets in the order in which to try them now.

        `addresses` are those of the places whose names lead to any. They may be others than before, or in another
        order: if the last one is not among them, its place is the first that is tried.
        """
        targets = [Target(place, address) for place in self._places for address in addresses.get(place, ())]
        first = self._first(targets)
        return targets[first:] + targets[:first]

    def _first(self, targets: list[Target]) -> int:
        last = self.last
        if last in targets:
            return targets.index(last) + 1
        place = 0 if last is None else self._places.index(last.place)
        return next((at for at, target in enumerate(targets) if self._places.index(target.place) >= place), 0)

    def connected(self, target: Target) -> None:
        """Note that a connection was made to `target`."""
        self.last = target
