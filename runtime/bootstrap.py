"""What the server begins with: the accounts and the log of earlier runs, and who looks after them."""

from __future__ import annotations

import argparse
import logging
import secrets
import time
from pathlib import Path

from chat.hub import Hub
from chat.log import Log, first_number
from chat.replies import Replies
from chat.room import Room
from runtime.account_service import AccountService, tell
from runtime.search_service import SearchService
from runtime.services import Services
from storage.folder_lock import FolderInUseError, FolderLock
from storage.journal import Journal, JournalError, Start, explained
from storage.search_index import Archive
from storage.users_file import Accounts
from system.atomic_file import clear_leftovers

DAY = 24 * 60 * 60  # seconds
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

log = logging.getLogger("server")


class CannotStartError(Exception):
    """The text says why, and what to do."""


def begun(options: argparse.Namespace) -> tuple[Hub, Services]:
    """Open what is in the folder of `options.data`; return the hub, and the services behind it.

    Raises CannotStartError.
    """
    lock = _lock(options)
    try:
        accounts = _accounts(options)
        journal = None if options.no_journal else _journal(options)
        record = _new_record(options) if journal is None else _record(journal, options.history)
    except CannotStartError:
        if lock is not None:
            lock.close()
        raise
    hub = Hub(record, options.max_users, not options.no_rate_limit, options.greet_history)
    search = None if journal is None else SearchService(Archive(options.data))
    return hub, Services(hub, AccountService(accounts), journal, search, lock)


def _lock(options: argparse.Namespace) -> FolderLock | None:
    """Return the lock of the folder; None, which is logged, where nothing can be locked and no journal is wanted."""
    try:
        with explained(options.data):
            return FolderLock(options.data)
    except FolderInUseError as error:
        raise CannotStartError(str(error)) from error
    except JournalError as error:
        if not options.no_journal:
            raise CannotStartError(str(error)) from error
        log.warning("%s Until then another server may use it, too.", error)
        return None


def _accounts(options: argparse.Namespace) -> Accounts:
    accounts = Accounts(options.data)
    clear_leftovers(accounts.path)
    try:
        tell(accounts.load())
    except OSError as error:
        why = f"Cannot read {accounts.path}: {error.strerror}."
        raise CannotStartError(f"{why} Mend that, or choose another --data.") from error
    return accounts


def _journal(options: argparse.Namespace) -> Journal:
    try:
        age = options.history_days * DAY
        start = Start(secrets.token_hex(8), _boot(), time.time())
        journal = Journal(options.data, start, options.history, age, options.sync)
    except JournalError as error:
        raise CannotStartError(str(error)) from error
    if journal.lost_its_end:
        log.warning("The end of %s may be lost. Clients that come back are told so.", journal.path)
    for path in journal.put_aside():
        log.warning("%s was put aside by an earlier run. Nothing deletes it: see to it, then remove it.", path)
    return journal


def _boot() -> str:
    """Return what this start of the machine is called; "" where the system does not say (it does on Linux)."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


def _new_record(options: argparse.Namespace) -> Room:
    first = first_number(0, time.time())
    return Room(secrets.token_hex(8), Log(seq=first - 1, runs=()), Replies(kept=options.history))


def _record(journal: Journal, kept: int) -> Room:
    try:
        entries = Log(journal.newest(), journal.first - 1, runs=journal.runs, older=journal.entry)
        return Room(journal.epoch, entries, Replies(journal.places(), journal.answers(), kept))
    except JournalError as error:
        journal.close()
        raise CannotStartError(str(error)) from error
