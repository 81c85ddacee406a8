"""The start of the server: the certificate, the data folder's lock, accounts, journal, hub and services."""

from __future__ import annotations

import argparse
import logging
import random
import secrets
import time
from pathlib import Path

from chat.admission import Admission
from chat.hub import Hub
from chat.log import Log, first_number
from chat.replies import Replies
from chat.room import Room
from chat.shared.log_store import LogUnreachableError
from protocol.text import key_of
from runtime.acceptor import Acceptor
from runtime.account_service import AccountService, log_problems
from runtime.certificate import CertificateError
from runtime.encryption import Encryption
from runtime.log_service import LogService
from runtime.poller import Poller
from runtime.sanction_service import SanctionService, motd_at
from runtime.search_service import SearchService
from runtime.services import Services
from runtime.shared_room import SharedRoom
from runtime.sockets import listen
from storage import redis_log
from storage.bans_file import BansFile, Change
from storage.entry_feed import EntryFeed
from storage.folder_lock import FolderInUseError, FolderLock
from storage.journal import Journal, Start
from storage.journal_errors import JournalError, explained
from storage.redis_address import RedisAddress
from storage.redis_log import LogRefusedError, RedisLog
from storage.redis_settings import UnfitRedisError, promise_of, read_settings
from storage.search_index import Archive
from storage.users_file import Accounts
from system.atomic_file import clear_leftovers
from system.tcp import why_not_listening

DAY = 24 * 60 * 60  # seconds
_NO_PACKAGE = "--room needs the Python package redis: python3 -m pip install 'redis[hiredis]', then try again."
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

log = logging.getLogger("server")


class CannotStartError(Exception):
    """The server can't start; the text says why, and what to do."""


def open_services(options: argparse.Namespace) -> tuple[Hub, Services]:
    """Open the files in the folder `options.data`; return the hub and its services. Raises CannotStartError."""
    lock = _open_lock(options)
    try:
        return _alone(options, lock) if options.room is None else _sharing(options, lock)
    except CannotStartError:
        if lock is not None:
            lock.close()
        raise


def _alone(options: argparse.Namespace, lock: FolderLock | None) -> tuple[Hub, Services]:
    """Return the hub of a room that is this server's alone: its files keep what is in it."""
    accounts = _open_accounts(options)
    bans, known = _open_bans(options)
    journal = None if options.no_journal else _open_journal(options)
    hub = _new_hub(options, _new_room(options) if journal is None else _restored_room(journal, options.history))
    hub.sanctions_are(known.added, ())
    search = None if journal is None else SearchService(Archive(options.data, journal.epoch))
    sanctions = SanctionService(bans, options.motd)
    return hub, Services(hub, AccountService(accounts), sanctions, journal, search, lock)


def _sharing(options: argparse.Namespace, lock: FolderLock | None) -> tuple[Hub, Services]:
    """Return the hub of a room that other servers share: the log keeps what is in it, accounts and bans as well."""
    hub = _new_hub(options, Room(""))
    feed = EntryFeed(options.history)
    shared = SharedRoom(hub, open_log(options.room), options.data, feed)
    accounts = AccountService(Accounts(options.data, frozenset(map(key_of, options.operator))))
    sanctions = SanctionService(None, options.motd)
    search = SearchService(Archive(options.data, feed))
    services = Services(hub, accounts, sanctions, None, search, lock)
    services.share(shared)
    return hub, services


def _new_hub(options: argparse.Namespace, room: Room) -> Hub:
    kept = frozenset(map(key_of, options.operator))
    is_metered = not options.no_rate_limit
    hub = Hub(room, options.max_users, is_metered, options.greet_history, kept, options.lockdown_after)
    hub.greet_with(motd_at(options.motd) or ())
    return hub


