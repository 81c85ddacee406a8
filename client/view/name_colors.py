"""The colour of each name: mostly the same one every time, and its own while there are colours left. Pure."""

from __future__ import annotations

import zlib

from protocol.text import key_of

COLORS = 16  # how many colours a screen has for names


class NameColors:
    """The colours of the names that were seen, as numbers below COLORS; a screen says which colour each number is.

    A name's own number depends on nothing but the name, so that it is the same tomorrow and at everybody's. Where two
    names have the same one, the later takes the next that is free.
    """

    def __init__(self) -> None:
        self._given: dict[str, int] = {}  # as long as there are colours left, so one name for each at most

    def of(self, name: str) -> int:
        """Return the colour of `name`."""
        key = key_of(name)
        own = zlib.crc32(key.encode(errors="replace")) % COLORS
        if key not in self._given and len(self._given) < COLORS:
            self._given[key] = self._free(own)
        return self._given.get(key, own)

    def _free(self, own: int) -> int:
        taken = set(self._given.values())
        return next(n % COLORS for n in range(own, own + COLORS) if n % COLORS not in taken)
