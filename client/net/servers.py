"""The servers that the user has named: looking up their names, and connecting to the next one that can be reached."""

from __future__ import annotations

import argparse
import socket
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from client.cli.exits import Ending, none_of, why_not_connected
from client.cli.known_hosts_file import KnownHosts
from client.cli.tls_endings import NOT_ENCRYPTED, Untrusted
from client.cli.trust_question import Declined, accept
from client.core.servers import Place, Rotation, Target
from client.net.link import Link, connect
from client.net.stream import printable
from client.net.tls_connector import TlsConnector

Way = Callable[[str], Link]  # connects to one address of a place; raises Ending, or Untrusted


class Servers:
    """The `ways` to all places, which are tried in this order."""

    def __init__(self, ways: Mapping[Place, Way]) -> None:
        self._ways = ways
        self._rotation = Rotation(tuple(ways))
        self._closed: dict[Target | None, Ending] = {}  # those that have not let us in, and why

    def connect(self, refusal: Ending | None = None) -> Link:
        """Return a link to the next server that can be reached, after one round at most. Raises Ending.

        If the server that was connected last has not let us in, `refusal` says why: it is left out, as are others of
        which that was said since the last call without one. If some were passed over because they are not trusted, the
        link's note says so.
        """
        if refusal is None:
            self._closed.clear()
        else:
            self._closed[self._rotation.last] = refusal
        away: dict[Place, Ending] = {}
        refused: list[Untrusted] = []
        addresses = {place: _addresses(place, away) for place in self._ways}
        for target in self._rotation.round(addresses):
            if target in self._closed:
                continue
            try:
                link = self._ways[target.place](target.address)
            except Untrusted as ending:
                refused.append(ending)
            except Ending as ending:
                away[target.place] = ending
            else:
                self._rotation.connected(target)
                link.named = frozenset(printable(one, place.port) for place, all_ in addresses.items() for one in all_)
                link.note = link.note or "\n".join(ending.sentence for ending in refused)
                return link
        away |= {target.place: why for target, why in self._closed.items() if target is not None}
        raise refused[0] if refused else none_of({place: away[place] for place in self._ways if place in away})


def _addresses(place: Place, away: dict[Place, Ending]) -> list[str]:
    """Return the IP addresses of a place; none, and the reason in `away`, if its name leads nowhere."""
    try:
        found = socket.getaddrinfo(*place, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        away[place] = why_not_connected(error, *place)
        return []
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def servers_of(places: Sequence[Place], chosen: argparse.Namespace, *, on_terminal: bool) -> Servers:
    """Return the servers at `places`; at a terminal, after the user has met them. Raises Ending."""
    hosts = KnownHosts()
    if not chosen.tls:
        noted = {place: NOT_ENCRYPTED if hosts.has(*place) else "" for place in places}
        return Servers({place: partial(connect, *place, note) for place, note in noted.items()})
    connectors = {place: TlsConnector(*place, hosts, chosen.tls_ca, chosen.tls_fingerprint or "") for place in places}
    if on_terminal:
        meet(list(connectors.values()))
    return Servers({place: connector.connect for place, connector in connectors.items()})


def meet(connectors: Sequence[TlsConnector]) -> None:
    """Have the user meet the servers that are strangers, of several only those that can be reached. Raises Ending."""
    for connector in connectors:
        try:
            connector.meet(accept)
        except (Declined, Untrusted):
            raise
        except Ending:
            if len(connectors) == 1:
                raise
