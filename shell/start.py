"""What the server begins with: the accounts and the log of earlier runs, and who looks after them."""

from __future__ import annotations

import argparse
import secrets
from pathlib import Path

from chat.answers import Answers
from chat.hub import Hub
from chat.log import Log
from chat.record import Record
from disk.whole import clear_leftovers
from shell.archivist import Archivist
from shell.backroom import Backroom
from shell.clerk import Clerk, tell
from stores.accounts import Accounts
from stores.archive import Archive
from stores.journal import Journal, JournalError

DAY = 24 * 60 * 60  # seconds
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class CannotStartError(Exception):
    """The text says why, and what to do."""


def begun(options: argparse.Namespace) -> tuple[Hub, Backroom]:
    """Open what is in the folder of `options.data`; return the hub, and the backroom that serves it.

    Raises CannotStartError.
    """
    accounts = _accounts(options)
    journal = None if options.no_journal else _journal(options)
    record = Record(secrets.token_hex(8)) if journal is None else _record(journal)
    hub = Hub(record, options.max_users, not options.no_rate_limit, options.greet_history)
    archivist = None if journal is None else Archivist(Archive(options.data))
    return hub, Backroom(hub, Clerk(accounts), journal, archivist)


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
        return Journal(options.data, secrets.token_hex(8), options.history, age, options.sync, _boot())
    except JournalError as error:
        raise CannotStartError(str(error)) from error


def _boot() -> str:
    """Return what this start of the machine is called; "" where the system does not say (it does on Linux)."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


def _record(journal: Journal) -> Record:
    try:
        return Record(journal.epoch, Log(journal.newest(), journal.seq()), Answers(journal.answers()))
    except JournalError as error:
        journal.close()
        raise CannotStartError(str(error)) from error
