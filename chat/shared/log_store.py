"""What keeps a shared log: the calls that decide which entries get in, each done in one step, whole or not at all.

There are two: `MemoryLog`, and Redis with the function in storage/redis_log.lua. A property test holds them together
(tests/unit/storage/test_redis_log.py). A `LogClient` makes the calls for one server.

Beside the entries a store knows, of each open incarnation, its last count, its beats, and the origin that it has
confirmed. The *origin* is a random name that the store takes at each start (Redis: `master_replid`). When it changes,
the end of the log may be gone: every incarnation is told RESTARTED until it has confirmed that the entry which it has
read last is still there, and the next entry begins a run. Nothing is written before that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import NamedTuple, Protocol

from chat.shared.shared_log import NO_MARK, NOWHERE, LogEntry


class Position(NamedTuple):
    """A place in the log: behind the entry of this id and mark."""

    id: str = NOWHERE
    mark: str = NO_MARK


class Verdict(Enum):
    """What a store answers to a call."""

    DONE = "DONE"
    ALREADY = "ALREADY"  # it was done before
    SKIPPED = "SKIPPED"  # counts before this one are not in the log
    GONE = "GONE"  # the incarnation is not open
    RESTARTED = "RESTARTED"  # the incarnation has not confirmed the store's origin yet; of `keep`, none has
    STILL_HERE = "STILL_HERE"  # the counter has moved
    TRIMMED = "TRIMMED"  # the position is before the first entry
    MISSING = "MISSING"  # the position is not in the log, and not because it was trimmed


class Answer(NamedTuple):
    """The answer to a call; `counters` are those of Beats."""

    verdict: Verdict
    counters: Mapping[str, int] = {}


class Found(NamedTuple):
    """The answer to `check` and `rewind`: DONE, TRIMMED or MISSING. `snapshot`: the newest, by `rewind`, or None."""

    verdict: Verdict
    origin: str
    position: Position = Position()
    snapshot: bytes | None = None


class LogStore(Protocol):
    """The calls. An implementation that can't reach its log raises `LogUnreachableError`."""

    def open(self, incarnation: str, rules: bytes, position: Position) -> Answer:
        """Let `incarnation` append. DONE, ALREADY; TRIMMED or MISSING of what it has read."""

    def confirm(self, incarnation: str, position: Position) -> Answer:
        """Let `incarnation` go on after RESTARTED. DONE, GONE; TRIMMED or MISSING of what it has read."""

    def append(self, incarnation: str, count: int, payload: bytes) -> Answer:
        """Append the incarnation's turn number `count`. DONE, ALREADY, SKIPPED, GONE, RESTARTED."""

    def beat(self, incarnation: str) -> Answer:
        """Count on. DONE with the counters of all, GONE, RESTARTED."""

    def declare_gone(self, incarnation: str, counter: int) -> Answer:
        """Close `incarnation` if its counter is `counter`. DONE, GONE if it is closed, STILL_HERE."""

    def close(self, incarnation: str) -> Answer:
        """Close `incarnation`. DONE, GONE if it is closed."""

    def keep(self, position: Position, snapshot: bytes) -> Answer:
        """Keep the snapshot of the state at `position`, and the entries from the one before it on.

        DONE, ALREADY, RESTARTED; TRIMMED or MISSING.
        """

    def check(self, position: Position) -> Found:
        """Look for `position` in the log."""

    def rewind(self, position: Position) -> Found:
        """Look for `position`, and return the newest snapshot with its own position."""

    def follow(self, position: Position) -> Sequence[LogEntry]:
        """Return the next entries after `position`, in order; none, perhaps after a while, if there are none yet."""


class LogUnreachableError(Exception):
    """The log can't be reached; the text says why, for the operator."""
