"""A store with the faults of stores and networks, each at a rate that can be set. Pure.

Each fault happens by itself and at random, so that several may meet in one request. What becomes of it is a Response;
one without a status is never sent. The random numbers are handed in: the same numbers give the same faults.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from storechat.server.store import Held, KeyValueStore

LATE_LIMIT = 3  # requests that the copy of a write may come after

OK, CREATED, NO_CONTENT = 200, 201, 204
FORBIDDEN, NOT_FOUND, UNAVAILABLE = 403, 404, 503


@dataclass(frozen=True, slots=True)
class Rates:
    """How often each fault happens, from 0 to 1; `delay`: the most seconds that a request takes on its way."""

    fail: float = 0.0
    refuse: float = 0.0
    drop: float = 0.0
    lose: float = 0.0
    duplicate: float = 0.0
    stale: float = 0.0
    damage: float = 0.0
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Response:
    """What is answered. `status` None: nothing is. `lost`: what was asked for is done, but the answer is lost."""

    status: int | None
    body: bytes = b""
    version: str = ""
    lost: bool = False


class FaultyStore:
    """A store, and what happens to the requests for it."""

    def __init__(self, store: KeyValueStore, rates: Rates, rng: Callable[[], float]) -> None:
        """Take `chance`, which gives a random number from 0 up to 1 each time."""
        self.store = store
        self._rates = rates
        self._rng = rng
        self._copies: list[tuple[int, str, bytes]] = []  # after how many requests each comes, its key and its value

    def delay(self) -> float:
        """Return the seconds that the next request takes on its way, before anything is done."""
        return self._rng() * self._rates.delay

    def get(self, key: str) -> Response:
        """Answer a request for a value. Raises StoreError."""
        self._let_copies_arrive()
        held = self.store.get(key)
        trouble = self._trouble()
        if trouble is not None:
            return trouble
        lost = self._happens(self._rates.lose)
        past = self.store.past(key)
        if past and self._happens(self._rates.stale):
            held = past[self._pick(len(past))]
        if held is None:
            return Response(NOT_FOUND, version=self.store.version(key), lost=lost)
        return Response(OK, self._carried(held), held.version, lost)

    def put(self, key: str, value: bytes) -> Response:
        """Answer a request to put a value. Raises StoreError."""
        self.store.check(key, value)
        self._let_copies_arrive()
        trouble = self._trouble()
        if trouble is not None:
            return trouble
        created = self.store.put(key, value)
        if self._happens(self._rates.duplicate):
            self._copies.append((self._pick(LATE_LIMIT + 1), key, value))
        lost = self._happens(self._rates.lose)
        return Response(CREATED if created else NO_CONTENT, version=self.store.version(key), lost=lost)

    def _trouble(self) -> Response | None:
        """Return the answer to a request that does not get through; None if it does."""
        if self._happens(self._rates.drop):
            return Response(None)
        if self._happens(self._rates.fail):
            return Response(UNAVAILABLE, b"the store is asked to fail at times (--fail)\n")
        if self._happens(self._rates.refuse):
            return Response(FORBIDDEN, b"the store is asked to refuse at times (--refuse)\n")
        return None

    def _let_copies_arrive(self) -> None:
        """Do once more what the network has doubled, where the time has come: newer values are written over."""
        waiting, self._copies = self._copies, []
        for after, key, value in waiting:
            if after == 0:
                self.store.put(key, value)
            else:
                self._copies.append((after - 1, key, value))

    def _carried(self, held: Held) -> bytes:
        value = held.value
        if not value or not self._happens(self._rates.damage):
            return value
        at = self._pick(len(value))
        return value[:at] + bytes((value[at] ^ 1,)) + value[at + 1 :]

    def _happens(self, rate: float) -> bool:
        return self._rng() < rate

    def _pick(self, count: int) -> int:
        return int(self._rng() * count)
