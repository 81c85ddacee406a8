"""History: what one client did and was told, in order. Plain values, recorded while it happens and judged afterwards.

A message's text begins with its mark, `7.12 `: the twelfth message of client 7. A name tells its owner, too:
`m7-1`, `m7-2` ... are those of client 7, and only a `spare` name may be anybody's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from protocol.events import Event, Past, RoomEvent
from protocol.requests import ResumePoint

Mark = tuple[int, int]
_MARK = re.compile(r"(\d+)\.(\d+)( |$)")
_OWN = re.compile(r"m(\d+)-\d+")


@dataclass(frozen=True, slots=True)
class Begun:
    """The history continues an earlier one: all entries up to `seq` are known."""

    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class Invoked:
    """A line was typed: a "say", "whisper", "reply", "nick" or another command. `text` is what is said, if anything."""

    cseq: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Welcomed:
    """The server let us in; `asked` is the point from which we asked to resume.

    `goes_on`: we were in, and it was the server that had to come back into the room, or to take up another log.
    """

    epoch: str
    seq: int
    resumed: bool
    asked: ResumePoint | None
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """We were told that `count` events are lost to us; 0: the log is another one."""

    count: int


@dataclass(frozen=True, slots=True)
class Told:
    """An event of the room came; `shown`: the user was shown it."""

    event: RoomEvent
    shown: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """A message came in a list of old ones."""

    entry: Past


@dataclass(frozen=True, slots=True)
class Answered:
    """`event` answered the line `cseq`, which had waited for it."""

    cseq: int
    event: Event


@dataclass(frozen=True, slots=True)
class Refusal:
    """We were told that the line `cseq` was refused, whether it still waited for an answer or not."""

    cseq: int
    why: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection was gone."""


@dataclass(frozen=True, slots=True)
class Broken:
    """Something came that is no message."""

    why: str


@dataclass(frozen=True, slots=True)
class SentAway:
    """The server said goodbye for good, and we had not."""

    why: str


Record = Begun | Invoked | Welcomed | Missing | Told | Listed | Answered | Refusal | Lost | Broken | SentAway


@dataclass
class History:
    """The records of the client `number`. `stayed`: it was connected at the end, when nothing was on its way."""

    number: int
    records: list[Record] = field(default_factory=list)
    stayed: bool = True


def mark_of(text: str) -> Mark | None:
    """Return the client and the number of the message that `text` is marked with; None without a mark."""
    found = _MARK.match(text)
    return None if found is None else (int(found[1]), int(found[2]))


def owner_of(name: str) -> int | None:
    """Return the client that this name belongs to; None for a name that anybody may have."""
    found = _OWN.fullmatch(name)
    return None if found is None else int(found[1])
