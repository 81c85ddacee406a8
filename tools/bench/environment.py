"""What a run was made on: the machine, the programs, how busy others were meanwhile, and the command."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from tools.bench.servers import program


class OtherWork:
    """How much of the processors the rest of the machine uses, from now on."""

    def __init__(self) -> None:
        self._since, self._all, self._ours = time.monotonic(), busy_seconds(), our_seconds()

    def __str__(self) -> str:
        """Tell it in a sentence."""
        seconds = busy_seconds() - self._all - (our_seconds() - self._ours)
        share = max(0.0, seconds) / (time.monotonic() - self._since) / cores()
        return f"Meanwhile other work used {share:.0%} of the processors."


def busy_seconds() -> float:
    """Return the seconds that all processors have worked (proc(5): user, nice, system, irq, softirq, steal)."""
    fields = list(map(int, Path("/proc/stat").read_text().split()[1:9]))
    return sum(fields[:3] + fields[5:]) / os.sysconf("SC_CLK_TCK")


def our_seconds() -> float:
    """Return the CPU seconds of this process and of all that it has started and seen end."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


def environment(module: str, argv: Sequence[str], others: OtherWork) -> str:
    """Return the command that runs a module with these arguments, and a paragraph on what it ran on and beside what."""
    parts = [
        f"Python {platform.python_version()}",
        f"{platform.system()} {platform.release()}",
        f"{cores()} cores ({processor()})",
        *(f"uvloop {version}" for version in versions("uvloop")),
        *(f"miniircd {version}" for version in versions("miniircd")),
        *(f"ngIRCd {word}" for word in ngircd()),
    ]
    return f"    python -m {' '.join([module, *argv])}" + f"\n\n{', '.join(parts)}. {others}"


def processor() -> str:
    """Return the processor's name, as the system tells it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def versions(package: str) -> list[str]:
    """Return the version of an installed package; nothing if it is not there."""
    try:
        return [metadata.version(package)]
    except metadata.PackageNotFoundError:
        return []


def ngircd() -> list[str]:
    """Return the version of ngIRCd; nothing if it is not there."""
    if not (path := program("ngircd")):
        return []
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    return [said.split()[1].partition("-")[0]]
