"""The machine in memory: the real loop, hub and journal of the server, on tools.crash.network, to be killed and
stopped.

A kill is an exception that nothing in the server catches: whatever was in memory is forgotten, and the journal's files
stay as they were, with a torn line, if the kill came within it.
"""

from __future__ import annotations

import errno
import os
import random
import traceback
from pathlib import Path
from typing import Any, cast

import server
from chat import log as chat_log
from chat.delivery.detection import Doors
from chat.delivery.site import Site, websocket_page
from chat.hub import Hub
from chat.session import Session
from runtime import bootstrap, services
from runtime.bootstrap import CannotStartError
from runtime.clock import LoopClock
from runtime.services import Services
from server import Server
from storage import segment, segments
from storage.journal import FOLDER, Journal, Start
from storage.journal_errors import JournalError
from storage.segment import listed
from tools.crash.failpoints import Countdown, watch
from tools.crash.network import Network
from tools.crash.patches import Patches

AGES = 1e9  # seconds
KEPT = 100_000  # entries
SEGMENT = 2_000  # bytes, so that a life has several segments
BETWEEN = (0.0, 0.3, 2.0)  # seconds from one life to the next
GREETED_WITH = 5
DOORS = Doors(site=Site({"/chat": websocket_page(())}))
REPLAY_BYTES = 4_000  # less than a server keeps, so that there are gaps


class Killed(BaseException):
    """The process is gone."""


class _NoService:
    """An account service without accounts, and a sanction service without bans."""

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


def silence(patches: Patches) -> list[str]:
    """Keep the server's log from being written; return a list that gets what it says of bugs."""
    bugs: list[str] = []
    patches.replace(server, "log", _Log(bugs))
    patches.replace(services, "log", _Log(bugs))
    return bugs


class Machine:
    """One server and its disk, `folder`. Its tables of kills and losses are for the checker."""

    def __init__(self, folder: Path, network: Network, patches: Patches, chance: random.Random) -> None:
        """Replace by `patches`, for as long as they last, what the server knows of the world."""
        self.kills = 0
        self.journals_lost = 0
        self._folder = folder
        self._network = network
        self._chance = chance
        self._server: Server | None = None
        self._journal: Journal | None = None
        self._epochs = 0
        self._countdown: Countdown | None = None
        self._disk_fails = False
        patches.replace(chat_log, "REPLAY_BYTES", REPLAY_BYTES)
        patches.replace(segments, "SIZE", SEGMENT)
        patches.replace(segment, "flush", lambda _: None)  # no power is lost here
        patches.replace(segments, "sync_folder", lambda _: None)
        self.bugs = silence(patches)  # what the server itself took for one
        watch(patches, self._passed)

    @property
    def runs(self) -> bool:
        """Whether there is a server."""
        return self._server is not None

    def start(self) -> None:
        """Start a server that goes on with what is on the disk; a kill may overtake that."""
        self._epochs += 1
        self._network.now += self._chance.choice(BETWEEN)
        try:
            self._journal = Journal(self._folder, Start(f"log{self._epochs}", at=self._network.time()), KEPT, AGES)
            room = bootstrap._restored_room(self._journal, KEPT)
        except (JournalError, CannotStartError) as error:
            self.bugs.append(f"it does not start: {error}")
            return
        except Killed:
            self.kill()
            return
        hub = Hub(room, 100, greet_history=GREETED_WITH)
        behind = Services(hub, cast(Any, _NoService()), cast(Any, _NoService()), self._journal)
        self._network.open()
        network: Any = self._network  # our acceptor and poller
        self._server = Server(network, hub, behind, DOORS, network, LoopClock(network))

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
            self._journal._segments.open.close()
        self._server = self._journal = self._countdown = None
        self._network.fall()

    def kill_at(self, point: str) -> None:
        """Let the process be gone when it has passed a point so often (tools.crash.failpoints)."""
        self._countdown = Countdown(point, self._strike)

    def fail_disk(self) -> None:
        """Let the next write to the journal fail; what is said from then on is not kept."""
        self._disk_fails = self.runs

    def lose_journal(self) -> None:
        """Let the process be gone, and its journal with it."""
        self.kill()
        self._lose(self._segments())

    def lose_end(self) -> None:
        """Let the process be gone, and the newest segment of its journal."""
        self.kill()
        self._lose(self._segments()[-1:])

    def damage_end(self) -> None:
        """Let the process be gone, and a letter of the newest text of its journal be another one."""
        self.kill()
        for path in self._segments()[-1:]:
            content = path.read_bytes()
            last = content.rfind(b"\n", 0, -1) + 1
            at = content.rfind(b"hello", last)
            if at >= 0:
                path.write_bytes(content[:at] + b"jello" + content[at + 5 :])
                self.journals_lost += 1

    def lose_open_file(self) -> None:
        """Remove a segment while the server has the journal open; not the oldest, which would count as dropped."""
        paths = self._segments()
        if paths:
            self._lose([self._chance.choice(paths[1:] or paths)])

    def _segments(self) -> list[Path]:
        return listed(self._folder / FOLDER) if (self._folder / FOLDER).exists() else []

    def _lose(self, paths: list[Path]) -> None:
        for path in paths:
            path.unlink()
        self.journals_lost += bool(paths)

    def _passed(self, point: str) -> None:
        if self._disk_fails and point == "torn-journal":
            self._disk_fails = False
            self.journals_lost += 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self._countdown is not None:
            self._countdown(point)

    def _strike(self) -> None:
        self._countdown = None
        raise Killed
