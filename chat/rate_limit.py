"""Meter: how much one user may send before the server stops reading for a while.

Four token buckets, for messages, commands, bytes, and bytes of long answers: so many at once, then so many a second.
Bytes are paid for as they come, whatever is in them (telnet's commands and lines without an end make no request, and
yet work); a request is served first and paid for afterwards, and so is its answer. When a bucket has run dry, the user
is on hold until it holds one more.
Nothing is refused and nothing is lost: what was sent meanwhile waits in the sender's own kernel.
"""

from __future__ import annotations

from math import inf

from chat import limits


class Meter:
    """The buckets of one user. Times are monotonic seconds."""

    __slots__ = ("_answers", "_at", "_bytes", "_commands", "_messages", "notified_at")

    def __init__(self, now: float) -> None:
        self._at = now
        self.notified_at = -inf  # when its user was last notified of a hold
        self._messages = float(limits.MESSAGE_BURST)
        self._commands = float(limits.COMMAND_BURST)
        self._bytes = float(limits.BYTE_BURST)
        self._answers = float(limits.ANSWER_BURST)

    def charge(self, now: float, *, messages: int = 0, commands: int = 0, size: int = 0, answer: int = 0) -> float:
        """Pay for requests, for `size` received bytes, or for those of an `answer`.

        Returns for how many seconds the user is on hold, or 0.0.
        """
        self._refill(now)
        self._messages -= messages
        self._commands -= commands
        self._bytes -= size
        self._answers -= answer
        return max(
            0.0,
            (1 - self._messages) / limits.MESSAGE_RATE,
            (1 - self._commands) / limits.COMMAND_RATE,
            -self._bytes / limits.BYTE_RATE,
            -self._answers / limits.ANSWER_RATE,
        )

    def _refill(self, now: float) -> None:
        passed, self._at = now - self._at, now
        self._messages = min(limits.MESSAGE_BURST, self._messages + passed * limits.MESSAGE_RATE)
        self._commands = min(limits.COMMAND_BURST, self._commands + passed * limits.COMMAND_RATE)
        self._bytes = min(limits.BYTE_BURST, self._bytes + passed * limits.BYTE_RATE)
        self._answers = min(limits.ANSWER_BURST, self._answers + passed * limits.ANSWER_RATE)
