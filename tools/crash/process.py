"""A server as a process, through its many lives: one after the other, at the same port, in the same folder."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from math import inf
from pathlib import Path
from typing import NamedTuple

from tools.crash.failpoints import POINTS, RARE_POINTS
from tools.crash.faulty_server import BUG, KILL_AT
from tools.crash.ledger import Ledger
from tools.crash.rhythm import Span
from tools.shared.programs import HOST, ROOT, end, free_port
from tools.shared.tls import server_options

FEW_PASSES = (1, 6)  # of a point in `RARE_POINTS`
FAREWELL = 20.0  # seconds


class Lives(NamedTuple):
    """How the lives of a server go and end."""

    life: Span
    longest_life: float  # seconds, of one that is to be killed at a point it may never come by
    points: Sequence[str]  # of tools.crash.failpoints
    passes: tuple[int, int]  # of a point, until it kills
    stops: float  # the share of lives with a SIGSTOP, if they last until then
    pauses: Sequence[Span]  # after it, of which any is chosen
    absence: Span  # between two lives
    excuse: str = ""  # what a server may say that can't start, since something else is down


ALONE = Lives(
    life=(0.3, 4.0),
    longest_life=6.0,
    points=POINTS,
    passes=(1, 150),
    stops=0.3,
    pauses=[(0.05, 1.5)],
    absence=(0.0, 0.0),
)
KEEP = ("--history", "20000")  # so that the oldest segments are deleted


class Process:
    """A server with its files in `folder`. Call `tick` now and then; `ends` counts how its lives ended."""

    def __init__(
        self,
        folder: Path,
        chance: random.Random,
        bug: str = "",
        lives: Lives = ALONE,
        options: Sequence[str] = KEEP,
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.ports = (free_port(lasting=chance),)
        self.ends: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._chance = chance
        self._lives = lives
        self._bug = bug
        self._folder = folder
        self._log = folder / "log-0"  # of this life
        files = ("--host", HOST, "--data", str(folder / "data"))
        self._options = [str(self.ports[0]), *files, "--no-rate-limit", *options]
        self._process: subprocess.Popen[bytes] | None = None
        self._how = ""  # its life is to end
        self._due_at = dict.fromkeys(("start", "end", "stop", "go on"), 0.0)

    @property
    def kills(self) -> int:
        """How often it was killed."""
        return sum(count for how, count in self.ends.items() if how in ("kill", *POINTS))

    def start(self, spared: bool = False) -> None:
        """Begin a life, and decide on its end; none, if it is to be `spared`."""
        chance, point = self._chance, ""
        if spared:
            self._plan("", 0.0)
        elif chance.random() < 0.5:
            point = chance.choice(self._lives.points)
            self._plan(point, time.monotonic() + self._lives.longest_life)
            point += f":{chance.randint(*(FEW_PASSES if point in RARE_POINTS else self._lives.passes))}"
        else:
            self._plan_kill()
        self._log = self._folder / f"log-{self.ends.total() + 1}"
        environment = os.environ | ({KILL_AT: point} if point else {}) | ({BUG: self._bug} if self._bug else {})
        with self._log.open("wb") as log:
            command = [sys.executable, "-m", "tools.crash.faulty_server", *self._options, *server_options()]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT, env=environment)

    def _plan_kill(self) -> None:
        how = "kill" if self._chance.random() < 0.8 else "term"
        self._plan(how, time.monotonic() + self._chance.uniform(*self._lives.life))

    def _plan(self, how: str, at: float) -> None:
        self._how, self._due_at["end"] = how, at
        stops = self._chance.random() < self._lives.stops
        self._due_at["stop"] = time.monotonic() + self._chance.uniform(*self._lives.life) if stops else inf

    def tick(self, now: float, spared: bool = False) -> None:
        """Do to it what is due; start it again if it has ended."""
        process, due_at = self._process, self._due_at
        if process is None or process.poll() is not None:
            self._note_end(now)
            if spared or now >= due_at["start"]:
                self.start(spared)
        elif due_at["go on"]:
            if spared or now >= due_at["go on"]:
                due_at["go on"] = 0.0
                process.send_signal(signal.SIGCONT)
        elif spared:
            return
        elif not self._how:
            self._plan_kill()
        elif now >= due_at["end"]:
            self._end(process)
        elif now >= due_at["stop"]:
            self.ends["stop"] += 1
            due_at["stop"], due_at["go on"] = inf, now + self._chance.uniform(*self._chance.choice(self._lives.pauses))
            process.send_signal(signal.SIGSTOP)

    def spare(self) -> None:
        """Let it live from now on; if it is to die at a point, die now, since nobody could hold it back."""
        if self._process is not None and self._how in POINTS:
            self._end(self._process)
            self._process.wait()
        elif self._due_at["end"] < inf:  # else it is ending already
            self._how = ""

    def ledger(self, clients: Mapping[str, int], newest: int) -> Ledger | None:
        """Return None: there is no log but its own."""

    def close(self) -> None:
        """End it for good."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            if not end(self._process, FAREWELL):
                self.wrong.append("the server did not end when it was asked to")
            self._how = "term"
            self._note_end()

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        self._due_at["end"] = inf
        if self._how == "term":
            process.terminate()
        else:
            self._how = "kill"
            process.kill()

    def _note_end(self, now: float = 0.0) -> None:
        """Count how it ended; a server that ends by itself is a finding, and so is what it logged of bugs."""
        if self._process is None:
            return
        code, self._process = self._process.wait(), None
        said = self._log.read_text()
        self._due_at["start"] = now + self._chance.uniform(*self._lives.absence)
        self._due_at["go on"] = 0.0
        if code == 1 and self._lives.excuse and self._lives.excuse in said:
            self.ends["not started"] += 1
            return
        self.ends[self._how] += 1
        expected = (0, -signal.SIGTERM) if self._how == "term" else (-signal.SIGKILL,)  # it may be young and unprepared
        if code not in expected:
            self.wrong.append(f"the server ended with {code} ({self._how}): {said[-500:]}")
        if "Traceback" in said:
            self.wrong.append(f"the server met a bug: {said[-2000:]}")
