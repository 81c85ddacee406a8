"""The account service: checks passwords and keeps the file of accounts, on a thread of its own.

Its queue is bounded, and fair by network: when it is full, the answer BUSY goes at once to a session of the network
with the most tasks in it (runtime/fair.py), and not to one of another network. The passwords of sessions that are gone
are not checked, and those of peers that have sent an end come after the others: guesses that nobody waits for would
keep everybody else waiting. What is to be written is written, whether somebody waits for it or not.
"""

from __future__ import annotations

import logging
from typing import NamedTuple

from chat import limits
from chat.effects import AccountTask, CheckPassword, StorePassword, TaskResult
from chat.networks import network_of
from chat.session import Session
from protocol.text import key_of
from runtime.fair import FairQueue
from runtime.worker import Worker
from storage.users_file import Accounts

QUEUE_LIMIT = 64  # tasks, of some 0.15 s each: a wait that a person bears

log = logging.getLogger("server")


class Reload:
    """Read the file of accounts again."""


class Answered(NamedTuple):
    """The result of an account task, or of reading the file again (`asked` is None), and the names registered since.

    `registered` is None where they have not changed.
    """

    asked: AccountTask | None
    answer: TaskResult
    registered: frozenset[str] | None


class AccountService:
    """Does account tasks. `fileno` is readable when there are answers."""

    def __init__(self, accounts: Accounts) -> None:
        """Look after `accounts`, which are loaded already and nobody else's from now on."""
        self.registered = accounts.keys()  # at the start; what they are then comes with the answers
        self.waiting: set[Session] = set()  # for an answer
        self.ended: set[Session] = set()  # of these, those whose peer sends nothing more; the loop says which
        self._accounts = accounts
        tasks: FairQueue[AccountTask | Reload] = FairQueue(QUEUE_LIMIT, self._worth)
        self._worker: Worker[AccountTask | Reload, Answered] = Worker("accounts", self._answered, tasks=tasks)

    def fileno(self) -> int:
        """Return the descriptor for the poller."""
        return self._worker.fileno()

    def consult(self, asked: AccountTask) -> None:
        """Take in a question; with too many waiting already, the answer to one of them is BUSY."""
        self.waiting.add(asked.session)
        displaced = self._worker.put(asked, network_of(asked.session.host))
        if displaced is not None and not isinstance(displaced, Reload):
            self._worker.give(Answered(displaced, TaskResult.BUSY, None))

    def reload(self) -> None:
        """Read the file again, when what is waiting is done."""
        self._worker.put(Reload())

    def answers(self) -> list[Answered]:
        """Return the answers that have come, in order."""
        answers = self._worker.results()
        sessions = {answered.asked.session for answered in answers if answered.asked}
        self.waiting -= sessions
        self.ended -= sessions
        return answers

    def close(self) -> None:
        """Finish what is waiting, so that no registration is lost, and end the thread."""
        self._worker.close()

    def _answered(self, asked: AccountTask | Reload) -> Answered:
        answer = self._outcome(asked)
        return Answered(None if isinstance(asked, Reload) else asked, answer, self._accounts.keys())

    def _worth(self, asked: AccountTask | Reload) -> int:
        if isinstance(asked, Reload):
            return 3
        if asked.session.closing and isinstance(asked, CheckPassword):
            return 0
        return 1 if asked.session in self.ended else 2

    def _outcome(self, asked: AccountTask | Reload) -> TaskResult:
        try:
            return self._look_up(asked)
        except OSError as error:
            log.error("%s: %s", self._accounts.path, error.strerror or error)
        except Exception:  # a bug of ours must cost the one who met it, not everybody who asks later
            log.exception("A bug in the server, in an account task")
        return TaskResult.FAILED

    def _look_up(self, asked: AccountTask | Reload) -> TaskResult:
        if isinstance(asked, CheckPassword):
            return self._checked(asked)
        if isinstance(asked, Reload):
            tell(self._accounts.load())
            return TaskResult.YES
        tell(self._accounts.refresh())
        if isinstance(asked, StorePassword):
            return self._stored(asked)
        self._accounts.remove(asked.name)
        return TaskResult.YES

    def _checked(self, asked: CheckPassword) -> TaskResult:
        if asked.session.closing:
            return TaskResult.BUSY  # nothing is done, and nobody is there to be told
        return TaskResult.YES if self._accounts.check(asked.name, asked.password) else TaskResult.NO

    def _stored(self, asked: StorePassword) -> TaskResult:
        if asked.session.account == key_of(asked.name):
            self._accounts.store(asked.name, asked.password)
            return TaskResult.YES
        if len(self._accounts.keys()) >= limits.ACCOUNTS:
            return TaskResult.FULL
        return TaskResult.YES if self._accounts.add(asked.name, asked.password) else TaskResult.NO


def tell(complaints: list[str]) -> None:
    """Log what was wrong with the file of accounts."""
    for complaint in complaints:
        log.warning("%s", complaint)
