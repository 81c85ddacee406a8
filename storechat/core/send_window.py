"""The texts that are not yet acknowledged, in order, each with its number from 1 up. Pure."""

from __future__ import annotations

from collections import deque

TEXTS_LIMIT = 16  # in one letter: a slow poll still moves many
BYTES_LIMIT = 16 * 1024  # of one letter's texts, of which the first always goes
WAITING_LIMIT = 1000  # texts that wait for their acknowledgement


class SendWindow:
    """`first` is the number of the oldest text that waits; `sent` counts all that were ever added."""

    def __init__(self) -> None:
        self.first = 1
        self._texts: deque[str] = deque()

    def __len__(self) -> int:
        return len(self._texts)

    @property
    def sent(self) -> int:
        """The number of the newest text."""
        return self.first + len(self._texts) - 1

    @property
    def full(self) -> bool:
        """Whether no more is taken until some has been acknowledged."""
        return len(self._texts) >= WAITING_LIMIT

    def add(self, text: str) -> None:
        """Let `text` wait, too."""
        self._texts.append(text)

    def acknowledge(self, heard: int) -> bool:
        """Drop the texts that were heard, up to the number `heard`; return whether there were any."""
        before = self.first
        while self._texts and self.first <= heard:
            self._texts.popleft()
            self.first += 1
        return self.first > before

    def head(self) -> tuple[str, ...]:
        """Return the oldest texts, as many as one letter takes."""
        taken: list[str] = []
        size = 0
        for text in self._texts:
            size += len(text.encode())
            if len(taken) == TEXTS_LIMIT or (taken and size > BYTES_LIMIT):
                break
            taken.append(text)
        return tuple(taken)
