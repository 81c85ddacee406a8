"""Ends: what a socket's peer has done, found out without reading, of somebody who is not read for a while."""

from __future__ import annotations

import select
from collections.abc import Collection

_SENDS_NO_MORE = getattr(select, "POLLRDHUP", 0)  # Linux; elsewhere it is found out when the peer is read again


def ends(descriptors: Collection[int]) -> tuple[set[int], set[int]]:
    """Return of these sockets those whose peer sends nothing more, and those whose connection is broken."""
    if not (descriptors and _SENDS_NO_MORE):
        return set(), set()
    poller = select.poll()
    for descriptor in descriptors:
        poller.register(descriptor, _SENDS_NO_MORE)
    found = poller.poll(0)
    broken = {descriptor for descriptor, events in found if events & ~_SENDS_NO_MORE}
    return {descriptor for descriptor, _ in found} - broken, broken
