"""The ledger: the room's log as the clients heard it, and whether everyone heard the same, all of it, once.

Framed clients are told each event's number. The first to hear a number writes the event down, and all others have to
hear the same; each hears the numbers without a gap from the one in its welcome on. That alone proves
one order for everyone, nothing left out and nothing twice. Text clients hear no numbers: their lines have to be the
ledger's, one after the other, without what they said themselves.

Each talker's message carries its mark and a count, and has to come into the ledger in order, once. No whispers are
sent, so everybody hears every number.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import lru_cache
from typing import Any

SAID = "said"
ABOUT_ROOM = (SAID, "joined", "left")

Event = tuple[str, str, str]  # type, name, text


class Ledger:
    """Events by their number; `wrong` counts violations by their kind."""

    def __init__(self) -> None:
        self.events: dict[int, Event] = {}
        self.first = self.newest = 0  # the log begins with the first client, which nobody hears joining
        self.deliveries = 0  # of messages, each checked
        self.dropped = 0  # readers after a long stall, which the server may drop
        self.wrong: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()  # a talker's mark -> the count of its newest message

    def write(self, seq: int, event: Event) -> None:
        """Take the event that a framed client heard under `seq`."""
        known = self.events.setdefault(seq, event)
        if known is not event and known != event:
            self.wrong["two events under one number"] += 1
        elif seq == self.newest + 1:
            self._take_next(event)
        self.deliveries += event[0] == SAID

    def _take_next(self, event: Event) -> None:
        self.newest += 1
        if event[0] != SAID:
            return
        mark, count = event[2].split(" ", 2)[:2] if event[2].count(" ") > 1 else (event[2], "0")
        self._counts[mark] += 1
        if str(self._counts[mark]) != count:
            self.wrong["a message twice, left out or never said"] += 1

    def begin(self, seq: int) -> None:
        """Begin with the number of the first framed client's welcome; ignore later ones."""
        if not self.first:
            self.first = self.newest = seq

    def heard_of(self, mark: str) -> int:
        """Return how many messages with this mark have come."""
        return self._counts[mark]

    def find_joining(self, name: str, after: int) -> int | None:
        """Return the number of the first event after `after` in which `name` joins; None if it is not known yet."""
        numbers = range(max(after, self.first) + 1, self.newest + 1)
        return next((seq for seq in numbers if self.events[seq][:2] == ("joined", name)), None)


def line_of(event: Event) -> str:
    """Return the line of a message, or the beginning of the line of another event."""
    kind, name, text = event
    if kind == SAID:
        return f"{name}: {text}"
    return f"* {name} has {'connected' if kind == 'joined' else 'left'}"


@lru_cache(4096)
def parsed(payload: bytes) -> tuple[dict[str, Any], Event]:
    """Return a framed client's message and the event in it; cached, since 800 clients hear the same bytes."""
    message = json.loads(payload)
    return message, (message["type"], message.get("name", ""), message.get("text", ""))
