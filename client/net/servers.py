"""The servers that the user has named: looking up their names, and connecting to the next one that can be reached."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence

from client.cli.exits import Ending, Exit, why_not_connected
from client.cli.tls_endings import Untrusted
from client.core.servers import Place, Rotation
from client.net.link import Link
from client.net.stream import printable

Way = Callable[[str], Link]  # connects to one address of a place; raises Ending, or Untrusted


class Servers:
    """The `ways` to all places, which are tried in this order."""

    def __init__(self, ways: Mapping[Place, Way]) -> None:
        self._ways = ways
        self._rotation = Rotation(tuple(ways))

    def connect(self) -> Link:
        """Return a link to the next server that can be reached, after one round at most. Raises Ending.

        If some were passed over because they are not trusted, the link's note says so.
        """
        away: dict[Place, Ending] = {}
        refused: list[Untrusted] = []
        addresses = {place: _addresses(place, away) for place in self._ways}
        for target in self._rotation.round(addresses):
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
        raise refused[0] if refused else _together([away[place] for place in self._ways if place in away])


def _addresses(place: Place, away: dict[Place, Ending]) -> list[str]:
    """Return the IP addresses of a place; none, and the reason in `away`, if its name leads nowhere."""
    try:
        found = socket.getaddrinfo(*place, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        away[place] = why_not_connected(error, *place)
        return []
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _together(endings: Sequence[Ending]) -> Ending:
    """Return one ending for all servers that can't be reached."""
    if len(endings) == 1:
        return endings[0]
    return Ending(Exit.CANNOT_CONNECT, "\n".join(ending.sentence for ending in endings))
