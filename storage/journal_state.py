"""State: what a journal says of itself, besides the turns: its epoch, its runs, its time. Pure.

A segment begins with a header, which holds the whole state, so that older segments can go. Three other lines change it:

    {"run": FIRST, "epoch": ..., "boot": ...}    a start of the server, whose numbers begin with FIRST
    {"end": true}                                it was shut down, and all of this is on the disk
    {"next": SERIAL}                             the log goes on in this segment

So a run that does not end with {"end"} was killed, or the machine went down, which a different boot tells. And a
segment that ends with {"next"} has a successor, or the log has lost its end.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from chat.log import Range
from chat.log_time import LogTime
from storage.journal_errors import NewerFormatError

FORMAT = 3  # 1 and 2 were SQLite's (storage/journal_takeover.py)
END = '{"end":true}'
_RUNS = 1_024  # the newest ones are kept, and with them every older one that still has an entry


@dataclass
class Link:
    """What a segment's header says of the one before it: its serial number, and its size and last checksum."""

    serial: int = 0
    size: int = 0
    checksum: int = 0


@dataclass
class State:
    """The state after some line. `runs` are those before the open one; the oldest `foreign` are of other epochs."""

    epoch: str = ""
    boot: str = ""  # of the machine, when the run began; "" if it does not matter
    first: int = 1  # number of the open run
    newest: int = 0  # number of all
    runs: list[Range] = field(default_factory=list)
    foreign: int = 0
    ended: bool = False
    next_serial: int = 0  # the segment that follows, if that was announced
    time: LogTime = field(default_factory=LogTime)

    def header(self, link: Link) -> str:
        """Return the JSON of a header that holds this, for the segment after the one of `link`."""
        return _dump(
            format=FORMAT,
            epoch=self.epoch,
            boot=self.boot,
            run=self.first,
            runs=self.runs,
            foreign=self.foreign,
            time=self.time.state(),
            after=[link.serial, link.size, link.checksum],
        )

    def run(self) -> str:
        """Return the JSON of the line that begins the open run."""
        return _dump(run=self.first, epoch=self.epoch, boot=self.boot)

    def begin_run(self, first: int, epoch: str, boot: str) -> None:
        """Close the open run and begin another."""
        if self.newest >= self.first:
            self.runs.append((self.first, self.newest))
        if epoch != self.epoch:
            self.foreign = len(self.runs)
        self.first, self.epoch, self.boot = first, epoch, boot
        self.ended, self.next_serial = False, 0

    def forget_runs(self, oldest: int) -> None:
        """Forget the oldest runs that have no entry any more, since the log begins with the number `oldest`."""
        count = sum(last < oldest for _, last in self.runs[:-_RUNS])
        del self.runs[:count]
        self.foreign = max(0, self.foreign - count)

    def known_runs(self) -> list[Range]:
        """Return the numbers that earlier runs of this epoch have issued."""
        return self.runs[self.foreign :]

    def read(self, body: bytes) -> None:
        """Take in a line that is no turn. Raises ValueError, TypeError or KeyError for what is none."""
        said = json.loads(body)
        if "run" in said:
            self.begin_run(said["run"], said["epoch"], said["boot"])
        self.ended = "end" in said
        self.next_serial = said.get("next", 0)


def next_line(serial: int) -> str:
    """Return the JSON of a segment's last line."""
    return _dump(next=serial)


def parse_header(number: int, header: bytes) -> tuple[State, Link]:
    """Return what a header says. Raises ValueError, TypeError or KeyError for what is none."""
    said: dict[str, Any] = json.loads(header)
    if said["format"] > FORMAT:
        raise NewerFormatError
    runs = [(first, last) for first, last in said["runs"]]
    time = LogTime(*said["time"])
    state = State(said["epoch"], said["boot"], said["run"], number, runs, said["foreign"], time=time)
    return state, Link(*said["after"])


def _dump(**said: object) -> str:
    return json.dumps(said, separators=(",", ":"))
