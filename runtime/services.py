"""Services: what works behind the loop. The account service, the journal, and the search service that searches it.

The journal is written here, in the loop's own thread and before anybody is told of what is in it; with SQLite that is
one call of some 30 us, which no thread would make shorter. The other two have threads of their own.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable

from chat.effects import AccountTask, Effect, SearchTask, TaskResult
from chat.hub import Hub
from chat.session import Session
from runtime.account_service import AccountService
from runtime.search_service import SearchService
from storage.folder_lock import FolderInUseError, FolderLock
from storage.journal import Journal, JournalError

LOOK_EVERY = 1.0  # seconds

log = logging.getLogger("server")


class Services:
    """Serves `hub`. Without a journal, what is said is kept in memory only."""

    def __init__(
        self,
        hub: Hub,
        accounts: AccountService,
        journal: Journal | None = None,
        search: SearchService | None = None,
        lock: FolderLock | None = None,
    ) -> None:
        self._hub = hub
        self._lock = lock
        self._look_at = 0.0  # when to look next whether the files are still there
        self._accounts = accounts
        self._journal = journal
        self._search = search
        hub.accounts_are(accounts.registered)
        hub.use_archive(search is not None)

    def descriptors(self) -> list[int]:
        """Return what the poller is to watch: readable when `hear` has something to tell."""
        return [self._accounts.fileno(), *([self._search.fileno()] if self._search else ())]

    def consult(self, task: AccountTask) -> None:
        """Have `task` done by the account service."""
        self._accounts.consult(task)

    def inquire(self, task: SearchTask) -> None:
        """Have `task` done by the search service."""
        if self._search:  # else the hub asks for no such thing
            self._search.inquire(task)

    def hear(self, readable: set[int]) -> list[Effect]:
        """Return what follows from what has been done since."""
        effects: list[Effect] = []
        for asked, answer, registered in self._accounts.answers() if self._accounts.fileno() in readable else ():
            if registered is not None:
                self._hub.accounts_are(registered)
            if asked is not None:
                effects += self._hub.answered(asked, answer)
            elif answer is TaskResult.YES:
                log.info("Read the accounts again. Registered users: %d", len(self._hub.room.registered))
            else:
                log.error("The accounts stay as they were. Registered users: %d", len(self._hub.room.registered))
        if self._search and self._search.fileno() in readable:
            for found in self._search.answers():
                effects += self._hub.found(*found)
        return effects

    def waiting(self) -> set[Session]:
        """Return those who wait for the accounts."""
        return self._accounts.waiting

    def note_ended(self, sessions: Iterable[Session]) -> None:
        """Take note that these send nothing more; others come before them."""
        self._accounts.ended.update(sessions)

    def reload(self) -> None:
        """Have the accounts read again."""
        self._accounts.reload()

    def keep(self, now: float = 0.0) -> list[Effect]:
        """Write what is new into the journal; return what follows if that fails, or its files are gone."""
        entries, answers = self._hub.take_fresh()
        is_due = now >= self._look_at
        if is_due:
            self._look_at = now + LOOK_EVERY
            if not self._holds_folder():
                return self._lose_journal(is_ours=False)
        try:
            if self._journal is not None and (entries or answers):
                self._journal.write(entries, answers)
            elif self._journal is not None and is_due:
                self._journal.look()
        except JournalError as error:
            log.error("%s", error)
            return self._lose_journal(is_ours=True)
        return []

    def _holds_folder(self) -> bool:
        """Return whether the folder is ours; if its lock was deleted, take it again."""
        if self._lock is None or self._lock.is_there():
            return True
        log.warning("%s was deleted while the server ran. It is locked again.", self._lock.path)
        self._lock.close()
        try:
            self._lock = FolderLock(self._lock.path.parent)
        except FolderInUseError as error:
            log.error("%s", error)
            self._lock = None
            return False
        except (OSError, sqlite3.Error) as error:  # the journal's files will be looked at, too
            log.error("It can't be: %s", error)
            self._lock = None
        return True

    def _lose_journal(self, is_ours: bool) -> list[Effect]:
        """Go on in memory; put the journal aside if it `is_ours` to move."""
        journal, self._journal = self._journal, None
        if journal is None:
            return []
        try:
            aside = journal.set_aside() if is_ours else None
            where = f"up to here is in {aside}" if aside is not None else "is not there any more"
            log.error("The chat goes on in memory only. The journal %s.", where if is_ours else "is another server's")
        except JournalError as error:
            log.error("The chat goes on in memory only. Remove the journal before the next start. %s", error)
        return self._hub.journal_lost()

    def close(self) -> None:
        """Finish what is waiting, and let everything be on the disk."""
        self._accounts.close()
        if self._search:
            self._search.close()
        if self._journal:
            self._journal.close()
        if self._lock:
            self._lock.close()
