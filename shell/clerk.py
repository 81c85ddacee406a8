"""The clerk: looks after the accounts, on a thread of his own.

His queue is short: when it is full the answer is BUSY at once, not a wait that grows.
"""

from __future__ import annotations

import logging
from typing import NamedTuple

from chat.effects import Answer, CheckPassword, Consultation, RemoveAccount, StorePassword
from shell.worker import Worker
from stores.accounts import Accounts

QUEUE_LIMIT = 8

log = logging.getLogger("server")


class Reload:
    """Read the file of accounts again."""


class Answered(NamedTuple):
    """What came of a consultation, or of reading the file again (None), and which names are registered now.

    Of those, None says that they are what they were.
    """

    asked: Consultation | None
    answer: Answer
    registered: frozenset[str] | None


class Clerk:
    """Answers consultations. `fileno` is readable when there are answers."""

    def __init__(self, accounts: Accounts) -> None:
        """Look after `accounts`, which are loaded already and nobody else's from now on."""
        self.registered = accounts.keys()  # at the start; what they are then comes with the answers
        self._accounts = accounts
        self._worker: Worker[Consultation | Reload, Answered] = Worker("clerk", self._answered)

    def fileno(self) -> int:
        """Return the descriptor for `select`."""
        return self._worker.fileno()

    def consult(self, asked: Consultation) -> None:
        """Take in a question; with too many waiting already, its answer is BUSY."""
        if self._worker.waiting() < QUEUE_LIMIT:
            self._worker.put(asked)
        else:
            self._worker.give(Answered(asked, Answer.BUSY, None))

    def reload(self) -> None:
        """Read the file again, when what is waiting is done."""
        self._worker.put(Reload())

    def answers(self) -> list[Answered]:
        """Return the answers that have come, in order."""
        return self._worker.results()

    def close(self) -> None:
        """Finish what is waiting, so that no registration is lost, and end the thread."""
        self._worker.close()

    def _answered(self, asked: Consultation | Reload) -> Answered:
        answer = self._outcome(asked)
        return Answered(None if isinstance(asked, Reload) else asked, answer, self._accounts.keys())

    def _outcome(self, asked: Consultation | Reload) -> Answer:
        try:
            return self._look_up(asked)
        except OSError as error:
            log.error("%s: %s", self._accounts.path, error.strerror or error)
        except Exception:  # a bug of ours must cost the one who met it, not everybody who asks later
            log.exception("A bug in the server, at a consultation")
        return Answer.FAILED

    def _look_up(self, asked: Consultation | Reload) -> Answer:
        if isinstance(asked, CheckPassword):
            return Answer.YES if self._accounts.check(asked.name, asked.password) else Answer.NO
        if isinstance(asked, StorePassword):
            self._accounts.store(asked.name, asked.password)
        elif isinstance(asked, RemoveAccount):
            self._accounts.remove(asked.name)
        else:
            tell(self._accounts.load())
        return Answer.YES


def tell(complaints: list[str]) -> None:
    """Log what was wrong with the file of accounts."""
    for complaint in complaints:
        log.warning("%s", complaint)
