"""Keys and their values, each with a version, within limits. Pure.

A version is a word that changes whenever the value does: a reader that waits for a change names the version that it
has. It begins with the store's epoch, a random word, so that no version is used again after the store was restarted.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from protocol.text import excerpt

KEY_LIMIT = 100  # characters
VALUE_LIMIT = 64 * 1024  # bytes
KEYS_LIMIT = 1000  # of them: with the limit of a value, what memory and disk may be asked for
BAD_REQUEST, TOO_LARGE, NO_ROOM = 400, 413, 507
PAST_LIMIT = 4  # older values kept of each key, where clients may ask for old ones

# What needs no escape in a URL (RFC 3986, 2.3) and is a file's name on every system once it has a suffix.
_KEY = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9._~-]{{0,{KEY_LIMIT - 1}}}")


@dataclass(frozen=True, slots=True)
class Held:
    """A value and its version."""

    value: bytes
    version: str


class StoreError(ValueError):
    """The store does not take a key or a value; `status` is HTTP's number for the reason (RFC 9110, RFC 4918)."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def check_key(key: str) -> str:
    """Return `key`. Raises StoreError."""
    if _KEY.fullmatch(key) is None:
        raise StoreError(
            BAD_REQUEST, f"{excerpt(key)!r} is not a key: 1 to {KEY_LIMIT} letters (a-z), digits, or _ . ~ -"
        )
    return key


class KeyValueStore:
    """Values by key. With `remembers`, some of the past, too."""

    def __init__(
        self,
        epoch: str,
        values: Mapping[str, bytes] | None = None,
        *,
        keep: Callable[[str, bytes], None] | None = None,
        remembers: bool = False,
    ) -> None:
        """Begin with `values`. `keep` is called with each key and value before they change; `put` raises its errors."""
        self._epoch = epoch
        self._count = 0
        self._held: dict[str, Held] = {}
        self._past: dict[str, deque[Held]] = {}
        self._remembers = remembers
        self._keep: Callable[[str, bytes], None] | None = None
        for key, value in (values or {}).items():
            self.put(key, value)
        self._keep = keep

    def get(self, key: str) -> Held | None:
        """Return what stands under `key`; None if nothing does. Raises StoreError."""
        return self._held.get(check_key(key))

    def version(self, key: str) -> str:
        """Return the version of what stands under `key`, or of nothing standing there. Raises StoreError."""
        held = self.get(key)
        return self._epoch if held is None else held.version

    def past(self, key: str) -> list[Held]:
        """Return older values of `key` that are still known, the oldest first. Raises StoreError."""
        return list(self._past.get(check_key(key), ()))

    def check(self, key: str, value: bytes) -> None:
        """Raise StoreError if `put` would not take it: a bad key, a value that is too long, no room for another key."""
        if len(value) > VALUE_LIMIT:
            raise StoreError(TOO_LARGE, f"a value has at most {VALUE_LIMIT} bytes")
        if check_key(key) not in self._held and len(self._held) >= KEYS_LIMIT:
            raise StoreError(NO_ROOM, f"there are {KEYS_LIMIT} keys already")

    def put(self, key: str, value: bytes) -> bool:
        """Put `value` under `key`; return whether the key is new. Raises StoreError."""
        self.check(key, value)
        if self._keep is not None:
            self._keep(key, value)
        before = self._held.get(key)
        self._count += 1
        self._held[key] = Held(value, f"{self._epoch}-{self._count}")
        if self._remembers and before is not None:
            self._past.setdefault(key, deque(maxlen=PAST_LIMIT)).append(before)
        return before is None
