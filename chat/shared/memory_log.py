"""A shared log in memory, by the rules of Redis's function: for tests, and for the simulation of many servers.

The same rules stand in storage/redis_log.lua. A change here is a change there, and a property test compares them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field

from chat.shared.log_store import Answer, Found, Position, Verdict
from chat.shared.shared_log import NO_MARK, NOWHERE, Kind, LogEntry, mark_of

BATCH = 512  # entries that `follow` returns at a time


@dataclass
class _Incarnation:
    """An incarnation that is open; `origin` is what it has confirmed."""

    origin: str
    count: int = 0
    beats: int = 0


@dataclass
class _State:
    """All that the log knows: what it has again, or has lost, when it is started again."""

    origin: str = ""  # under which the present run began
    mark: str = NO_MARK  # of the newest entry
    entries: list[LogEntry] = field(default_factory=list)
    incarnations: dict[str, _Incarnation] = field(default_factory=dict)
    snapshot: tuple[Position, bytes] | None = None  # the newest


class MemoryLog:
    """A LogStore. `now` is the time of the next entry, in seconds since the epoch."""

    def __init__(self, origin: str = "first", now: float = 0.0) -> None:
        self.origin = origin
        self.now = now
        self._state = _State()

    @property
    def entries(self) -> Sequence[LogEntry]:
        """The entries, those left out that were trimmed."""
        return self._state.entries

    def saved(self) -> object:
        """Return all that the log knows now, for `restart`."""
        return deepcopy(self._state)

    def restart(self, origin: str, saved: object = None) -> None:
        """Be started again, as `origin`, with what was `saved` before: without the end. With all by default."""
        self.origin = origin
        if isinstance(saved, _State):
            self._state = deepcopy(saved)

    # --- the calls (see LogStore) ------------------------------------------------------------------------------------

    def open(self, incarnation: str, rules: bytes, position: Position) -> Answer:
        """See LogStore."""
        if incarnation in self._state.incarnations:
            return Answer(Verdict.ALREADY)
        verdict = self._look_for(position)
        if verdict is Verdict.DONE:
            self._state.incarnations[incarnation] = _Incarnation(self.origin)
            self._add(Kind.OPEN, incarnation, 0, rules)
        return Answer(verdict)

    def confirm(self, incarnation: str, position: Position) -> Answer:
        """See LogStore."""
        known = self._state.incarnations.get(incarnation)
        if known is None:
            return Answer(Verdict.GONE)
        verdict = self._look_for(position)
        if verdict is Verdict.DONE:
            known.origin = self.origin
            self._begin_run(incarnation)
        return Answer(verdict)

    def append(self, incarnation: str, count: int, payload: bytes) -> Answer:
        """See LogStore."""
        known = self._state.incarnations.get(incarnation)
        if known is None:
            return Answer(Verdict.GONE)
        if known.origin != self.origin:
            return Answer(Verdict.RESTARTED)
        if count <= known.count:
            return Answer(Verdict.ALREADY)
        if count > known.count + 1:
            return Answer(Verdict.SKIPPED)
        known.count = count
        self._add(Kind.TURN, incarnation, count, payload)
        return Answer(Verdict.DONE)

    def beat(self, incarnation: str) -> Answer:
        """See LogStore."""
        known = self._state.incarnations.get(incarnation)
        if known is None:
            return Answer(Verdict.GONE)
        if known.origin != self.origin:
            return Answer(Verdict.RESTARTED)
        known.beats += 1
        return Answer(Verdict.DONE, {name: each.beats for name, each in self._state.incarnations.items()})

    def declare_gone(self, incarnation: str, counter: int) -> Answer:
        """See LogStore."""
        known = self._state.incarnations.get(incarnation)
        if known is not None and known.beats != counter:
            return Answer(Verdict.STILL_HERE)
        return self._end(incarnation, Kind.GONE)

    def close(self, incarnation: str) -> Answer:
        """See LogStore."""
        return self._end(incarnation, Kind.CLOSE)

    def keep(self, position: Position, snapshot: bytes) -> Answer:
        """See LogStore."""
        state = self._state
        if state.origin != self.origin:
            return Answer(Verdict.RESTARTED)
        verdict = self._look_for(position)
        if verdict is not Verdict.DONE:
            return Answer(verdict)
        kept = None if state.snapshot is None else _number(state.snapshot[0].id)
        if kept is not None and kept >= _number(position.id):
            return Answer(Verdict.ALREADY)
        state.snapshot = position, snapshot
        if kept is not None:
            del state.entries[: bisect_left(state.entries, kept, key=_place)]
        return Answer(Verdict.DONE)

    def check(self, position: Position) -> Found:
        """See LogStore."""
        return Found(self._look_for(position), self.origin)

    def rewind(self, position: Position) -> Found:
        """See LogStore."""
        return Found(self._look_for(position), self.origin, *(self._state.snapshot or ()))

    def follow(self, position: Position) -> Sequence[LogEntry]:
        """See LogStore."""
        entries = self._state.entries
        first = bisect_right(entries, _number(position.id), key=_place)
        return entries[first : first + BATCH]

    # --- steps -------------------------------------------------------------------------------------------------------

    def _look_for(self, position: Position) -> Verdict:
        entries = self._state.entries
        if position.id == NOWHERE:
            whole = not entries or entries[0].prev == NO_MARK
            return Verdict.DONE if whole else Verdict.TRIMMED
        number = _number(position.id)
        index = bisect_left(entries, number, key=_place)
        if index < len(entries) and _place(entries[index]) == number:
            return Verdict.DONE if entries[index].mark == position.mark else Verdict.MISSING
        return Verdict.TRIMMED if entries and index == 0 else Verdict.MISSING

    def _begin_run(self, incarnation: str) -> None:
        if self._state.origin != self.origin:
            self._state.origin = self.origin
            self._append(Kind.RUN, incarnation, 0, b"")

    def _add(self, kind: Kind, incarnation: str, count: int, payload: bytes) -> None:
        self._begin_run(incarnation)
        self._append(kind, incarnation, count, payload)

    def _append(self, kind: Kind, incarnation: str, count: int, payload: bytes) -> None:
        state = self._state
        time, number = max((int(self.now * 1000), 0), self._next())
        mark = mark_of(state.mark, incarnation, count)
        entry = LogEntry(f"{time}-{number}", time / 1000, kind, incarnation, count, state.mark, mark, payload)
        state.entries.append(entry)
        state.mark = mark

    def _end(self, incarnation: str, kind: Kind) -> Answer:
        known = self._state.incarnations.pop(incarnation, None)
        if known is None:
            return Answer(Verdict.GONE)
        self._add(kind, incarnation, known.count + 1, b"")
        return Answer(Verdict.DONE)

    def _next(self) -> tuple[int, int]:
        """Return the lowest number that the next entry can have: the log is never empty once it has begun."""
        if not self._state.entries:
            return 0, 1
        time, number = _place(self._state.entries[-1])
        return time, number + 1


def _number(id_: str) -> tuple[int, int]:
    time, _, number = id_.partition("-")
    return int(time), int(number)


def _place(entry: LogEntry) -> tuple[int, int]:
    return _number(entry.id)
