"""A server's way to a MemoryLog, in a time that is handed in, with the faults of a network: for tests and simulations.

link = MemoryLink(log, latency)         latency: a function that returns the seconds that a call takes, each way
link.submit(command)                    as the server does
link.step(now)                          the results that have come by `now`

link.fault = Fault.CUT                  calls fail at once; an answer that was on its way is lost
link.fault = Fault.STALL                nothing passes. A call fails after TIMEOUT, and may be carried out late:
                                        when the fault is over, before anything else
link.lose_answers = 1                   the next call is carried out, and its answer is lost
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from chat.shared.log_client import LogClient, ReadCall, Side, WriteCall
from chat.shared.log_store import Answer, Found, LogStore
from chat.shared.shared_log import Command, LogEntry, Result

TIMEOUT = 1.5  # seconds until a call without an answer has failed
RETRY = 0.5  # seconds from a failure to the next try


class Fault(Enum):
    """What is wrong with a link."""

    NONE = "none"
    CUT = "cut"
    STALL = "stall"


@dataclass
class _Flight:
    """A call on its way. `due`: when it reaches the log, and then when its answer is back; None: that is lost."""

    call: WriteCall | ReadCall
    sent: float
    due: float | None
    answer: Answer | Found | Sequence[LogEntry] | None = None


class MemoryLink:
    """A server's way to `log`."""

    def __init__(self, log: LogStore, latency: Callable[[], float] = lambda: 0.0) -> None:
        self.fault = Fault.NONE
        self.lose_answers = 0
        self._log = log
        self._latency = latency
        self._client = LogClient()
        self._flights: dict[Side, _Flight] = {}
        self._late: list[_Flight] = []  # given up by the client, but not lost
        self._retry_at = dict.fromkeys(Side, 0.0)

    def submit(self, command: Command) -> None:
        """Take a command of the server."""
        self._client.submit(command)

    def step(self, now: float) -> list[Result]:
        """Return the results that have come by `now`."""
        if self.fault is Fault.NONE:
            for flight in self._late:
                flight.call(self._log)
            self._late.clear()
        results: list[Result] = []
        while True:
            moved = [self._moves(side, now, results) for side in Side]
            if not any(moved):
                return results

    def _moves(self, side: Side, now: float, results: list[Result]) -> bool:
        """Do what is next to be done for a side; return whether there may be more of that by `now`."""
        flight = self._flights.get(side)
        if flight is None:
            return self._send(side, now, results)
        if self.fault is Fault.CUT or now >= flight.sent + TIMEOUT:
            self._give_up(side, flight, now, results)
        elif self.fault is Fault.NONE and flight.due is not None and now >= flight.due:
            return self._arrive(side, flight, now, results)
        return False

    def _send(self, side: Side, now: float, results: list[Result]) -> bool:
        if now < self._retry_at[side]:
            return False
        if self.fault is Fault.CUT:
            self._fail(side, now, results)
            return False
        call = self._client.next_write() if side is Side.WRITING else self._client.next_read()
        if call is not None:
            self._flights[side] = _Flight(call, now, now + self._latency())
        return call is not None

    def _arrive(self, side: Side, flight: _Flight, now: float, results: list[Result]) -> bool:
        """Carry out a call that has reached the log, or pass on an answer that is back."""
        if flight.answer is None:
            flight.answer = flight.call(self._log)
            flight.due = now + self._latency()
            if self.lose_answers and side is Side.WRITING:
                self.lose_answers -= 1
                flight.due = None
            return True
        del self._flights[side]
        if isinstance(flight.answer, Answer):
            results += self._client.written(flight.answer)
        else:
            results += self._client.read(flight.answer)
        return bool(flight.answer)

    def _give_up(self, side: Side, flight: _Flight, now: float, results: list[Result]) -> None:
        del self._flights[side]
        if self.fault is Fault.STALL and flight.answer is None:
            self._late.append(flight)
        self._fail(side, now, results)

    def _fail(self, side: Side, now: float, results: list[Result]) -> None:
        self._retry_at[side] = now + RETRY
        results += self._client.failed(side)
