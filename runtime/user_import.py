"""Bringing the accounts of a users.txt into a room that servers share: `server.py import-users FILE`.

This process takes part in the log as a server without users does (chat.shared.order_shared), so all that holds for
servers holds for it, too: it proposes each account, the room decides, and what counts is what has been read back.
"""

from __future__ import annotations

import random
import select
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from chat.proposals import ImportAccount
from chat.room import Room
from chat.shared.log_store import LogUnreachableError
from chat.shared.order_shared import OrderShared
from chat.shared.shared_log import Unreachable
from chat.state import Settings, State
from runtime.log_service import LogService
from storage.users_file import Account

PATIENCE = 10.0  # seconds in which the log has to give some result
PART = 50  # accounts at a time: each costs every server some 30 us
LOOK = 0.5  # seconds between two looks at what is due


class Imported(NamedTuple):
    """What has become of some accounts."""

    added: list[Account]
    known: list[Account]  # which the room had already
    different: list[Account]  # since the room has another account of that name
    refused: list[Account]  # since there are too many in the room


class UserImport:
    """A part in the room of `service`, for accounts."""

    def __init__(self, service: LogService) -> None:
        """Begin to read the log."""
        rng = random.SystemRandom()
        state = State(Room(""), Settings(0), lambda *_: [])
        self._order = OrderShared(state, lambda *_: [], lambda *_: [], lambda: f"{rng.getrandbits(64):016x}")
        self._service = service
        self._heard_at = time.monotonic()

    def run(self, accounts: Sequence[Account], most: int, tell: Callable[[str], None]) -> Imported:
        """Bring in the `accounts` that the room has not, as long as it has fewer than `most`.

        `tell` is told how far that is. Raises LogUnreachableError, or CannotFollowError where the log holds what is not
        understood here. What the room has got by then it keeps.
        """
        self._wait_while(lambda: not self._order.is_live)
        known, different, new = self._sorted(accounts)
        for begin in range(0, len(new), PART):
            for key, record, is_operator in new[begin : begin + PART]:
                self._order.propose(None, ImportAccount(key, record, is_operator, most), None, 0.0)
            self._wait_while(lambda: self._order.unread > 0)
            tell(f"{min(begin + PART, len(new)):,} of {len(new):,} accounts")
        added, others, refused = self._sorted(new)
        return Imported(added, known, different + others, refused)

    def close(self) -> None:
        """Leave the room."""
        self._order.close()
        self._service.submit(*self._order.take_commands())
        self._service.close()

    def _sorted(self, accounts: Sequence[Account]) -> tuple[list[Account], list[Account], list[Account]]:
        """Return those that the room has, those of whose name it has another one, and the rest."""
        room = self._order.replica.room
        there = [account for account in accounts if room.records.find(account.key) == account.record]
        others = [account for account in accounts if account.key in room.registered and account not in there]
        return there, others, [account for account in accounts if account.key not in room.registered]

    def _wait_while(self, goes_on: Callable[[], bool]) -> None:
        self._take_turn()
        while goes_on():
            if time.monotonic() > self._heard_at + PATIENCE:
                raise LogUnreachableError(f"nothing was heard from it for {PATIENCE:g} s")
            select.select([self._service.fileno()], [], [], LOOK)
            self._take_turn()

    def _take_turn(self) -> None:
        now = time.monotonic()
        self._order.tick(now)
        for result in self._service.results():
            self._order.receive(result, now)
            if not isinstance(result, Unreachable):
                self._heard_at = now
        self._service.submit(*self._order.take_commands())
