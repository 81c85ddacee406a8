"""Finding: the result of one proof, as one line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True)
class Finding:
    """Whether the proof of a name passed, and the deciding figures in words."""

    passed: bool
    proof: str
    figures: str

    def __str__(self) -> str:
        return f"{'PASS' if self.passed else 'FAIL'}  {self.proof}: {self.figures}"


def report(findings: Iterable[Finding]) -> int:
    """Print each finding as it comes; return the exit code: 0 if all passed."""
    failed = False
    for finding in findings:
        print(finding, flush=True)
        failed |= not finding.passed
    return int(failed)


def mib(size: int) -> str:
    """Return a number of bytes in words."""
    return f"{size / MIB:.1f} MiB"
