"""Our numbered lines, and which of them the server has not answered or echoed yet. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from client.core.typed import without_password
from protocol.errors import ErrorCode, ProtocolError
from protocol.requests import Line


@dataclass(frozen=True, slots=True)
class Pending:
    """A line on its way, and when it was typed, in monotonic seconds. `alone`: see round_trip."""

    line: Line
    typed_at: float
    alone: bool = True

    @property
    def text(self) -> str:
        """What was typed, as it may be shown and quoted: without a password."""
        return without_password(self.line.text)


class Unanswered:
    """Lines have numbers from 1 up. Each waits in `pending` for its answer, also while there is no connection."""

    def __init__(self) -> None:
        self.pending: dict[int, Pending] = {}
        self.newest = 0  # the number of the newest line
        self.sent = 0  # lines up to this number may have reached a server
        self.refused = 0  # how many lines were refused, by the server or here

    def number(self) -> int:
        """Return the number of the next line."""
        self.newest += 1
        return self.newest

    def add(self, line: Line, now: float, *, alone: bool) -> None:
        """Let `line`, typed at `now`, wait for its answer; `alone`: see round_trip."""
        self.pending[line.cseq] = Pending(line, now, alone)

    def texts(self) -> list[str]:
        """Return the lines, as they may be shown."""
        pending = list(self.pending.values())  # a copy, made at once: another thread may change it meanwhile
        return [line.text for line in pending]

    def repeated(self) -> tuple[Line, ...]:
        """Return the lines to be sent again, or for the first time, by a connection that let us in."""
        self.sent = self.newest
        return tuple(pending.line for pending in self.pending.values())

    def drop_replies(self) -> list[ProtocolError]:
        """Refuse the lines that only the log which they were typed for understands; return the refusals."""
        replies = [pending.line for pending in self.pending.values() if pending.line.as_of is not None]
        for line in replies:
            del self.pending[line.cseq]
        self.refused += len(replies)
        return [ProtocolError(ErrorCode.REPLY_OUTDATED, line=line.text) for line in replies]

    def waits_since(self, heard_at: float) -> float:
        """Return when the wait for the server's next word began, if it owes us one; else `inf`."""
        oldest = next(iter(self.pending.values()), None)
        return inf if oldest is None else max(oldest.typed_at, heard_at)
