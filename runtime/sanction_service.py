"""The sanction service: writes bans.txt and reads it again, on a thread of its own; reads the message of the day, too.

The room is what holds. The file follows it, in the order of what operators did; and what somebody has edited in the
file, between two writes or before a SIGHUP, follows from the file as a difference (storage/bans_file.py).
"""

from __future__ import annotations

import logging
import time
from collections import deque
from pathlib import Path
from typing import NamedTuple

from chat.effects import DropSanction, KeepSanction
from chat.sanctions import Sanction
from runtime.worker import Worker
from storage.bans_file import BansFile, Change
from storage.motd_file import read_motd

log = logging.getLogger("server")


class Reread:
    """The task of reading both files again."""


_Task = KeepSanction | DropSanction | Reread


class SanctionResult(NamedTuple):
    """What has changed in bans.txt; if both files were read again, the message of the day, None if it can't be read.

    `newer`: what operators have imposed that was not in the file yet when that was seen.
    """

    change: Change
    is_reload: bool = False
    motd: tuple[str, ...] | None = None
    newer: tuple[Sanction, ...] = ()


class SanctionService:
    """Does these tasks. `fileno` is readable when there are results."""

    def __init__(self, bans: BansFile, motd: Path | None = None) -> None:
        """Start the thread; only it uses `bans` from now on."""
        self._bans = bans
        self._motd = motd
        self._tasks: deque[_Task] = deque()  # those without a result, in order
        self._worker: Worker[_Task, SanctionResult] = Worker("sanctions", self._run)

    def fileno(self) -> int:
        """Return the descriptor for the poller."""
        return self._worker.fileno()

    def submit(self, task: KeepSanction | DropSanction) -> None:
        """Queue a task."""
        self._put(task)

    def reload(self) -> None:
        """Read the files again, in turn with the tasks."""
        self._put(Reread())

    def results(self) -> list[SanctionResult]:
        """Return the new results, in order."""
        return [self._completed(done) for done in self._worker.results()]

    def close(self) -> None:
        """Finish all tasks, and end the thread."""
        self._worker.close()

    def _put(self, task: _Task) -> None:
        self._tasks.append(task)
        self._worker.put(task)

    def _completed(self, done: SanctionResult) -> SanctionResult:
        newer = tuple(task.sanction for task in self._tasks if isinstance(task, KeepSanction))
        self._tasks.popleft()
        return done._replace(newer=newer)

    def _run(self, task: _Task) -> SanctionResult:
        motd = motd_at(self._motd) if isinstance(task, Reread) else None
        try:
            change = self._execute(task)
        except OSError as error:
            why = error.strerror or error
            log.error("%s: %s. What operators do holds until the server stops.", self._bans.path, why)
            change = Change([], [], [])
        except Exception:  # a bug costs this task, not the thread
            log.exception("A bug in the server, in a sanction task")
            change = Change([], [], [])
        for problem in change.problems:
            log.warning("%s", problem)
        return SanctionResult(change, isinstance(task, Reread), motd)

    def _execute(self, task: _Task) -> Change:
        if isinstance(task, KeepSanction):
            return self._bans.add(task.sanction, time.time())
        if isinstance(task, DropSanction):
            return self._bans.remove(task.act, task.subject)
        return self._bans.load()


def motd_at(path: Path | None) -> tuple[str, ...] | None:
    """Return the message of the day; None, with a line in the log, if it can't be read. Without a `path`, none."""
    if path is None:
        return ()
    try:
        lines, why = read_motd(path)
    except OSError as error:
        log.error("Cannot read %s: %s.", path, error.strerror or error)
        return None
    if why:
        log.warning("%s", why)
    return lines
