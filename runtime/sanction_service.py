"""The sanction service: writes bans.txt and reads it again, on a thread of its own; reads the message of the day, too.

The sanctions of a room that several servers share are in that room: then it reads the message of the day only.

The room is what holds. The file follows it, in the order of what operators did, and its result is what they wait for;
and what somebody has edited in the file, between two writes or before a SIGHUP, follows from the file as a difference
(storage/bans_file.py). A large one comes in parts, one a turn of the loop.
"""

from __future__ import annotations

import logging
from collections import deque
from pathlib import Path
from typing import NamedTuple

from chat.effects import DropSanction, KeepSanction, SanctionTask
from chat.session import Session
from runtime.worker import Worker
from storage.bans_file import BansFile, Change
from storage.motd_file import read_motd

PART = 200  # sanctions that change in a turn: some 3 ms

log = logging.getLogger("server")


class Reread:
    """The task of reading both files again."""


_Task = SanctionTask | Reread


class SanctionResult(NamedTuple):
    """What has changed in bans.txt, or a part of it.

    The last part has the `task`, which is done, or is not, because of `why_not`; and if both files were read again, the
    message of the day, None if it can't be read. `pending`: what operators did that was not in the file yet when the
    change was read, that task among them.
    """

    change: Change
    task: _Task | None = None
    why_not: str = ""
    motd: tuple[str, ...] | None = None
    pending: tuple[SanctionTask, ...] = ()


class SanctionService:
    """Does these tasks. `fileno` is readable when there are results."""

    def __init__(self, bans: BansFile | None, motd: Path | None = None) -> None:
        """Start the thread; only it uses `bans` from now on. None: there is no such file."""
        self.waiting: set[Session] = set()  # sessions whose task has no result yet
        self._bans = bans
        self._motd = motd
        self._tasks: deque[_Task] = deque()  # those without a result, in order
        self._worker: Worker[_Task, SanctionResult] = Worker("sanctions", self._run)

    def fileno(self) -> int:
        """Return the descriptor for the poller."""
        return self._worker.fileno()

    def submit(self, task: SanctionTask) -> None:
        """Queue a task."""
        if task.acknowledgement is not None:
            self.waiting.add(task.acknowledgement.session)
        self._put(task)

    def reload(self) -> None:
        """Read the files again, in turn with the tasks."""
        self._put(Reread())

    def results(self) -> list[SanctionResult]:
        """Return the next result, if there is one; the others come with the next calls, one a turn."""
        return [self._completed(done) for done in self._worker.results(lambda: False)]

    def close(self) -> None:
        """Finish all tasks, and end the thread."""
        self._worker.close()

    def _put(self, task: _Task) -> None:
        self._tasks.append(task)
        self._worker.put(task)

    def _completed(self, done: SanctionResult) -> SanctionResult:
        pending = tuple(task for task in self._tasks if not isinstance(task, Reread))
        if done.task is not None:
            self._tasks.popleft()
            if not isinstance(done.task, Reread) and done.task.acknowledgement is not None:
                self.waiting.discard(done.task.acknowledgement.session)
        return done._replace(pending=pending)

    def _run(self, task: _Task) -> SanctionResult:
        """Do `task`; return its result, of which the first parts have been given by then."""
        motd = motd_at(self._motd) if isinstance(task, Reread) else None
        if self._bans is None:
            return SanctionResult(Change([], [], []), task, "", motd)
        change, why_not = self._follow(self._bans, task)
        *parts, last = change.parts(PART)
        for part in parts:
            self._worker.give(SanctionResult(part))
        return SanctionResult(last, task, why_not, motd)

    def _follow(self, bans: BansFile, task: _Task) -> tuple[Change, str]:
        """Do what `task` asks of the file; return what somebody has edited, and why the task is not done, "" if it
        is."""
        change, why_not = Change([], [], []), ""
        try:
            change = bans.load() if isinstance(task, Reread) else bans.refresh()
            _write(bans, task)
        except OSError as error:
            why_not = error.strerror or str(error)
            holds = "The bans stay as they were" if isinstance(task, Reread) else "That holds until the server stops"
            log.error("%s: %s. %s.", bans.path, why_not, holds)
        except Exception:  # a bug costs this task, not the thread
            why_not = "a bug in the server"
            log.exception("A bug in the server, in a sanction task")
        if change.added or change.removed:
            log.info("%s was edited. New: %d, lifted: %d", bans.path, len(change.added), len(change.removed))
        for problem in change.problems:
            log.warning("%s", problem)
        return change, why_not


def _write(bans: BansFile, task: _Task) -> None:
    if isinstance(task, KeepSanction):
        bans.add(task.sanction, task.at)
    elif isinstance(task, DropSanction):
        bans.remove(task.act, task.subject, task.at)


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
