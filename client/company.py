"""Company: who is here, as far as we were told, and who of them spoke last. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class Company:
    """The names in the room; going through them begins with whoever spoke last."""

    def __init__(self) -> None:
        self.count = 0  # how many are here, by the server's word; we may not know them all
        self._names: dict[str, None] = {}  # who spoke last comes last

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(reversed(tuple(self._names))))  # a copy: another thread may look while one takes note

    def spoke(self, name: str) -> None:
        """Note that `name` has just said something, and so is here."""
        self._names.pop(name, None)
        self._names[name] = None

    def came(self, name: str, count: int) -> None:
        """Note that `name` has joined, which makes `count`."""
        self._add_silent(name)
        self.count = count

    def left(self, name: str, count: int) -> None:
        """Note that `name` is gone, which leaves `count`."""
        self._names.pop(name, None)
        self.count = count

    def renamed(self, old: str, name: str) -> None:
        """Note that `old` is `name` from now on, and spoke when `old` did."""
        self._names = {name if known == old else known: None for known in self._names}
        self._names.setdefault(name)

    def listed(self, names: Iterable[str], count: int) -> None:
        """Take the server's list of all who are here; who spoke when is known already."""
        here = dict.fromkeys(names)
        spoken = [name for name in self._names if name in here]
        self._names = {**{name: None for name in here if name not in self._names}, **dict.fromkeys(spoken)}
        self.count = count

    def _add_silent(self, name: str) -> None:
        if name not in self._names:
            self._names = {name: None, **self._names}
