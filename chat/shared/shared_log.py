"""The shared log as messages: the commands that a server gives to it, and what comes back.

The log is one stream of entries that all servers of a room read and append to, beside a table of the *incarnations*
that may append. An incarnation is one life of a server in the log: 16 random hex digits, never used twice. Commands
never wait; results arrive later, in order:

    server                              log
    Rewind()                        ->
                                    <-  Snapshot(the newest, or none), then Entries(all that follow it), ...
    Open("9f..", what it can)       ->
                                    <-  Opened("9f.."); its entry, of the kind OPEN, is among the Entries as all are
    Append("9f..", 1, payload)      ->
                                    <-  Appended(1), before or after the Entries that hold it
    Beat("9f..")         every 2 s  ->
                                    <-  Beats({"9f..": 1, ...}), the counters of all open incarnations

What the log promises, in whatever place it is kept (chat.shared.log_store):

- An Append gets in if its incarnation is open and its count follows the last one. It is repeated until it is answered
  and gets in once. Appended says that the log has it, not that it is safe: a server acts only on what it has read back.
- Every entry names in `prev` the `mark` of the one before it, and a server that has lost the log for a while finds its
  own last entry first. If it is not there, the answer is LostThread: another log, or a copy that ends earlier, can't be
  taken for this one. After LostThread there are no Entries until Rewind, and Appends without an answer are dropped.
- After Refused or LostThread the incarnation is of no more use: the server closes it, rewinds and opens another. What
  the old one appended has been read, or never will be, when its CLOSE or GONE, or the OPEN of the new one, is read.
- A run begins, with an entry of the kind RUN, wherever entries may have been lost before: Redis was started again, or
  is another one. The first entry of a log is one, too. Numbers that lost entries may have had are passed over there.
- After Unreachable nothing is lost: Open, Append and Close are repeated when the log can be reached again. The other
  commands are dropped, since their time comes again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from hashlib import sha1

from protocol.values import value

PAYLOAD_LIMIT = 64 * 1024  # bytes of one entry's payload
NOWHERE = "0-0"  # the id before all entries
NO_MARK = ""  # the mark of what is before all entries


class Kind(Enum):
    """What an entry of the log is."""

    RUN = "run"  # entries before this one may have been lost; `incarnation` is the server that noticed
    OPEN = "open"  # `incarnation` may append from now on; `payload` is what it can (Open.rules)
    TURN = "turn"  # `payload` was appended by `incarnation`, as its number `count`
    GONE = "gone"  # `incarnation` was closed by another server, since it had stopped
    CLOSE = "close"  # `incarnation` was closed by itself


class RefusedBecause(Enum):
    """Why an incarnation can do nothing any more."""

    GONE = "gone"  # it is not open: another server closed it
    SKIPPED = "skipped"  # the log has lost what it appended before


@value
class LogEntry:
    """An entry: `id` is "milliseconds-number", `at` the first part of it in seconds since the epoch (UTC)."""

    id: str
    at: float
    kind: Kind
    incarnation: str
    count: int
    prev: str
    mark: str
    payload: bytes = b""


def mark_of(prev: str, incarnation: str, count: int) -> str:
    """Return the mark of the entry that follows the one with the mark `prev`."""
    return sha1(f"{prev}:{incarnation}:{count}".encode(), usedforsecurity=False).hexdigest()


# --- commands --------------------------------------------------------------------------------------------------------


@value
class Open:
    """Begin an incarnation; all servers read `rules`, what this server can, in its entry."""

    incarnation: str
    rules: bytes = b""


@value
class Append:
    """Append `payload`, the incarnation's number `count`, from 1. At most one may be unanswered."""

    incarnation: str
    count: int
    payload: bytes


@value
class Beat:
    """Count on, as a sign of life."""

    incarnation: str


@value
class DeclareGone:
    """Close the `incarnation` of another server, unless its counter is not `counter` any more."""

    incarnation: str
    counter: int


@value
class Close:
    """End an incarnation, whether it is still open or not."""

    incarnation: str


@value
class KeepSnapshot:
    """Keep `blob`, the state after the entry of this id and mark, and drop the entries before the snapshot before it.

    It is ignored if that entry is not in the log, if there is a newer snapshot, or if the log was just started again.
    """

    id: str
    mark: str
    blob: bytes


@value
class Rewind:
    """Load the newest snapshot and all entries after it: at the start, and after LostThread or Refused."""


Command = Open | Append | Beat | DeclareGone | Close | KeepSnapshot | Rewind

# --- results ---------------------------------------------------------------------------------------------------------


@value
class Opened:
    """The incarnation may append."""

    incarnation: str


@value
class Appended:
    """The log has the entry of this count, of the incarnation that was opened last."""

    count: int


@value
class Refused:
    """The incarnation can do nothing any more."""

    incarnation: str
    why: RefusedBecause


@value
class Entries:
    """The next entries, in order, none left out."""

    entries: Sequence[LogEntry]


@value
class Beats:
    """The counters of all open incarnations: the answer to a Beat."""

    counters: Mapping[str, int]


@value
class Snapshot:
    """The answer to Rewind: the state after the entry of this id and mark; `blob` is None if it is the empty room.

    `end_lost`: what was read last before Rewind is not in the log any more, and not because a snapshot made it
    needless: the log, or its end, is another one. What came there never was.
    """

    blob: bytes | None
    id: str = NOWHERE
    mark: str = NO_MARK
    end_lost: bool = False


@value
class LostThread:
    """What follows the entry that was read last can't be told: it is not in the log any more. See Snapshot.end_lost."""


@value
class Unreachable:
    """The log can't be reached, or does not answer."""


@value
class Reachable:
    """The log can be reached again, after Unreachable."""


Result = Opened | Appended | Refused | Entries | Beats | Snapshot | LostThread | Unreachable | Reachable
