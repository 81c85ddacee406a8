"""The search service: searches what the journal holds, and keeps the index of it, on a thread of its own.

What is new in the journal is taken in little by little: every entry costs about 20 us of Python, for which the loop
may have to wait, and at full load there are more of them than anybody could take in. Before a question is answered,
all that is new is taken in, unless it is very much, so that what has just been said is found.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from chat.effects import SearchArchive, SearchTask
from chat.networks import network_of
from protocol.events import Past
from runtime.worker import Worker
from storage.journal import JournalError
from storage.search_index import Archive, ArchiveDamagedError

WHEN_IDLE, AT_ONCE = 200, 5_000  # entries: at a time, and before a question is answered
REST, PAUSE = 1.0, 0.5  # seconds until it looks for new entries again: when there were no more, and when there are

COMPLAINTS = 16  # of different words, until one of them is logged again

Result = TypeVar("Result")
log = logging.getLogger("server")


class Found(NamedTuple):
    """The result of a search task: messages, a time or None; with `failed`, nothing, because the disk failed."""

    asked: SearchTask
    result: list[Past] | float | None
    failed: bool = False


class SearchService:
    """Does search tasks. `fileno` is readable when there are answers."""

    def __init__(self, archive: Archive) -> None:
        """Look after `archive`, which is nobody else's from now on."""
        self._archive = archive
        self._complaints: set[str] = set()
        self._worker: Worker[SearchTask, Found] = Worker("search", self._found, self._keep_up)

    def fileno(self) -> int:
        """Return the descriptor for the poller."""
        return self._worker.fileno()

    def inquire(self, asked: SearchTask) -> None:
        """Take in a question. Each session asks one at a time, networks take turns, and who has left gets no answer."""
        self._worker.put(asked, network_of(asked.session.host))

    def answers(self) -> list[Found]:
        """Return the answers that have come, in order."""
        return self._worker.results()

    def close(self) -> None:
        """End the thread; what is waiting has nobody any more who waits for it."""
        self._worker.close(finish=False)
        self._archive.close()

    def _found(self, asked: SearchTask) -> Found:
        if asked.session.closing:
            return Found(asked, None, failed=True)
        try:
            return Found(asked, self._made_anew_if_damaged(lambda: self._look_up(asked)))
        except JournalError as error:
            self._complain(error)
            return Found(asked, None, failed=True)

    def _look_up(self, asked: SearchTask) -> list[Past] | float | None:
        self._archive.take_in(AT_ONCE)
        if isinstance(asked, SearchArchive):
            return self._archive.search(asked.words, asked.count, asked.identity)
        return self._archive.last_seen(asked.name)

    def _keep_up(self) -> float:
        try:
            return self._made_anew_if_damaged(self._take_in)
        except JournalError as error:
            self._complain(error)
        return REST

    def _take_in(self) -> float:
        self._archive.work_in()
        if self._archive.take_in(WHEN_IDLE):
            return PAUSE
        self._archive.forget()
        return REST

    def _made_anew_if_damaged(self, do: Callable[[], Result]) -> Result:
        """Return what `do` returns; if the archive is damaged, begin it anew and do it again. Raises JournalError."""
        try:
            return do()
        except ArchiveDamagedError as error:
            self._complain(f"{error} It is made again from the journal.")
            self._archive.begin_anew()
            return do()

    def _complain(self, what: object) -> None:
        """Log what is wrong, once: it will be wrong a second later, too."""
        complaint = str(what)
        if complaint not in self._complaints:
            if len(self._complaints) >= COMPLAINTS:
                self._complaints.clear()
            self._complaints.add(complaint)
            log.error("%s", complaint)
