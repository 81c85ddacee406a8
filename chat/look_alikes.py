"""Look-alikes: names by what they look like, so that whether another one looks the same is one look-up."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from protocol.text import key_of, skeleton


class LookAlikes:
    """A set of names; those that can be taken for each other are found from any of them."""

    def __init__(self) -> None:
        self._by_skeleton: dict[str, dict[str, str]] = {}  # skeleton -> key -> name
        self._skeletons: dict[str, str] = {}  # by key

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Yield each name and its skeleton; of names that look the same, the one that was added first is first."""
        return ((name, look) for look, alike in self._by_skeleton.items() for name in alike.values())

    def add(self, name: str, look: str | None = None) -> None:
        """Add `name`, whose skeleton is `look`; by default the one that this server finds."""
        key, look = key_of(name), skeleton(name) if look is None else look
        if self._skeletons.setdefault(key, look) != look:
            self.discard(name)
            self._skeletons[key] = look
        self._by_skeleton.setdefault(look, {})[key] = name

    def discard(self, name: str) -> None:
        """Remove `name`, in any case, if it is there."""
        key = key_of(name)
        look = self._skeletons.pop(key, None)
        if look is None:
            return
        alike = self._by_skeleton[look]
        del alike[key]
        if not alike:
            del self._by_skeleton[look]

    def find(self, name: str, exclude: str, look: str | None = None) -> str | None:
        """Return a name that looks like `name` and is neither that, in any case, nor `exclude`; None for none."""
        own = (key_of(name), key_of(exclude))
        alike = self._by_skeleton.get(skeleton(name) if look is None else look, {})
        return next((other for key, other in alike.items() if key not in own), None)


class Registered:
    """The keys of the names with an account."""

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self._sum = 0  # of the hashes of all keys
        self._looks = LookAlikes()

    def __contains__(self, key: str) -> bool:
        return key in self.keys

    def __len__(self) -> int:
        return len(self.keys)

    def change(self, added: frozenset[str], removed: frozenset[str]) -> None:
        """Add and remove keys; it takes time only for these, since there may be thousands of others."""
        for key in removed:
            self._looks.discard(key)
        for key in added:
            self._looks.add(key)
        self._sum += sum(map(_hash, added - self.keys)) - sum(map(_hash, removed & self.keys))
        self.keys -= removed
        self.keys |= added

    def checksum(self) -> tuple[int, int]:
        """Return a hash of all keys."""
        return len(self.keys), self._sum

    def alike(self, name: str, exclude: str) -> str | None:
        """Return the registered name that can be taken for `name` and is neither that nor `exclude`, or None."""
        return self._looks.find(name, exclude)


def _hash(key: str) -> int:
    return zlib.crc32(key.encode("utf-8", "surrogatepass"))
