"""The backroom: what works behind the loop. The clerk for the accounts, the journal, the archivist who searches it.

The journal is written here, in the loop's own thread and before anybody is told of what is in it; with SQLite that is
one call of some 30 us, which no thread would make shorter. The other two have threads of their own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from chat import past
from chat.effects import Answer, CheckPassword, Effect, RemoveAccount, SearchArchive, SeekInArchive, StorePassword
from chat.hub import Hub
from chat.session import Session
from shell.archivist import Archivist
from shell.clerk import Clerk
from stores.journal import Journal, JournalError

log = logging.getLogger("server")


class Backroom:
    """Serves `hub`. Without a journal, what is said is kept in memory only."""

    def __init__(
        self, hub: Hub, clerk: Clerk, journal: Journal | None = None, archivist: Archivist | None = None
    ) -> None:
        self._hub = hub
        self._clerk = clerk
        self._journal = journal
        self._archivist = archivist
        hub.registered.update(clerk.registered)
        hub.has_archive = archivist is not None

    def descriptors(self) -> list[int]:
        """Return what `select` is to watch: readable when `hear` has something to tell."""
        return [self._clerk.fileno(), *([self._archivist.fileno()] if self._archivist else ())]

    def take(self, effect: Effect) -> None:
        """See to `effect`, if it is one for here."""
        if isinstance(effect, CheckPassword | StorePassword | RemoveAccount):
            self._clerk.consult(effect)
        elif isinstance(effect, SearchArchive | SeekInArchive) and self._archivist:
            self._archivist.inquire(effect)

    def hear(self, readable: set[int]) -> list[Effect]:
        """Return what follows from what has been done since."""
        effects: list[Effect] = []
        for asked, answer, registered in self._clerk.answers() if self._clerk.fileno() in readable else ():
            if registered is not None:
                self._hub.registered.update(registered)
            if asked is not None:
                effects += self._hub.answered(asked, answer)
            elif answer is Answer.YES:
                log.info("Read the accounts again. Registered users: %d", len(self._hub.registered))
            else:
                log.error("The accounts stay as they were. Registered users: %d", len(self._hub.registered))
        if self._archivist and self._archivist.fileno() in readable:
            for found in self._archivist.answers():
                effects += past.found(self._hub, *found)
        return effects

    def waiting(self) -> set[Session]:
        """Return those who wait for the clerk."""
        return self._clerk.waiting

    def note_ended(self, sessions: Iterable[Session]) -> None:
        """Take note that these send nothing more; others come before them."""
        self._clerk.ended.update(sessions)

    def reload(self) -> None:
        """Have the accounts read again."""
        self._clerk.reload()

    def keep(self) -> list[Effect]:
        """Write what is new into the journal; return what follows if that fails."""
        entries, answers = self._hub.take_fresh()
        if self._journal is None or not (entries or answers):
            return []
        try:
            self._journal.write(entries, answers)
        except JournalError as error:
            log.error("%s", error)
            return self._go_on_without(self._journal)
        return []

    def _go_on_without(self, journal: Journal) -> list[Effect]:
        self._journal = None
        try:
            log.error("The chat goes on in memory only. The journal up to here is in %s.", journal.set_aside())
        except JournalError as error:
            log.error("The chat goes on in memory only. Remove the journal before the next start. %s", error)
        return past.journal_lost(self._hub)

    def close(self) -> None:
        """Finish what is waiting, and let everything be on the disk."""
        self._clerk.close()
        if self._archivist:
            self._archivist.close()
        if self._journal:
            self._journal.close()
