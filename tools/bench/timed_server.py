"""Run a checkout's server.py with its turns timed: `python timed_server.py SERVER.PY ARGUMENTS`.

The server's own file is run, unchanged; the methods that LAYOUTS names are replaced by ones that read the clock before
and after, so the hot path pays for nothing when nobody measures. Each turn that delivers messages is appended to
`turns` in the working directory: the number of deliveries, then the ns of each phase, in the order of PHASES.

A phase is the time within its methods, without that within the methods of another phase. Waiting is counted in CPU
time of the thread, so that the sleep is not in it; the others by the clock on the wall.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

PHASES = ("waiting", "reading", "journal", "fan-out", "sending", "rest")
TURNS = "turns"  # the file
WAITING, REST = PHASES.index("waiting"), PHASES.index("rest")

Layout = dict[str, tuple[str, ...]]

_OLDER: Layout = {
    "waiting": ("runtime.peers:Peers.many_lag", "server:Server._wait"),
    "reading": (
        "server:Server._collect",
        "server:Server._lose_broken",
        "server:Server._accept",
        "server:Server._serve_all",
        "server:Server._greet",
    ),
    "journal": ("runtime.services:Services.write_journal",),
    "fan-out": ("server:Server._carry_out",),
    "sending": ("server:Server._flush_all",),
    "rest": ("server:Server.step",),
}
# What each phase is called, in the checkout of today first. "rest" is all of a turn that is nowhere else.
LAYOUTS: tuple[Layout, ...] = (
    _OLDER
    | {
        "waiting": ("runtime.peers:Peers.many_lag", "server:Server._wait"),
        "sending": ("chat.delivery.fanout:Fanout._send", "server:Server._flush_all"),
    },
    _OLDER,
)


def missing(layout: Layout) -> list[str]:
    """Return the names of a layout that this checkout does not have."""
    return [name for names in layout.values() for name in names if not callable(getattr(*place(name), None))]


def place(name: str) -> tuple[Any, str]:
    """Return the class that `module:Class.method` names, and the method's name. The class may be missing."""
    module, _, path = name.partition(":")
    owner, _, method = path.partition(".")
    return getattr(import_module(module), owner, None), method


def layout_here() -> Layout:
    """Return the first layout of which this checkout has all names; else end the program, naming what is missing."""
    for layout in LAYOUTS:
        if not missing(layout):
            return layout
    gone = ", ".join(missing(LAYOUTS[0]))
    sys.exit(f"This checkout has no {gone}, which LAYOUTS of tools/bench/timed_server.py names: bring it up to date.")


class Timer:
    """The ns of each phase in the turn under way."""

    def __init__(self, layout: Layout) -> None:
        self.spent = [0] * len(PHASES)
        self._inner = [0]  # for each timed call under way: the wall-clock ns of the timed calls within it
        for phase, names in layout.items():
            for name in names:
                owner, method = place(name)
                setattr(owner, method, self._timed(PHASES.index(phase), getattr(owner, method)))

    def _timed(self, phase: int, method: Callable[..., Any]) -> Callable[..., Any]:
        spent, inner, clock, cpu = self.spent, self._inner, time.perf_counter_ns, time.thread_time_ns

        def timed(*arguments: Any, **options: Any) -> Any:
            inner.append(0)
            worked = cpu() if phase == WAITING else 0
            began = clock()
            try:
                return method(*arguments, **options)
            finally:
                took = clock() - began
                spent[phase] += cpu() - worked if phase == WAITING else took - inner[-1]
                inner.pop()
                inner[-1] += took

        return timed

    def take(self) -> list[int]:
        """Return the ns of the turn that is over, and begin the next."""
        taken = self.spent[:]
        self.spent[:] = [0] * len(PHASES)
        return taken


def write_turns(timer: Timer, path: Path) -> None:
    """Have each turn that delivers something written to a file when it is over."""
    server = import_module("server").Server
    step = server.step
    turns = path.open("w", buffering=1)

    def written(self: Any, *arguments: Any, **options: Any) -> None:
        before = self._metrics.deliveries
        step(self, *arguments, **options)
        taken = timer.take()
        if deliveries := self._metrics.deliveries - before:
            print(deliveries, *taken, file=turns)

    server.step = written


def main() -> int:
    """Time the server that is named first, with the arguments that follow."""
    script = Path(sys.argv.pop(1)).resolve()
    sys.path[0] = str(script.parent)
    sys.argv[0] = str(script)
    server = import_module("server")
    write_turns(Timer(layout_here()), Path.cwd() / TURNS)
    code: int = server.main()
    return code


if __name__ == "__main__":
    sys.exit(main())
