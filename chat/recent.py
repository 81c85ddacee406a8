"""What happened lately, by key: the times of it, forgotten when they count no more.

The keys stand in the order of their newest time, so what is too old is at the front: each addition forgets what it
finds there, and the cost of an addition does not grow with the number of keys.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Recent(Generic[Key]):
    """Times by key, each kept for at least `seconds`. Times are monotonic seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._times: OrderedDict[Key, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many keys are kept."""
        return len(self._times)

    def wait(self, key: Key, count: int, seconds: float, now: float) -> float:
        """Return for how many seconds from `now` `count` times lie within `seconds`; 0.0 if they don't."""
        times = self._times.get(key, ())
        return max(0.0, times[-count] + seconds - now) if len(times) >= count else 0.0

    def add(self, key: Key, now: float, most: int) -> None:
        """Add a time; keep the newest `most` of this key."""
        self._forget(now)
        times = self._times.setdefault(key, deque(maxlen=most))
        times.append(now)
        self._times.move_to_end(key)

    def take_back(self, key: Key) -> None:
        """Take back the newest time of `key`."""
        times = self._times.get(key)
        if times:
            times.pop()
        if not times:
            self._times.pop(key, None)

    def _forget(self, now: float) -> None:
        while self._times and next(iter(self._times.values()))[-1] + self._seconds <= now:
            self._times.popitem(last=False)
