"""What a run was made on: the machine, the programs, and the command."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from tools.bench.servers import program


def environment(module: str, argv: Sequence[str]) -> str:
    """Return two lines: the command that runs a module with these arguments, and what it ran on."""
    parts = [
        f"Python {platform.python_version()}",
        f"{platform.system()} {platform.release()}",
        f"{len(os.sched_getaffinity(0))} cores ({processor()})",
        *(f"uvloop {version}" for version in versions("uvloop")),
        *(f"miniircd {version}" for version in versions("miniircd")),
        *(f"ngIRCd {word}" for word in ngircd()),
    ]
    return f"    python -m {' '.join([module, *argv])}" + f"\n\n{', '.join(parts)}."


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
