"""Admission: how many connections one address may have, and how many new ones in ten minutes.

So that one machine can't take every seat. A whole IPv6 /64 counts as one address, since whoever has one address of it
has them all. Loopback and the networks that the operator trusts are not counted.
"""

from __future__ import annotations

from collections import deque
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from chat import limits

Network = IPv4Network | IPv6Network
_WINDOW = 600.0  # seconds
_SWEEP_SIZE = 10_000  # addresses; from here on those that are of no more use are looked for


def network_of(host: str) -> IPv4Address | Network:
    """Return all that belongs to whoever has the address `host`: it alone, or the /64 around an IPv6 address."""
    address = ip_address(host.partition("%")[0])
    return ip_network((address, 64), strict=False) if isinstance(address, IPv6Address) else address


class _Visits:
    """What is known of one address."""

    __slots__ = ("connected", "recent")

    def __init__(self) -> None:
        self.connected = 0
        self.recent: deque[float] = deque(maxlen=limits.NEW_PER_ADDRESS)


class Admission:
    """Counts visits by address. Times are monotonic seconds."""

    def __init__(self, trusted: tuple[Network, ...] = ()) -> None:
        self._trusted = trusted
        self._visits: dict[IPv4Address | Network, _Visits] = {}

    def admit(self, host: str, now: float) -> bool:
        """Say whether a new connection from `host` may stay; if so, count it."""
        key = self._key(host)
        if key is None:
            return True
        if len(self._visits) >= _SWEEP_SIZE:
            self._sweep(now)
        visits = self._visits.setdefault(key, _Visits())
        full = len(visits.recent) == limits.NEW_PER_ADDRESS and visits.recent[0] + _WINDOW > now
        if full or visits.connected >= limits.CONNECTIONS_PER_ADDRESS:
            return False
        visits.connected += 1
        visits.recent.append(now)
        return True

    def leave(self, host: str) -> None:
        """Take note that a connection from `host`, once admitted, has ended."""
        key = self._key(host)
        if key is not None:
            self._visits[key].connected -= 1

    def _key(self, host: str) -> IPv4Address | Network | None:
        """Return what `host` is counted as, or None if it isn't."""
        address = ip_address(host.partition("%")[0])
        if address.is_loopback or any(address in network for network in self._trusted):
            return None
        return network_of(host)

    def _sweep(self, now: float) -> None:
        self._visits = {
            key: visits
            for key, visits in self._visits.items()
            if visits.connected or (visits.recent and visits.recent[-1] + _WINDOW > now)
        }
