"""Which faults were met, how often, and which of them the user should hear of. Pure."""

from __future__ import annotations

from math import inf

from protocol.errors import ErrorCode

QUIET = 60.0  # seconds until a fault that happens again is reported again

_WORDS = {
    ErrorCode.KEY_MISSING: "nothing to read yet",
    ErrorCode.WRITE_REFUSED: "a write refused",
    ErrorCode.READ_REFUSED: "a read refused",
    ErrorCode.STORE_FAILED: "the store failed",
    ErrorCode.STORE_SILENT: "no answer in time",
    ErrorCode.STORE_GONE: "not reached",
    ErrorCode.ANSWER_LOST: "an answer lost",
    ErrorCode.VALUE_OLD: "an older value",
    ErrorCode.VALUE_REPEATED: "a value twice",
    ErrorCode.VALUE_DAMAGED: "a value damaged",
}
_OUTAGE = ErrorCode.STORE_GONE  # it has an end that is news, too


class FaultCount:
    """Counts faults. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._counts: dict[ErrorCode, int] = {}
        self._reported_at: dict[ErrorCode, float] = {}

    def note(self, fault: ErrorCode, now: float) -> bool:
        """Count `fault`; return whether to report it to the user now."""
        self._counts[fault] = self._counts.get(fault, 0) + 1
        if now - self._reported_at.get(fault, -inf) < QUIET:
            return False
        self._reported_at[fault] = now
        return True

    def reached(self) -> bool:
        """Note that the store can be reached; return whether the user had heard that it could not."""
        return self._reported_at.pop(_OUTAGE, None) is not None

    def summary(self) -> str:
        """Return every fault that was met, in the order of their numbers, in words and with how often."""
        met = sorted(self._counts.items(), key=lambda item: item[0].number)
        return ", ".join(f"{_WORDS[fault]} {count}x" for fault, count in met) or "none"
