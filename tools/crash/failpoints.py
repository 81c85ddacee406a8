"""The named points in a turn of the server's loop at which it can be killed, and what is told of passing them.

before-journal  after-journal                  Journal.write
torn-journal    in-journal                     within it: a part of a line is written, and all of it
segment-made    segment-announced              Segments.rotate: the next segment is made, the last line of the old one
segment-named   segment-summed                 says so, it has its name, the old one has its summary
before-drop     after-drop                     a segment that is not to be kept any more
before-fanout   after-fanout                   Fanout.deliver, of a turn that has something to tell
before-echo     after-echo                     the kernel is handed what one peer is sent, others not yet
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chat.delivery.fanout import Fanout, Send
from chat.effects import Broadcast, Unicast
from runtime.peers import Peers
from storage import segment, segments
from storage.journal import Journal
from storage.segments import Segments
from tools.crash.patches import Patches

ROTATION = ("segment-made", "segment-announced", "segment-named", "segment-summed")
RARE_POINTS = (*ROTATION, "before-drop", "after-drop")  # passed once a segment, not once a turn
POINTS = (
    *("before-journal", "torn-journal", "in-journal", "after-journal", *RARE_POINTS),
    *("before-fanout", "after-fanout", "before-echo", "after-echo"),
)
Passed = Callable[[str], None]


def watch(patches: Patches, passed: Passed) -> None:
    """Have `passed` called with a point's name whenever the server comes by it."""
    _watch_writing(patches, passed)
    _watch_rotating(patches, passed)
    _surround(patches, Peers, "flush", "echo", passed)
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


def _watch_writing(patches: Patches, passed: Passed) -> None:
    """Watch the journal's turns; what is written at a start or at the end has no points."""
    write, put = Journal.write, segment.put
    writing: list[Journal] = []

    def begin(self: Journal, *arguments: Any) -> None:
        passed("before-journal")
        writing[:] = [self]
        try:
            write(self, *arguments)
        finally:
            writing.clear()
        passed("after-journal")

    def by_halves(descriptor: int, content: bytes) -> None:
        half = len(content) // 2 if writing else 0
        put(descriptor, content[:half])
        if writing:
            passed("torn-journal")
        put(descriptor, content[half:])
        if writing:
            passed("in-journal")

    patches.replace(Journal, "write", begin)
    patches.replace(segment, "put", by_halves)


def _watch_rotating(patches: Patches, passed: Passed) -> None:
    _pass_after(patches, Segments, "_made", lambda: passed("segment-made"))
    _pass_after(patches, Segments, "_named", lambda: passed("segment-named"))
    _pass_after(patches, segments, "store_summary", lambda: passed("segment-summed"))
    _surround(patches, segments, "delete", "drop", passed)
    named = Segments._named

    def announced(self: Segments, path: Any) -> None:
        passed("segment-announced")
        named(self, path)

    patches.replace(Segments, "_named", announced)


def _pass_after(patches: Patches, owner: Any, name: str, tell: Callable[[], None]) -> None:
    inner = getattr(owner, name)

    def passing(*arguments: Any) -> Any:
        result = inner(*arguments)
        tell()
        return result

    patches.replace(owner, name, passing)


def _surround(patches: Patches, owner: Any, name: str, point: str, passed: Passed) -> None:
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
