"""Answers: what each framed client's newest lines were answered, so that a line that comes again is not said again.

A client that has lost its connection can't know whether its last lines arrived, so it repeats them, each under the
number (`cseq`) that it had. By identity and `cseq` the line is recognised, and answered as it was the first time.
The answers are journalled with the room's log, so they are known after a restart, too.

They are kept as frames' payloads, since most are never needed, and without what was said: a line that comes again
brings that along.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

from protocol.messages import Event, Said, Whispered
from protocol.objects import FROM_SERVER, dump, load

LINES = 256  # for each client; it has at most a few on their way at a time
CLIENTS = 1024  # those that have been silent longest are forgotten first


class Answer(NamedTuple):
    """`payload` is what the line `cseq` of the client `identity` was answered."""

    identity: str
    cseq: int
    payload: bytes


class Answers:
    """The answers to the newest 256 lines of each of the newest 1,024 clients."""

    def __init__(self, answers: Iterable[Answer] = ()) -> None:
        """Go on with those of an earlier run, the oldest first."""
        self._clients: dict[str, dict[int, bytes]] = {}
        self._fresh: list[Answer] = []
        for answer in answers:
            self._keep(answer)

    def find(self, identity: str, cseq: int, text: str = "") -> Any:
        """Return the event that answered this line, which said `text`; None if it is new."""
        payload = self._clients.get(identity, {}).get(cseq)
        if payload is None:
            return None
        event = load(payload, FROM_SERVER)
        return replace(event, text=text) if isinstance(event, Said | Whispered) else event

    def is_too_old(self, identity: str, cseq: int) -> bool:
        """Say whether a line that is not found may be one whose answer has been forgotten."""
        lines = self._clients.get(identity, {})
        return len(lines) == LINES and cseq < min(lines)

    def remember(self, identity: str, cseq: int, event: Event) -> None:
        """Keep what a new line was answered."""
        kept = replace(event, text="") if isinstance(event, Said | Whispered) else event
        answer = Answer(identity, cseq, dump(kept))
        self._keep(answer)
        self._fresh.append(answer)

    def take_fresh(self) -> list[Answer]:
        """Return what is to be remembered since this was last asked."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def _keep(self, answer: Answer) -> None:
        lines = self._clients.pop(answer.identity, {})
        lines[answer.cseq] = answer.payload
        if len(lines) > LINES:
            del lines[next(iter(lines))]
        self._clients[answer.identity] = lines  # the newest comes last
        if len(self._clients) > CLIENTS:
            del self._clients[next(iter(self._clients))]
