"""One server's side of a shared log: which call is next, and what an answer means to the server.

Two things go on at once, and each has one call under way at most. Writing takes the commands in their order, each until
it is answered; reading takes the newest snapshot and all that follows. Threads (runtime/log_service.py) or a simulation
(chat.shared.memory_link) carry the calls out: they ask for `next_write` or `next_read` and pass on how it ended, with
`written` or `read`, or with `failed` when the log could not be reached.

    writing   Open, Append, Close, Beat    repeated after a failure; by its counts the store does each once
              DeclareGone, KeepSnapshot    dropped after a failure, or when the store does not take them: their time
                                           comes again
    reading   PAUSED     until Rewind
              REWINDING  until there is the snapshot
              FOLLOWING  while entries arrive, each of which names the mark of the one before it
              CHECKING   after a failure, until what was read last has been found in the log; then FOLLOWING

If it is not found, or the next entry names another mark, the server has lost the thread: PAUSED again. An incarnation
that is told RESTARTED, since the store was, confirms first that what was read last is still in the log, and then
repeats its command; without that, nothing more is written.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum

from chat.shared.log_store import Answer, Found, LogStore, Position, Verdict
from chat.shared.shared_log import (
    NOWHERE,
    Append,
    Appended,
    Beat,
    Beats,
    Close,
    Command,
    DeclareGone,
    Entries,
    KeepSnapshot,
    LogEntry,
    LostThread,
    Open,
    Opened,
    Reachable,
    Refused,
    RefusedBecause,
    Result,
    Rewind,
    Snapshot,
    Unreachable,
)

Write = Open | Append | Beat | DeclareGone | Close | KeepSnapshot
WriteCall = Callable[[LogStore], Answer]
ReadCall = Callable[[LogStore], Found | Sequence[LogEntry]]

_REPEATED = (Open, Append, Close, Beat)
_REFUSALS = {Verdict.GONE: RefusedBecause.GONE, Verdict.SKIPPED: RefusedBecause.SKIPPED}


class Side(Enum):
    """What a call is for."""

    WRITING = "writing"
    READING = "reading"


class Reading(Enum):
    """What the reading side does."""

    PAUSED = "paused"
    REWINDING = "rewinding"
    CHECKING = "checking"
    FOLLOWING = "following"


class LogClient:
    """The state of one server's writing and reading."""

    def __init__(self) -> None:
        self._commands: deque[Write] = deque()  # without an answer, the first of them perhaps under way
        self._under_way: Write | None = None
        self._unconfirmed = ""  # the incarnation that was told RESTARTED: it confirms before its command is repeated
        self._reading = self._asked = Reading.PAUSED  # now, and when the call that is under way was made
        self._position = Position()  # behind what was read last
        self._origin = ""  # of the store, when that was found to be there
        self._failing: set[Side] = set()

    def submit(self, command: Command) -> None:
        """Take a command; see chat.shared.shared_log."""
        if isinstance(command, Rewind):
            self._reading = Reading.REWINDING
        elif not (isinstance(command, Beat) and command in self._commands):
            self._commands.append(command)

    def failed(self, side: Side) -> list[Result]:
        """Go on after a call that was not answered, or could not be made; whether it was carried out is not known."""
        if side is Side.READING:
            self._reading = Reading.CHECKING if self._reading is Reading.FOLLOWING else self._reading
        else:
            self._under_way, self._unconfirmed = None, ""
            self._keep_commands(lambda command: isinstance(command, _REPEATED))
        results: list[Result] = [] if self._failing else [Unreachable()]
        self._failing.add(side)
        return results

    def _reached(self, side: Side) -> list[Result]:
        """Return what an answer of the log tells beside what it answers."""
        if side not in self._failing:
            return []
        self._failing.remove(side)
        return [] if self._failing else [Reachable()]

    # --- writing -----------------------------------------------------------------------------------------------------

    def next_write(self) -> WriteCall | None:
        """Return the next call that writes; None if there is nothing to write."""
        if not self._commands:
            return None
        command = self._commands[0]
        if isinstance(command, Open) and self._reading is Reading.REWINDING:
            return None
        self._under_way = command
        if not self._unconfirmed:
            return self._call(command)
        incarnation, position = self._unconfirmed, self._position
        return lambda store: store.confirm(incarnation, position)

    def written(self, answer: Answer) -> list[Result]:
        """Take the answer to the call that `next_write` has returned."""
        results = self._reached(Side.WRITING)
        command, self._under_way = self._under_way, None
        if command is None:  # it was dropped since
            return results
        confirmed, self._unconfirmed = self._unconfirmed, ""
        if answer.verdict is Verdict.RESTARTED and isinstance(command, Append | Beat):
            self._unconfirmed = command.incarnation
            return results
        if answer.verdict in (Verdict.TRIMMED, Verdict.MISSING) and not isinstance(command, KeepSnapshot):
            if self._reading in (Reading.PAUSED, Reading.REWINDING):  # the server knows, and may have begun again
                self._drop_commands_of(command)
                return results
            return results + self._lose_thread()
        if confirmed and answer.verdict is Verdict.DONE:
            return results
        self._commands.popleft()
        return results + self._results(command, answer)

    def _call(self, command: Write) -> WriteCall:
        position = self._position
        match command:
            case Open():
                return lambda store: store.open(command.incarnation, command.rules, position)
            case Append():
                return lambda store: store.append(command.incarnation, command.count, command.payload)
            case Beat():
                return lambda store: store.beat(command.incarnation)
            case DeclareGone():
                return lambda store: store.declare_gone(command.incarnation, command.counter)
            case Close():
                return lambda store: store.close(command.incarnation)
            case _:
                return lambda store: store.keep(Position(command.id, command.mark), command.blob)

    def _results(self, command: Write, answer: Answer) -> list[Result]:
        """Return what `command` has led to, when it is done."""
        match command:
            case Append() | Beat() if answer.verdict in _REFUSALS:
                own = command.incarnation
                self._keep_commands(lambda each: not (isinstance(each, Append | Beat) and each.incarnation == own))
                return [Refused(own, _REFUSALS[answer.verdict])]
            case Open():
                return [Opened(command.incarnation)]
            case Append():
                return [Appended(command.count)]
            case Beat():
                return [Beats(answer.counters)]
            case _:
                return []

    def _drop_commands_of(self, lost: Write) -> None:
        """Drop what the life of a command was to write that can write no more, but end what has to be ended."""
        own = getattr(lost, "incarnation", "")
        self._keep_commands(
            lambda each: isinstance(each, Close | DeclareGone) or getattr(each, "incarnation", own) != own
        )

    def _keep_commands(self, keeps: Callable[[Write], bool]) -> None:
        self._commands = deque(filter(keeps, self._commands))

    # --- reading -----------------------------------------------------------------------------------------------------

    def next_read(self) -> ReadCall | None:
        """Return the next call that reads; None until Rewind."""
        position = self._position
        self._asked = self._reading
        match self._reading:
            case Reading.PAUSED:
                return None
            case Reading.REWINDING:
                return lambda store: store.rewind(position)
            case Reading.CHECKING:
                return lambda store: store.check(position)
            case _:
                return lambda store: store.follow(position)

    def read(self, answer: Found | Sequence[LogEntry]) -> list[Result]:
        """Take the answer to the call that `next_read` has returned."""
        results = self._reached(Side.READING)
        if self._asked is not self._reading:  # it was rewound, or has lost the thread, since it asked
            return results
        if not isinstance(answer, Found):
            return results + self._follow(answer)
        if self._reading is Reading.REWINDING:
            return [*results, self._rewind(answer)]
        if answer.verdict is not Verdict.DONE:
            return results + self._lose_thread()
        self._reading, self._origin = Reading.FOLLOWING, answer.origin
        return results

    def _rewind(self, found: Found) -> Result:
        was_trimmed = found.verdict is Verdict.TRIMMED and found.origin == self._origin
        end_lost = self._position.id != NOWHERE and found.verdict is not Verdict.DONE and not was_trimmed
        self._reading, self._origin, self._position = Reading.FOLLOWING, found.origin, found.position
        return Snapshot(found.snapshot, *found.position, end_lost)

    def _follow(self, entries: Sequence[LogEntry]) -> list[Result]:
        if not entries:
            return []
        mark = self._position.mark
        for entry in entries:
            if entry.prev != mark:
                return self._lose_thread()
            mark = entry.mark
        self._position = Position(entries[-1].id, mark)
        return [Entries(entries)]

    def _lose_thread(self) -> list[Result]:
        """Write and read nothing more of what was under way, but end what has to be ended."""
        self._under_way, self._unconfirmed = None, ""
        self._keep_commands(lambda command: isinstance(command, Close | DeclareGone))
        self._reading = Reading.PAUSED
        return [LostThread()]
