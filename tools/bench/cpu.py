"""The CPU time of a process and its children, as Linux counts it in /proc (see proc_pid_stat(5))."""

from __future__ import annotations

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")  # of the counters, per second: 10 ms each, so a window should last seconds

Stat = tuple[int, float]  # parent's pid, user + system seconds


def cpu_seconds(pid: int) -> float:
    """User and system seconds of `pid`, all its threads and all its living children, since they began."""
    stats = {int(entry.name): stat(entry) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    return sum(seconds for member, (_, seconds) in stats.items() if descends(member, pid, stats))


def stat(entry: Path) -> Stat:
    """What /proc/PID/stat says; zeros for a process that ended while we looked."""
    try:
        fields = (entry / "stat").read_text().rpartition(")")[2].split()  # a program's name may hold blanks
    except (FileNotFoundError, ProcessLookupError):
        return 0, 0.0
    return int(fields[1]), (int(fields[11]) + int(fields[12])) / TICKS


def descends(pid: int, ancestor: int, stats: dict[int, Stat]) -> bool:
    """Whether `pid` is `ancestor` or comes from it."""
    while pid in stats and pid != ancestor:
        pid = stats[pid][0]
    return pid == ancestor
