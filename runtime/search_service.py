"""The search service: keeps the search index of the journal and searches it, on a thread of its own.

New entries are indexed in batches, with a rest between them: each costs about 20 us of Python, for which the loop may
have to wait, 27 us in small batches, and at full load more entries come than can be indexed. A large batch is indexed
before each search, so that it finds what has just been said.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

from chat.effects import SearchArchive, SearchTask
from chat.networks import network_of
from protocol.events import Past
from runtime.worker import Worker
from storage.journal_errors import JournalError
from storage.search_index import Archive, ArchiveDamagedError

IDLE_BATCH, SEARCH_BATCH = 1_000, 5_000  # entries to index at a time, and before a search
IDLE_INTERVAL, BUSY_INTERVAL = 15.0, 2.5  # seconds until the next batch: with none left, and with more to index

LOGGED_LIMIT = 16  # different errors that are remembered, each of which is logged once

Result = TypeVar("Result")
log = logging.getLogger("server")


class SearchResult(NamedTuple):
    """The result of a search task: messages, a time, or None, also where the disk `failed`."""

    task: SearchTask
    result: list[Past] | float | None
    failed: bool = False


class SearchService:
    """Does search tasks. `fileno` is readable when there are results."""

    def __init__(self, archive: Archive) -> None:
        """Start the thread; only it uses `archive` from now on."""
        self._archive = archive
        self._logged: set[str] = set()
        self._worker: Worker[SearchTask, SearchResult] = Worker("search", self._run, self._take_in_while_idle)

    def fileno(self) -> int:
        """Return the descriptor for the poller."""
        return self._worker.fileno()

    def submit(self, task: SearchTask) -> None:
        """Queue a task. A session has at most one, networks take turns, and tasks of closed sessions are not done."""
        self._worker.put(task, network_of(task.session.host))

    def results(self, has_room: Callable[[], bool]) -> Iterator[SearchResult]:
        """Yield the new results, in order: one, and more while the turn `has_room()` for answers.

        The thread searches while the loop sends, so a turn that took all would have more to send with each turn.
        """
        return self._worker.results(has_room)

    def close(self) -> None:
        """End the thread and close the index; queued tasks are dropped, as no session waits for them any more."""
        self._worker.close(drain=False)
        self._archive.close()

    def _run(self, task: SearchTask) -> SearchResult:
        if task.session.closing:
            return SearchResult(task, None, failed=True)
        try:
            return SearchResult(task, self._retry_if_damaged(lambda: self._execute(task)))
        except JournalError as error:
            self._log_once(error)
            return SearchResult(task, None, failed=True)

    def _execute(self, task: SearchTask) -> list[Past] | float | None:
        self._archive.take_in(SEARCH_BATCH)
        if isinstance(task, SearchArchive):
            return self._archive.search(task.words, task.count, task.identity)
        return self._archive.last_seen(task.name)

    def _take_in_while_idle(self) -> float:
        try:
            return self._retry_if_damaged(self._take_in)
        except JournalError as error:
            self._log_once(error)
        return IDLE_INTERVAL

    def _take_in(self) -> float:
        if self._archive.take_in(IDLE_BATCH):
            return BUSY_INTERVAL
        self._archive.forget()
        return IDLE_INTERVAL

    def _retry_if_damaged(self, do: Callable[[], Result]) -> Result:
        """Return the result of `do`; if the index is damaged, clear it and call `do` again. Raises JournalError."""
        try:
            return do()
        except ArchiveDamagedError as error:
            self._log_once(f"{error} It is made again from the journal.")
            self._archive.begin_anew()
            return do()

    def _log_once(self, error: object) -> None:
        """Log `error`, unless it was logged before: a disk that fails does so every second."""
        text = str(error)
        if text not in self._logged:
            if len(self._logged) >= LOGGED_LIMIT:
                self._logged.clear()
            self._logged.add(text)
            log.error("%s", text)
