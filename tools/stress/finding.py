"""Finding: what one proof found, as one line."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True)
class Finding:
    """`figures` are those that decide, in words."""

    passed: bool
    proof: str
    figures: str

    def __str__(self) -> str:
        return f"{'PASS' if self.passed else 'FAIL'}  {self.proof}: {self.figures}"


def mib(size: int) -> str:
    """Bytes, in words."""
    return f"{size / MIB:.1f} MiB"
