"""The named points in a turn of the server's loop at which it can be killed, and what is told of passing them.

before-journal  in-journal  after-journal      Journal.write; the second stands within its transaction
before-fanout   after-fanout                   Fanout.deliver, of a turn that has something to tell
before-echo     after-echo                     the kernel is handed what one peer is sent, others not yet
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import server
from chat.delivery.fanout import Fanout, Send
from chat.effects import Broadcast, Unicast
from storage import journal, journal_rows
from tools.crash.patches import Patches

POINTS = ("before-journal", "in-journal", "after-journal", "before-fanout", "after-fanout", "before-echo", "after-echo")
Passed = Callable[[str], None]


def watch(patches: Patches, passed: Passed) -> None:
    """Have `passed` called with a point's name whenever the server comes by it."""
    _surround(patches, journal.Journal, "write", "journal", passed)
    _surround(patches, server.Server, "_flush", "echo", passed)
    packed = journal_rows.packed

    def packing(*arguments: Any) -> Any:
        passed("in-journal")
        return packed(*arguments)

    patches.replace(journal, "packed", packing)
    deliver, attach = Fanout.deliver, Fanout.attach

    def delivering(self: Fanout, effects: Any, now: float) -> int:
        effects = list(effects)
        tells = any(isinstance(effect, Broadcast | Unicast) for effect in effects)
        if tells:
            passed("before-fanout")
        count = deliver(self, effects, now)
        if tells:
            passed("after-fanout")
        return count

    def attaching(self: Fanout, connection: Any, send: Send) -> None:
        attach(self, connection, _surrounded(send, "echo", passed))

    patches.replace(Fanout, "deliver", delivering)
    patches.replace(Fanout, "attach", attaching)


def _surround(patches: Patches, owner: type, name: str, point: str, passed: Passed) -> None:
    patches.replace(owner, name, _surrounded(getattr(owner, name), point, passed))


def _surrounded(inner: Callable[..., Any], point: str, passed: Passed) -> Callable[..., Any]:
    def surrounded(*arguments: Any) -> Any:
        passed(f"before-{point}")
        result = inner(*arguments)
        passed(f"after-{point}")
        return result

    return surrounded


class Countdown:
    """Calls `strike` when the point of `text`, such as "after-journal:12", is passed for the twelfth time."""

    def __init__(self, text: str, strike: Callable[[], None]) -> None:
        self._point, _, times = text.partition(":")
        self._left = int(times or 1)
        self._strike = strike
        if self._point not in POINTS:
            raise ValueError(f"{text!r} is no point: give one of {', '.join(POINTS)} and a number, after a colon")

    def __call__(self, point: str) -> None:
        """Take note that `point` is passed."""
        if point == self._point:
            self._left -= 1
            if not self._left:
                self._strike()
