"""The shared log as messages: the commands that a server gives to it, and what comes back.

The log is one stream of entries that all servers of a room read and append to, beside a table of the *incarnations* that
may append. An incarnation is one life of a server in the log: 16 random hex digits, never used twice. Commands never
wait; results arrive later, in order:

    server                                    log
    Rewind()                              ->
                                          <-  Snapshot(newest one, or none), then Entries(all that follow it), ...
    Open("9f..", what it can)             ->
                                          <-  Opened("9f.."); its entry of the kind OPEN is among the Entries, like all others
    Append("9f..", 1, payload)            ->
                                          <-  Appended(1), before or after the Entries that hold it
    Beat("9f..")                 every 2 s -> Beats({"9f..": 1, ...}): the counters of all open incarnations

What the log promises, in whatever place it is kept (`MemoryLog`, Redis):

- An Append gets in if its incarnation is open and its count follows the last one; it is repeated until it is answered, and gets
  in once. Appended tells that the log has it, not that it is safe: a server acts only on what it has read back.
- Every entry names the `mark` of the one before it in `prev`. Who reads finds each entry after its own last one, or
  LostThread: a copy of the log that ends earlier, or is another one, can't be taken for this one.
- After LostThread there are no more Entries until Rewind; what was appended before and is not answered is dropped. After
  Refused the incarnation is of no more use. Both ways the server closes it, rewinds and opens another. What the old one had appended
  has been read, or never will be, when its CLOSE (or GONE) has been read.
- A run begins, with an entry of the kind RUN, where entries may have been lost: what holds the log was started again, or is another
  one (Redis's `master_replid` has changed). The first entry of a log is one. Numbers that a lost entry may have had have to be passed over there.
- After Unreachable nothing is lost: Open, Append and Close are repeated when the log can be reached again, the other commands
  are dropped, since they are given again as time passes.
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


# --- commands ----------------------------------------------------------------------------------------------------------


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
    """Keep `blob`, the state after the entry of this id and mark, and drop the entries before the last but one snapshot.

    It is ignored if that entry is not in the log, or if there is a newer snapshot.
    """

    id: str
    mark: str
    blob: bytes


@value
class Rewind:
    """Load the newest snapshot and all entries after it: at the start, and after LostThread or Refused."""


Command = Open | Append | Beat | DeclareGone | Close | KeepSnapshot | Rewind

# --- results -----------------------------------------------------------------------------------------------------------


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
    """What to begin with after Rewind: the state after the entry of this id and mark; `blob` is None if there is none."""

    blob: bytes | None
    id: str = NOWHERE
    mark: str = NO_MARK


@value
class LostThread:
    """The entry that was read last is not in the log any more.

    `end_lost`: perhaps because the log has lost its end, so that what was read there never was; else it was dropped,
    as snapshots made it needless.
    """

    end_lost: bool


@value
class Unreachable:
    """The log can't be reached, or does not answer."""


@value
class Reachable:
    """The log can be reached again, after Unreachable."""


Result = Opened | Appended | Refused | Entries | Beats | Snapshot | LostThread | Unreachable | Reachable
