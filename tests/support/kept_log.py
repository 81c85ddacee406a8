"""A log that a LogService can be given in the place of Redis: in memory, with faults that a test switches on."""

from __future__ import annotations

import threading
from typing import Any, cast

from chat.shared.log_store import LogUnreachableError
from chat.shared.memory_log import MemoryLog
from runtime.log_service import Connection


class Place:
    """Where a log is kept, with its faults; `connection` is a way to it, as each of the threads has one."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.why_unreachable = ""
        self.bugs = 0  # how many of the next calls meet a bug
        self.changed = threading.Condition()
        self.ways: list[Way] = []

    def connection(self) -> Connection:
        self.ways.append(Way(self))
        return cast(Connection, self.ways[-1])

    def set(self, **faults: Any) -> None:
        with self.changed:
            vars(self).update(faults)
            self.changed.notify_all()


class Way:
    """A connection; a call of `follow` waits until there is something, as Redis does."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.is_open = False

    def connect(self) -> None:
        with self._place.changed:
            self._fail()
            self.is_open = True

    def disconnect(self) -> None:
        self.is_open = False

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: self._call(name, arguments)

    def _call(self, name: str, arguments: tuple[Any, ...]) -> Any:
        place = self._place
        with place.changed:
            self._fail()
            if place.bugs:
                place.bugs -= 1
                raise ZeroDivisionError
            answer = getattr(place.log, name)(*arguments)
            if name == "follow" and not answer:
                place.changed.wait(0.01)
            place.changed.notify_all()
            return answer

    def _fail(self) -> None:
        if self._place.why_unreachable:
            raise LogUnreachableError(self._place.why_unreachable)
