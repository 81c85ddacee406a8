"""The server as a process, through its many lives: one after the other, at the same port, in the same folder."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from math import inf
from pathlib import Path

from tools.crash.failpoints import POINTS, RARE_POINTS
from tools.crash.faulty_server import BUG, KILL_AT
from tools.shared.programs import HOST, ROOT, end, free_port
from tools.shared.tls import server_options

LIFE = (0.3, 4.0)  # seconds
LONGEST_LIFE = 6.0  # of one that is to be killed at a point it may never come by
PASSES = (1, 150)  # of a point
FEW_PASSES = (1, 6)  # of one in `RARE_POINTS`
PAUSE = (0.05, 1.5)  # seconds of SIGSTOP
FAREWELL = 20.0  # seconds
KEEP = ("--history", "20000")  # so that the oldest segments are deleted


class Process:
    """The server of `folder`. Call `tick` now and then; `ends` counts how its lives ended."""

    def __init__(self, folder: Path, chance: random.Random, bug: str = "") -> None:
        self.port = free_port(lasting=chance)
        self.ends: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._folder = folder
        self._chance = chance
        self._bug = bug
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self._how = ""  # its life is to end
        self._ends_at = 0.0
        self._stops_at = 0.0  # for a moment
        self._goes_on_at = 0.0

    @property
    def kills(self) -> int:
        """How often it was killed."""
        return sum(count for how, count in self.ends.items() if how not in ("term", "stop"))

    def start(self, spared: bool = False) -> None:
        """Begin a life, and decide on its end; none, if it is to be `spared`."""
        point = ""
        if spared:
            self._plan("", 0.0)
        elif self._chance.random() < 0.5:
            point = self._chance.choice(POINTS)
            self._plan(point, time.monotonic() + LONGEST_LIFE)
            point += f":{self._chance.randint(*(FEW_PASSES if point in RARE_POINTS else PASSES))}"
        else:
            self._plan_kill()
        options = [str(self.port), "--host", HOST, "--data", str(self._folder / "data"), "--no-rate-limit", *KEEP]
        options += server_options()
        environment = os.environ | ({KILL_AT: point} if point else {}) | ({BUG: self._bug} if self._bug else {})
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "tools.crash.faulty_server", *options]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT, env=environment)

    def _plan_kill(self) -> None:
        how = "kill" if self._chance.random() < 0.8 else "term"
        self._plan(how, time.monotonic() + self._chance.uniform(*LIFE))

    def _plan(self, how: str, at: float) -> None:
        self._how, self._ends_at = how, at
        stops = self._chance.random() < 0.3
        self._stops_at = time.monotonic() + self._chance.uniform(*LIFE) if stops else inf

    def tick(self, now: float, spared: bool = False) -> None:
        """Do to it what is due; start it again if it has ended."""
        process = self._process
        if process is None or process.poll() is not None:
            self._note_end()
            self.start(spared)
        elif spared or self._goes_on_at:
            if spared or now >= self._goes_on_at:
                self._goes_on_at = 0.0
                process.send_signal(signal.SIGCONT)
        elif not self._how:
            self._plan_kill()
        elif now >= self._ends_at:
            self._end(process)
        elif now >= self._stops_at:
            self.ends["stop"] += 1
            self._stops_at, self._goes_on_at = inf, now + self._chance.uniform(*PAUSE)
            process.send_signal(signal.SIGSTOP)

    def spare(self) -> None:
        """Let it live from now on; if it is to die at a point, die now, since nobody could hold it back."""
        if self._process is not None and self._how in POINTS:
            self._end(self._process)
            self._process.wait()
        elif self._ends_at < inf:  # else it is ending already
            self._how = ""

    def close(self) -> None:
        """End it for good."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            if not end(self._process, FAREWELL):
                self.wrong.append("the server did not end when it was asked to")
            self._how = "term"
            self._note_end()

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        self._ends_at = inf
        if self._how == "term":
            process.terminate()
        else:
            self._how = "kill"
            process.kill()

    def _note_end(self) -> None:
        """Count how it ended; a server that ends by itself is a finding, and so is what it logged of bugs."""
        if self._process is None:
            return
        code, self._process = self._process.wait(), None
        self.ends[self._how] += 1
        expected = (0, -signal.SIGTERM) if self._how == "term" else (-signal.SIGKILL,)  # it may be young and unprepared
        if code not in expected:
            self.wrong.append(f"the server ended with {code} ({self._how}): {self._log.read_text()[-500:]}")
        if "Traceback" in self._log.read_text():
            self.wrong.append(f"the server met a bug: {self._log.read_text()[-2000:]}")
        self._log.write_bytes(b"")
