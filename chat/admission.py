"""Admission: how many connections one address may have, and how many new ones in ten minutes.

So that one machine can't take every seat, and no IPv6 site can by its many networks: it has a larger bound of its
own. What counts as one address is said in chat.networks. Loopback and the networks that the operator trusts are not
counted.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from chat import limits
from chat.networks import Network, is_trusted, network_of, site_of
from chat.recent import Recent

PAGES = (
    32  # requests of a browser that count like one new connection: its page has some twenty files, and a reload, too
)
_WINDOW = 600.0  # seconds


class _Bound(NamedTuple):
    """What `key` may have: connections at a time, and new ones in the window."""

    key: str
    connections: int
    new: int


class Admission:
    """Counts visits by address and by site. Times are monotonic seconds."""

    def __init__(self, trusted: tuple[Network, ...] = ()) -> None:
        self._trusted = trusted
        self._connected: Counter[str] = Counter()
        self._recent: Recent[str] = Recent(_WINDOW)
        self._pages: Recent[str] = Recent(_WINDOW)

    def admit(self, host: str, now: float) -> bool:
        """Return whether a new connection from `host` may stay; count it if so."""
        bounds = self._bounds(host)
        if not all(self._has_room(bound, now) for bound in bounds):
            return False
        for bound in bounds:
            self._connected[bound.key] += 1
            self._recent.add(bound.key, now, bound.new)
        return True

    def leave(self, host: str, now: float = 0.0, *, was_page: bool = False) -> None:
        """Record that an admitted connection from `host` has ended at `now`.

        `was_page`: all that it did was to fetch a part of the page, which nobody in the room noticed.
        """
        for bound in self._bounds(host):
            if was_page:
                self._recent.take_back(bound.key)
                self._pages.add(bound.key, now, PAGES * bound.new)
            self._connected[bound.key] -= 1
            if not self._connected[bound.key]:
                del self._connected[bound.key]

    def _has_room(self, bound: _Bound, now: float) -> bool:
        waits = self._recent.wait(bound.key, bound.new, _WINDOW, now)
        waits = waits or self._pages.wait(bound.key, PAGES * bound.new, _WINDOW, now)
        return not waits and self._connected[bound.key] < bound.connections

    def _bounds(self, host: str) -> list[_Bound]:
        """Return what `host` is counted as; nothing if it isn't."""
        if is_trusted(host, self._trusted):
            return []
        bounds = [_Bound(network_of(host), limits.CONNECTIONS_PER_ADDRESS, limits.NEW_PER_ADDRESS)]
        site = site_of(host)
        if site is not None:
            bounds.append(_Bound(site, limits.CONNECTIONS_PER_SITE, limits.NEW_PER_SITE))
        return bounds
