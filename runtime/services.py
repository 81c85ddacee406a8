"""The services of the hub: the journal, the account service and the search service.

The journal is written here, in the loop's own thread and before the entries are delivered: one line a turn, which no
thread would make shorter. The other two have threads of their own.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter
from collections.abc import Iterable

from chat.effects import (
    AccountTask,
    CheckPassword,
    DropSanction,
    Effect,
    HashPassword,
    KeepSanction,
    RemoveAccount,
    SanctionTask,
    SearchArchive,
    SearchTask,
    SeekInArchive,
    StorePassword,
    StoreRole,
    TaskResult,
)
from chat.hub import Hub
from chat.session import Session
from protocol.events import RoomEvent
from protocol.values import unreachable
from runtime.account_service import AccountService
from runtime.sanction_service import Reread, SanctionResult, SanctionService
from runtime.search_service import SearchService
from runtime.shared_room import SharedRoom
from storage.folder_lock import FolderInUseError, FolderLock
from storage.journal import Journal
from storage.journal_errors import JournalError

CHECK_INTERVAL = 1.0  # seconds

log = logging.getLogger("server")


class Services:
    """The services of one `hub`. Without a journal, messages are kept in memory only."""

    def __init__(
        self,
        hub: Hub,
        accounts: AccountService,
        sanctions: SanctionService,
        journal: Journal | None = None,
        search: SearchService | None = None,
        lock: FolderLock | None = None,
    ) -> None:
        self._hub = hub
        self._lock = lock
        self._next_check = 0.0  # loop time of the next check that the files are still there
        self._accounts = accounts
        self._journal = journal
        self._search = search
        self._sanctions = sanctions
        self._shared: SharedRoom | None = None
        self.entries: Counter[type[RoomEvent]] = Counter()  # of the log since the start, by the event
        hub.accounts_are(accounts.registered, accounts.operators)
        hub.use_archive(search is not None)

    def share(self, shared: SharedRoom) -> None:
        """Let `shared` keep what the room has in it, instead of files."""
        self._shared = shared

    def descriptors(self) -> list[int]:
        """Return the descriptors of the services; one is readable when it has results for `collect`."""
        services = (self._accounts, self._sanctions, self._search, self._shared)
        return [service.fileno() for service in services if service is not None]

    @property
    def has_failed(self) -> bool:
        """Whether the server has to stop, since it can't follow the room that it shares."""
        return self._shared is not None and self._shared.has_failed

    def submit(self, task: AccountTask | SanctionTask | SearchTask) -> None:
        """Queue `task` for the service that does it."""
        match task:
            case CheckPassword() | StorePassword() | HashPassword() | RemoveAccount() | StoreRole():
                self._accounts.submit(task)
            case KeepSanction() | DropSanction():
                self._sanctions.submit(task)
            case SearchArchive() | SeekInArchive():
                if self._search:  # without it, the hub makes no search tasks
                    self._search.submit(task)
            case _:
                unreachable(task)

    def collect(self, readable: set[int]) -> list[Effect]:
        """Return the effects of the results of the services whose descriptors are `readable`."""
        effects: list[Effect] = []
        if self._accounts.fileno() in readable:
            effects += self._collect_accounts()
        if self._search and self._search.fileno() in readable:
            for found in self._search.results(self._hub.has_room):
                effects += self._hub.found(*found)
        if self._sanctions.fileno() in readable:
            for done in self._sanctions.results():
                effects += self._take_sanctions(done)
        return effects

    def _collect_accounts(self) -> list[Effect]:
        effects: list[Effect] = []
        for task, result, registered, operators, record in self._accounts.results():
            if registered is not None and operators is not None:
                effects += self._hub.accounts_are(registered, operators)
            if task is not None:
                effects += self._hub.answered(task, result, record)
            elif result is TaskResult.YES:
                log.info("Read the accounts again. Registered users: %d", len(self._hub.room.registered))
            else:
                log.error("The accounts stay as they were. Registered users: %d", len(self._hub.room.registered))
        return effects

    def _take_sanctions(self, done: SanctionResult) -> list[Effect]:
        if done.motd is not None:
            self._hub.greet_with(done.motd)
        added, removed, _ = done.change
        self._hub.sanctions_are(added, removed, done.pending)
        if done.task is None:  # other parts follow
            return []
        effects = self._hub.close_banned() if added or removed else []
        if not isinstance(done.task, Reread):
            effects += self._hub.written(done.task, done.why_not)
        elif self._shared is not None and done.motd is not None:
            log.info("Read the message of the day again. Accounts and bans are the shared room's, and in no file.")
        elif self._shared is None and not done.why_not:
            log.info("Read the bans again. Bans and mutes: %d", len(self._hub.room.sanctions))
        return effects

    @property
    def has_waiting(self) -> bool:
        """Whether `waiting` returns any."""
        return bool(self._accounts.waiting or self._sanctions.waiting)

    def waiting(self) -> set[Session]:
        """Return the sessions whose account or sanction task has no result yet."""
        return self._accounts.waiting | self._sanctions.waiting

    def note_ended(self, sessions: Iterable[Session]) -> None:
        """Do the account tasks of `sessions`, whose peers have sent an end of file, after the others."""
        self._accounts.ended.update(self._accounts.waiting.intersection(sessions))

    def reload(self) -> None:
        """Read again what somebody may have edited: accounts, bans, and the message of the day.

        Of a room that is shared, only the last one is in a file.
        """
        if self._shared is None:
            self._accounts.reload()
        self._sanctions.reload()

    def write_journal(self, now: float = 0.0) -> list[Effect]:
        """Write the new entries to the journal; if that fails or its files are gone, return the effects of its loss.

        In a room that is shared, give what was proposed to the log, and return what follows from what it has.
        """
        effects = [] if self._shared is None else self._shared.take_turn(now)
        entries, answers = self._hub.take_fresh()
        for entry in entries:
            self.entries[type(entry.event)] += 1
        if self._shared is not None:
            self._shared.index(entries)
        try:
            if now >= self._next_check:
                self._next_check = now + CHECK_INTERVAL
                if not self._has_folder():
                    return self._lose_journal(is_ours=False)
                if self._journal is not None:
                    self._journal.look()
            if self._journal is not None and (entries or answers):
                self._journal.write(entries, answers)
        except JournalError as error:
            log.error("%s", error)
            return self._lose_journal(is_ours=True)
        return effects

    def _has_folder(self) -> bool:
        """Return whether no other server has the folder; if its lock was deleted, lock it again."""
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
        except (OSError, sqlite3.Error) as error:  # the journal's files are checked next
            log.error("It can't be: %s", error)
            self._lock = None
        return True

    def _lose_journal(self, is_ours: bool) -> list[Effect]:
        """Go on in memory, and set the journal aside if it `is_ours`; return the effects."""
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
        """Finish the account tasks, leave a room that is shared, and close all files."""
        if self._shared:
            self._shared.close()
        self._accounts.close()
        self._sanctions.close()
        if self._search:
            self._search.close()
        if self._journal:
            self._journal.close()
        if self._lock:
            self._lock.close()
