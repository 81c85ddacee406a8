"""The machine in memory: the real loop, hub and journal of the server, on tools.crash.network, to be killed and
stopped.

A kill is an exception that nothing in the server catches: whatever was in memory is forgotten, and SQLite rolls back
what was not committed, as it does when it finds what a killed process has left.
"""

from __future__ import annotations

import random
import sqlite3
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import server
from chat import log as chat_log
from chat.hub import Hub
from chat.session import Session
from runtime import bootstrap, services
from runtime.clock import LoopClock
from runtime.services import Services
from server import Server
from storage import journal
from storage.journal import FILE_NAME, Journal, JournalError, Start
from tools.crash.failpoints import Countdown, watch
from tools.crash.network import Network
from tools.crash.patches import Patches

AGES = 1e9  # seconds
KEPT = 100_000  # entries
BETWEEN = (0.0, 0.3, 2.0)  # seconds from one life to the next
GREETED_WITH = 5
REPLAY_BYTES = 4_000  # less than a server keeps, so that there are gaps


class Killed(BaseException):
    """The process is gone."""


def _opened_in_haste(opened: Callable[[Path, bool], sqlite3.Connection], path: Path, sync: bool) -> sqlite3.Connection:
    """Open a journal that waits for no disk: no power is lost here."""
    db = opened(path, sync)
    db.execute("PRAGMA synchronous = OFF")
    return db


class _NoAccountService:
    """An account service without accounts."""

    registered: frozenset[str] = frozenset()
    operators: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.waiting: set[Session] = set()
        self.ended: set[Session] = set()

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        pass


class _Log:
    """Stands in for the server's log, and keeps what it says of bugs."""

    def __init__(self, bugs: list[str]) -> None:
        self._bugs = bugs

    def exception(self, text: str, *arguments: object) -> None:
        self._bugs.append(f"{text % arguments} {traceback.format_exc(limit=-3)}")

    def info(self, *_: object) -> None:
        pass

    debug = error = info


class Machine:
    """One server and its disk, `folder`. Its tables of kills and losses are for the checker."""

    def __init__(self, folder: Path, network: Network, patches: Patches, chance: random.Random) -> None:
        """Replace by `patches`, for as long as they last, what the server knows of the world."""
        self.kills = 0
        self.journals_lost = 0
        self.bugs: list[str] = []  # what the server itself took for one
        self._folder = folder
        self._network = network
        self._chance = chance
        self._server: Server | None = None
        self._journal: Journal | None = None
        self._epochs = 0
        self._countdown: Countdown | None = None
        self._disk_fails = False
        patches.replace(chat_log, "REPLAY_BYTES", REPLAY_BYTES)
        patches.replace(journal, "_opened", partial(_opened_in_haste, journal._opened))
        patches.replace(server, "log", _Log(self.bugs))
        patches.replace(services, "log", _Log(self.bugs))
        watch(patches, self._passed)

    @property
    def runs(self) -> bool:
        """Whether there is a server."""
        return self._server is not None

    def start(self) -> None:
        """Start a server that goes on with what is on the disk."""
        self._epochs += 1
        self._network.now += self._chance.choice(BETWEEN)
        self._journal = Journal(self._folder, Start(f"log{self._epochs}", at=self._network.time()), KEPT, AGES)
        hub = Hub(bootstrap._restored_room(self._journal, KEPT), 100, greet_history=GREETED_WITH)
        behind = Services(hub, cast(Any, _NoAccountService()), self._journal)
        self._network.open()
        network: Any = self._network  # our acceptor and poller
        self._server = Server(network, hub, behind, None, network, LoopClock(network))

    def turn(self) -> None:
        """Let the loop turn once; that may be the end of it."""
        if self._server is not None:
            try:
                self._server.step(0.0)
            except Killed:
                self.kill()

    def stop(self) -> None:
        """Let it shut down, as after SIGTERM; a kill may overtake that."""
        if self._server is not None:
            try:
                self._server._shut_down()
                self._server = self._journal = None
            except Killed:
                self.kill()

    def kill(self) -> None:
        """Let the process be gone."""
        if self._server is not None:
            self.kills += 1
            self._server._signals.close()
        if self._journal is not None:
            self._die(self._journal)
        self._server = self._journal = self._countdown = None
        self._network.fall()

    def _die(self, journal: Journal) -> None:
        """Leave on the disk what a killed process leaves: both files as they stand, and not what SQLite ends with."""
        left = {path: path.read_bytes() for path in self._files()}
        journal._db.close()
        for path in self._files():
            path.unlink()
        for path, content in left.items():
            if not path.name.endswith("-shm"):
                path.write_bytes(content)

    def _files(self) -> list[Path]:
        return list(self._folder.glob(f"{FILE_NAME}*"))

    def kill_at(self, point: str) -> None:
        """Let the process be gone when it has passed a point so often (tools.crash.failpoints)."""
        self._countdown = Countdown(point, self._strike)

    def fail_disk(self) -> None:
        """Let the next write to the journal fail; what is said from then on is not kept."""
        self._disk_fails = self.runs

    def lose_journal(self) -> None:
        """Let the process be gone, and its journal with it."""
        self.kill()
        self._remove("")

    def lose_end(self) -> None:
        """Let the process be gone, and of its journal what had not been worked into the file."""
        self.kill()
        self._remove("-wal")

    def lose_open_file(self, suffix: str) -> None:
        """Remove a file of the journal while the server has it open."""
        self._remove(suffix)

    def _remove(self, suffix: str) -> None:
        for path in self._files():
            if path.name.endswith(suffix):
                path.unlink()
                self.journals_lost += 1

    def _passed(self, point: str) -> None:
        if self._disk_fails and point == "before-journal":
            self._disk_fails = False
            self._journal, given_up = None, self._journal
            if given_up is not None:
                self.journals_lost += 1
                raise JournalError("the disk fails")
        if self._countdown is not None:
            self._countdown(point)

    def _strike(self) -> None:
        self._countdown = None
        raise Killed
