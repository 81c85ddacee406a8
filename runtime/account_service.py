"""The account service: checks passwords and writes the file of accounts, on a thread of its own.

The accounts of a room that several servers share are in that room: then it only hashes, and the tasks hold what with.

Its queue is bounded, and fair by network: when it is full, a task of the network with the most tasks gets the result
BUSY at once (runtime/fair.py). Passwords of closed sessions are not checked, and those of peers that have sent an end
of file come after the others, so that abandoned guesses keep nobody waiting. Tasks that write are always done.
"""

from __future__ import annotations

import logging
from typing import NamedTuple

from chat import limits
from chat.effects import (
    AccountTask,
    CheckPassword,
    HashPassword,
    RemoveAccount,
    StorePassword,
    StoreRole,
    TaskResult,
)
from chat.networks import network_of
from chat.session import Session
from protocol.text import key_of
from runtime.fair import FairQueue
from runtime.worker import Worker
from storage.passwords import PasswordHash, hash_in
from storage.users_file import Accounts

NICE = 10  # niceness: hashing, which takes no lock, is far below the loop, and yet done in time on a busy machine
QUEUE_LIMIT = 64  # tasks, of some 0.15 s each: about 10 s in all

log = logging.getLogger("server")


class Reload:
    """The task of reading the file of accounts again."""


class AccountResult(NamedTuple):
    """The result of an account task, or of a Reload (`task` is None), and the registered names and the operators after
    it.

    These are None where they have not changed. `record` is what a HashPassword was for.
    """

    task: AccountTask | None
    result: TaskResult
    registered: frozenset[str] | None
    operators: frozenset[str] | None = None
    record: str = ""


class AccountService:
    """Does account tasks. `fileno` is readable when there are results."""

    def __init__(self, accounts: Accounts) -> None:
        """Start the thread; only it uses `accounts`, which are loaded, from now on."""
        self.registered = accounts.keys()  # the names at the start; later ones come with the results
        self.operators = accounts.operators()
        self.waiting: set[Session] = set()  # sessions whose task has no result yet
        self.ended: set[Session] = set()  # of these, those whose peer has sent an end of file; set by the loop
        self._accounts = accounts
        tasks: FairQueue[AccountTask | Reload] = FairQueue(QUEUE_LIMIT, self._priority)
        self._worker: Worker[AccountTask | Reload, AccountResult] = Worker(
            "accounts", self._run, tasks=tasks, nice=NICE
        )

    def fileno(self) -> int:
        """Return the descriptor for the poller."""
        return self._worker.fileno()

    def submit(self, task: AccountTask) -> None:
        """Queue a task; if the queue is full, one task in it gets the result BUSY."""
        self.waiting.add(task.session)
        displaced = self._worker.put(task, network_of(task.session.host))
        if displaced is not None and not isinstance(displaced, Reload):
            self._worker.give(AccountResult(displaced, TaskResult.BUSY, None))

    def reload(self) -> None:
        """Read the file again, in turn with the tasks."""
        self._worker.put(Reload())

    def results(self) -> list[AccountResult]:
        """Return the new results, in order."""
        results = list(self._worker.results())
        sessions = {done.task.session for done in results if done.task}
        self.waiting -= sessions
        self.ended -= sessions
        return results

    def close(self) -> None:
        """Finish all tasks, so that no registration is lost, and end the thread."""
        self._worker.close()

    def _run(self, task: AccountTask | Reload) -> AccountResult:
        result, record = self._outcome(task)
        keys, operators = self._accounts.keys(), self._accounts.operators()
        return AccountResult(None if isinstance(task, Reload) else task, result, keys, operators, record)

    def _priority(self, task: AccountTask | Reload) -> int:
        if isinstance(task, Reload):
            return 3
        if task.session.closing and isinstance(task, CheckPassword):
            return 0
        return 1 if task.session in self.ended else 2

    def _outcome(self, task: AccountTask | Reload) -> tuple[TaskResult, str]:
        """Return the result of `task`, and the record that it made, if any."""
        try:
            if isinstance(task, HashPassword):
                return TaskResult.YES, str(PasswordHash.of(task.password))
            return self._execute(task), ""
        except OSError as error:
            log.error("%s: %s", self._accounts.path, error.strerror or error)
        except Exception:  # a bug costs this task, not the thread
            log.exception("A bug in the server, in an account task")
        return TaskResult.FAILED, ""

    def _execute(self, task: CheckPassword | StorePassword | StoreRole | RemoveAccount | Reload) -> TaskResult:
        if isinstance(task, CheckPassword):
            return self._check_password(task)
        if isinstance(task, Reload):
            log_problems(self._accounts.load())
            return TaskResult.YES
        log_problems(self._accounts.refresh())
        if isinstance(task, StorePassword):
            return self._store_password(task)
        if isinstance(task, StoreRole):
            return self._store_role(task)
        self._accounts.remove(task.name)
        return TaskResult.YES

    def _check_password(self, task: CheckPassword) -> TaskResult:
        if task.session.closing:
            return TaskResult.BUSY  # nothing was done, and nobody waits for the result
        if task.record is None:
            return TaskResult.YES if self._accounts.check(task.name, task.password) else TaskResult.NO
        return TaskResult.YES if hash_in(task.record).matches(task.password) else TaskResult.NO

    def _store_role(self, task: StoreRole) -> TaskResult:
        """Change a role, unless its author has lost his own meanwhile, or it is the last one."""
        operators = self._accounts.operators()
        may = task.session.account in operators
        is_last = not task.is_operator and operators == {key_of(task.name)}
        if not may or is_last:
            return TaskResult.NO
        return TaskResult.YES if self._accounts.set_role(task.name, task.is_operator) else TaskResult.NO

    def _store_password(self, task: StorePassword) -> TaskResult:
        if task.session.account == key_of(task.name):
            self._accounts.store(task.name, task.password)
            return TaskResult.YES
        if len(self._accounts.keys()) >= limits.ACCOUNTS:
            return TaskResult.FULL
        return TaskResult.YES if self._accounts.add(task.name, task.password) else TaskResult.NO


def log_problems(problems: list[str]) -> None:
    """Log the problems that were found in the file of accounts."""
    for problem in problems:
        log.warning("%s", problem)
