"""Breaches of the promise: of each kind the first few as sentences, and how many more there were.

A world in which something is broken for good breaks the promise half a million times.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

KEPT = 20  # sentences of each kind

Breach = tuple[Any, ...]  # what is wrong, as a format, and what goes into it


class Breaches:
    """Those that were found, by kind: two with the same format are of one kind."""

    def __init__(self) -> None:
        self._kept: dict[str, list[str]] = {}
        self._left_out: Counter[str] = Counter()

    def add(self, wrong: str, *details: object) -> None:
        """Take one breach."""
        kept = self._kept.setdefault(wrong, [])
        if len(kept) < KEPT:
            kept.append(wrong.format(*details))
        else:
            self._left_out[wrong] += 1

    def take(self, breaches: Iterable[Breach]) -> None:
        """Take all of `breaches`."""
        for breach in breaches:
            self.add(*breach)

    def take_over(self, others: Breaches) -> None:
        """Take those that were found elsewhere."""
        self._left_out += others._left_out
        for wrong, sentences in others._kept.items():
            kept = self._kept.setdefault(wrong, [])
            self._left_out[wrong] += max(len(kept) + len(sentences) - KEPT, 0)
            kept += sentences[: KEPT - len(kept)]

    def sentences(self) -> Iterator[str]:
        """Yield what was found."""
        for wrong, kept in self._kept.items():
            yield from kept
            if self._left_out[wrong]:
                yield f"and {self._left_out[wrong]:,} times more: {wrong}"