def open_log(address: RedisAddress) -> LogService:
    """Return the service of the log at `address`; log what is promised with it. Raises CannotStartError."""
    if not redis_log.AVAILABLE:
        raise CannotStartError(_NO_PACKAGE)
    try:
        promise = promise_of(read_settings(address))
    except LogRefusedError as error:
        raise CannotStartError(
            f"{address} refuses this server: {error}. Give --room a user and password that may use the room: "
            "redis://USER:PASSWORD@HOST/NAME."
        ) from error
    except LogUnreachableError as error:
        raise CannotStartError(
            f"Cannot reach {address}: {error}. Start Redis there, or give another --room."
        ) from error
    except UnfitRedisError as error:
        raise CannotStartError(f"{address} can't keep a room: {error}.") from error
    log.info("The room is %s. %s", address, promise)
    return LogService(lambda: RedisLog(address), random.SystemRandom())


def _open_encryption(options: argparse.Namespace) -> Encryption | None:
    """Return what the port has to do with TLS; None without a certificate. Raises CannotStartError."""
    if options.tls_cert is None:
        return None
    plain_from = () if options.tls_only else tuple(options.plain_from) or None
    try:
        return Encryption(options.tls_cert, options.tls_key, plain_from)
    except CertificateError as error:
        raise CannotStartError(str(error)) from error


def open_acceptor(options: argparse.Namespace, poller: Poller) -> Acceptor:
    """Return the acceptor, which listens, watched by `poller`. Raises CannotStartError."""
    encryption = _open_encryption(options)
    try:
        listeners = listen(options.host, options.port)
    except OSError as error:
        raise CannotStartError(why_not_listening(error, options.host, options.port, "server")) from error
    admission = Admission(tuple(options.trusted))
    return Acceptor(listeners, admission, poller, encryption, tuple(options.proxy_protocol))


def _open_lock(options: argparse.Namespace) -> FolderLock | None:
    """Return the lock of the folder; with --no-journal None, and a line in the log, where nothing can be locked."""
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


def _open_accounts(options: argparse.Namespace) -> Accounts:
    accounts = Accounts(options.data, frozenset(map(key_of, options.operator)))
    clear_leftovers(accounts.path)
    try:
        log_problems(accounts.load())
        unregistered = accounts.grant_roles()
    except OSError as error:
        why = f"Cannot read or write {accounts.path}: {error.strerror}."
        raise CannotStartError(f"{why} Repair that, or choose another --data.") from error
    if unregistered:
        names = " and ".join(unregistered)
        log.warning("Register %s from this machine, to have an operator: --operator names nobody else yet.", names)
    return accounts


def _open_bans(options: argparse.Namespace) -> tuple[BansFile, Change]:
    bans = BansFile(options.data)
    clear_leftovers(bans.path)
    try:
        known = bans.load()
    except OSError as error:
        why = f"Cannot read {bans.path}: {error.strerror}."
        raise CannotStartError(f"{why} Repair that, or choose another --data.") from error
    log_problems(known.problems)
    return bans, known


def _open_journal(options: argparse.Namespace) -> Journal:
    try:
        age = options.history_days * DAY
        start = Start(secrets.token_hex(8), _boot_id(), time.time())
        journal = Journal(options.data, start, options.history, age, options.sync)
    except JournalError as error:
        raise CannotStartError(str(error)) from error
    for note in journal.notes:
        log.warning("%s", note)
    if journal.lost_its_end:
        log.warning("The end of %s may be lost. Clients that come back are told so.", journal.path)
    for path in journal.put_aside():
        log.warning("%s was put aside by an earlier run. Nothing deletes it: look into it, then remove it.", path)
    return journal


def _boot_id() -> str:
    """Return the id of this boot of the machine; "" where the system has none (Linux has one)."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


def _new_room(options: argparse.Namespace) -> Room:
    first = first_number(0, time.time())
    return Room(secrets.token_hex(8), Log(seq=first - 1, runs=()), Replies(kept=options.history))


def _restored_room(journal: Journal, kept: int) -> Room:
    try:
        entries = Log(journal.newest(), journal.first - 1, runs=journal.runs, older=journal.entry)
        return Room(journal.epoch, entries, Replies(journal.take_places(), journal.take_answers(), kept))
    except JournalError as error:
        journal.close()
        raise CannotStartError(str(error)) from error
