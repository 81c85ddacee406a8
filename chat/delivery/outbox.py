"""Outbox: what waits to be written to one peer, because the kernel did not take it or it is for that peer alone.

The buffers are shared with other readers and never copied here. Only the fan-out queues them (chat.delivery.fanout).
"""

from __future__ import annotations

from collections import deque
from itertools import islice

Buffer = bytes | memoryview

_BUFFERS_LIMIT = 512  # sendmsg takes 1,024 on Linux (IOV_MAX), and at least 16 anywhere; most turns queue a few


class Outbox:
    """A queue of buffers with their total size, in bytes, and the age of the oldest, in seconds.

    `own` is the part of the size, since the outbox was last empty, that went to this reader alone.
    """

    __slots__ = ("_buffers", "own", "size")

    def __init__(self) -> None:
        self.size = 0
        self.own = 0
        self._buffers: deque[tuple[Buffer, float]] = deque()

    def queue(self, buffer: Buffer, now: float) -> None:
        """Add `buffer`, which nobody changes any more, at the end."""
        self._buffers.append((buffer, now))
        self.size += len(buffer)

    def peek(self, limit: int) -> list[Buffer]:
        """Return the first buffers, at most 512 of them and `limit` bytes; the last may be a part of one."""
        if self.size <= limit and len(self._buffers) <= _BUFFERS_LIMIT:  # nearly always, and twice as fast
            return [buffer for buffer, _ in self._buffers]
        taken: list[Buffer] = []
        for buffer, _ in islice(self._buffers, _BUFFERS_LIMIT):
            if len(buffer) >= limit:
                taken.append(memoryview(buffer)[:limit])
                break
            taken.append(buffer)
            limit -= len(buffer)
        return taken

    def sent(self, count: int) -> None:
        """Remove the first `count` bytes, which the kernel has taken. The rest of a buffer keeps its age."""
        if count == self.size:
            self._buffers.clear()
            self.size = self.own = 0
            return
        self.size -= count
        while count:
            buffer, queued_at = self._buffers.popleft()
            if len(buffer) > count:
                self._buffers.appendleft((memoryview(buffer)[count:], queued_at))
                return
            count -= len(buffer)

    def age(self, now: float) -> float:
        """Return the age of the oldest byte, in seconds."""
        return now - self._buffers[0][1] if self._buffers else 0.0

    def clear(self) -> None:
        """Drop all buffers."""
        self._buffers.clear()
        self.size = self.own = 0
