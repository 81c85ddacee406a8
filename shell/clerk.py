"""The clerk: looks after the accounts on a thread of his own, so that the loop never waits for a hash or the disk.

The loop hands him what the hub wants to know and goes on; when he has an answer, a byte on a socket pair wakes
`select`, and `answers` hands it out. He does one thing after the other, so the accounts need no lock. His queue is
short: when it is full the answer is BUSY at once, not a wait that grows.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import socket
import sys
import threading
from collections import deque
from typing import NamedTuple

from chat.effects import Answer, CheckPassword, Consultation, StorePassword
from stores.accounts import Accounts

QUEUE_LIMIT = 8

log = logging.getLogger("server")


class Answered(NamedTuple):
    """What came of a consultation, or of reading the file again (None), and which names are registered now."""

    asked: Consultation | None
    answer: Answer
    registered: frozenset[str]


class Clerk:
    """Answers consultations. `fileno` is readable when there are answers."""

    def __init__(self, accounts: Accounts) -> None:
        """Look after `accounts`, which are loaded already and nobody else's from now on."""
        self.registered = accounts.keys()
        self._accounts = accounts
        self._desk: queue.SimpleQueue[Consultation | None] = queue.SimpleQueue()
        self._answers: deque[Answered] = deque()
        self._bell, self._clapper = socket.socketpair()
        self._bell.setblocking(False)
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="clerk", daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        """Return the descriptor for `select`."""
        return self._bell.fileno()

    def consult(self, asked: Consultation) -> None:
        """Take in a question; with too many waiting already, its answer is BUSY."""
        if self._desk.qsize() < QUEUE_LIMIT:
            self._desk.put(asked)
        else:
            self._answer(asked, Answer.BUSY)

    def reload(self) -> None:
        """Read the file again, when what is waiting is done."""
        self._desk.put(None)

    def answers(self) -> list[Answered]:
        """Return the answers that have come, in order."""
        try:
            self._bell.recv(4096)
        except BlockingIOError:
            return []
        return [self._answers.popleft() for _ in range(len(self._answers))]

    def close(self) -> None:
        """Finish what is waiting, so that no registration is lost, and end the thread."""
        self._closing = True
        self._desk.put(None)
        self._thread.join()
        self._bell.close()
        self._clapper.close()

    def _work(self) -> None:
        _be_humble()
        while True:
            asked = self._desk.get()
            if asked is None and self._closing:
                return
            self._answer(asked, self._outcome(asked))

    def _answer(self, asked: Consultation | None, answer: Answer) -> None:
        self.registered = self._accounts.keys()
        self._answers.append(Answered(asked, answer, self.registered))
        self._clapper.send(b"\0")

    def _outcome(self, asked: Consultation | None) -> Answer:
        try:
            return self._look_up(asked)
        except OSError as error:
            log.error("%s: %s", self._accounts.path, error.strerror or error)
            return Answer.FAILED

    def _look_up(self, asked: Consultation | None) -> Answer:
        if isinstance(asked, CheckPassword):
            return Answer.YES if self._accounts.check(asked.name, asked.password) else Answer.NO
        if isinstance(asked, StorePassword):
            self._accounts.store(asked.name, asked.password)
        elif asked is not None:
            self._accounts.remove(asked.name)
        else:
            tell(self._accounts.load())
        return Answer.YES


def _be_humble() -> None:
    """Let everything else go first: the chat needs the processor more. On Linux a thread has its own niceness."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)


def tell(complaints: list[str]) -> None:
    """Log what was wrong with the file of accounts."""
    for complaint in complaints:
        log.warning("%s", complaint)
