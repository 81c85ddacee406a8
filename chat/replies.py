"""Replies: what each framed client's lines were answered, so that a line that comes again is not said again.

A client that has lost its connection can't know whether its last lines arrived, so it repeats them, each under the
number (`cseq`) that it had. It numbers its lines upwards and repeats them in their order, so whatever is not above the
highest number that was handled has been handled.

What a line that was said, whispered or made a new name was answered is its entry in the log: here it is only noted
where that stands, 16 bytes a line. It is found for as long as the log has it, and a client is known for as long as
the log has an entry of its. Its coming is one, and notes which of its lines were settled by then, so that what is
known here can be told from the log alone, after a restart, too. Other answers, refusals for the most part, are kept as
frames' payloads, the newest of them, and journalled.
"""

from __future__ import annotations

import zlib
from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from chat.log import Log
from protocol import acts, requests
from protocol.errors import ErrorCode
from protocol.events import Announced, Event, Renamed, RoomEvent, Said, Whispered
from protocol.objects import FROM_SERVER, dump, load
from protocol.requests import Request
from protocol.sanitize import clean
from protocol.text import key_of

KEPT = 100_000  # entries of clients whose places are known: as many as the journal keeps
REFUSED = 10_000  # answers that are no entries of the log


class Reply(NamedTuple):
    """`payload` is what the line `cseq` of the client `identity` was answered; `mark` is that of its text."""

    identity: str
    cseq: int
    mark: int
    payload: bytes


class Place(NamedTuple):
    """The entry `seq` is one of `identity`: its line `cseq`, or its coming, when lines up to `cseq` were settled."""

    identity: str
    cseq: int
    seq: int


def mark_of(text: str) -> int:
    """Return a short hash of what was asked: another text under the same `cseq` is another line."""
    return zlib.crc32(text.encode(errors="backslashreplace"))


class _Client:
    """One client's places in the log, ascending: the entry `seqs[i]` is its line `cseqs[i]`, or its coming after that
    line. Those below index `start` are forgotten. `highest` is its highest line that was handled, in the log or not.
    """

    __slots__ = ("cseqs", "highest", "seqs", "start")

    def __init__(self) -> None:
        self.cseqs, self.seqs = array("q"), array("q")
        self.start = 0
        self.highest = 0

    def forget_oldest(self) -> bool:
        """Forget the oldest place; return whether there is another."""
        self.start += 1
        if 2 * self.start >= len(self.seqs):  # not each time: that would move all the others
            del self.cseqs[: self.start], self.seqs[: self.start]
            self.start = 0
        return bool(self.seqs)


class Replies:
    """The answers to the lines of clients.

    Of a line that became an entry, the place in the log is kept: the newest `kept` places, over all clients. Of another
    line, the answer itself is kept. A client of whose entries none is kept is forgotten as a whole.
    """

    def __init__(self, places: Iterable[Place] = (), answers: Iterable[Reply] = (), kept: int = KEPT) -> None:
        """Go on with those of an earlier run, the oldest first."""
        self._kept = kept
        self._clients: dict[str, _Client] = {}
        self._order: deque[str] = deque()  # whose each known entry is, the oldest first
        self._others: dict[tuple[str, int], Reply] = {}
        self._fresh: list[Reply] = []
        for place in places:
            self.note(*place)
        for answer in answers:
            self._keep(answer)

    def highest(self, identity: str) -> int | None:
        """Return the highest number of this client's lines that has been handled; None for a client that is unknown."""
        client = self._clients.get(identity)
        return None if client is None else client.highest

    def places(self, identity: str, cseq: int) -> Iterator[int]:
        """Yield the numbers of the entries that may be this line."""
        client = self._clients.get(identity)
        if client is not None:
            first = bisect_left(client.cseqs, cseq, client.start)
            for at in range(first, len(client.cseqs)):
                if client.cseqs[at] != cseq:
                    return
                yield client.seqs[at]

    def other(self, identity: str, cseq: int) -> Reply | None:
        """Return the answer to this line, if that is no entry of the log and is still known."""
        return self._others.get((identity, cseq))

    def note(self, identity: str, cseq: int, seq: int) -> None:
        """Note that the entry `seq` is this client's line `cseq`, or its coming, with lines up to `cseq` settled."""
        client = self._clients.get(identity)
        if client is None:
            client = self._clients[identity] = _Client()
        client.highest = max(client.highest, cseq)
        client.cseqs.append(client.highest)
        client.seqs.append(seq)
        self._order.append(identity)
        if len(self._order) > self._kept:
            self._forget(self._order.popleft())

    def remember(self, identity: str, cseq: int, mark: int, event: Event) -> None:
        """Keep what a line was answered, where that is no entry of the log."""
        answer = Reply(identity, cseq, mark, dump(event))
        self._keep(answer)
        self._fresh.append(answer)

    def take_fresh(self) -> list[Reply]:
        """Return the answers that were remembered since the last call, for the journal."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def _keep(self, answer: Reply) -> None:
        client = self._clients.get(answer.identity)
        if client is not None:
            client.highest = max(client.highest, answer.cseq)
        self._others[answer.identity, answer.cseq] = answer
        if len(self._others) > REFUSED:
            del self._others[next(iter(self._others))]

    def _forget(self, identity: str) -> None:
        """Forget the oldest place of a client, and with its last one the client."""
        if not self._clients[identity].forget_oldest():
            del self._clients[identity]


def event_of(answer: Reply) -> Any:
    """Return the event that was the answer."""
    return load(answer.payload, FROM_SERVER)


def answer_again(replies: Replies, log: Log, identity: str, cseq: int, request: Request) -> Event | ErrorCode:
    """Return what the line `cseq`, which has been handled, was answered, if it asked for this; else why it is refused.

    It is never said again.
    """
    other = replies.other(identity, cseq)
    if other is not None and other.mark == mark_of(asked_for(request)):
        event: Event = event_of(other)
        return event
    entries = [log.entry(seq) for seq in replies.places(identity, cseq)]
    lines = [entry.event for entry in entries if entry is not None and getattr(entry.event, "cseq", None) == cseq]
    same = next((event for event in lines if _is_said_by(request, event)), None)
    if same is not None:
        return same
    return ErrorCode.NUMBER_USED if lines or other else ErrorCode.REPEATED_TOO_LATE


def asked_for(request: Any) -> str:
    """Return what a line asked for, as a text to be compared."""
    words = (getattr(request, field, None) for field in ("to", "text", "name", "subject", "duration", "reason"))
    return " ".join([type(request).__name__, *(word for word in words if word is not None)])


def _is_said_by(request: Request, event: RoomEvent) -> bool:
    """Return whether `event` is what `request` asks for."""
    if isinstance(request, requests.Whisper):
        return isinstance(event, Whispered) and (key_of(event.to), event.text) == (key_of(request.to), request.text)
    if isinstance(request, requests.Nick):
        return isinstance(event, Renamed) and event.name == clean(request.name)
    if isinstance(request, requests.Announce):
        return isinstance(event, Announced) and event.text == request.text
    text = acts.as_said(request.text) if isinstance(request, requests.Act) else getattr(request, "text", None)
    return isinstance(event, Said) and event.text == text
