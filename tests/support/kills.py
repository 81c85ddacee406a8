"""Kills: code that writes files is ended at each of the steps that the disk sees, one after the other.

A step is a call that changes a file or a name. A kill comes before it; within a write, when a part of it is written.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PARTS = (0.0, 0.5, 1.0)  # of a write that is done when the process is killed


class Killed(BaseException):
    """The process is gone."""


class Disk:
    """Calls `Killed` at the step `last`, counted from 0, and keeps the descriptors that the process leaves open."""

    def __init__(self, last: int | None) -> None:
        self.steps = 0
        self._last = last
        self._open: list[int] = []

    def step(self, do: Callable[..., Any]) -> Callable[..., Any]:
        def stepping(*arguments: Any, **more: Any) -> Any:
            self._pass()
            return do(*arguments, **more)

        return stepping

    def write(self, descriptor: int, content: bytes) -> int:
        for part in PARTS[:-1]:
            if self.steps == self._last:
                _write(descriptor, content[: int(len(content) * part)])
            self._pass()
        return _write(descriptor, content)

    def open(self, *arguments: Any, **more: Any) -> int:
        self._open.append(_open(*arguments, **more))
        return self._open[-1]

    def _pass(self) -> None:
        self.steps += 1
        if self._last is not None and self.steps > self._last:
            raise Killed

    def close(self) -> None:
        for descriptor in self._open:
            with contextlib.suppress(OSError):
                os.close(descriptor)


_write, _open = os.write, os.open


def steps_of(do: Callable[[], object], last: int | None = None) -> int | None:
    """Call `do`, killed at the step `last` if there is one; return the count of its steps, None if it was killed."""
    disk = Disk(last)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", disk.write)
        patch.setattr(os, "open", disk.open)
        for owner, name in (
            (os, "ftruncate"),
            (os, "truncate"),
            (Path, "replace"),
            (Path, "unlink"),
            (Path, "mkdir"),
            (shutil, "copyfile"),
            (shutil, "rmtree"),
        ):
            patch.setattr(owner, name, disk.step(getattr(owner, name)))
        try:
            do()
        except Killed:
            return None
        finally:
            disk.close()
    return disk.steps


def kills(folder: Path, begin: Callable[[Path], object], do: Callable[[Path], object]) -> Iterator[Path]:
    """Yield a folder for each step of `do`, as it is when `begin` was called and `do` was killed at that step."""
    for last in range(10_000):
        place = folder / str(last)
        place.mkdir(parents=True)
        begin(place)
        steps = steps_of(lambda place=place: do(place), last)  # type: ignore[misc]
        yield place
        if steps is not None:
            assert last > 3, "there were no steps"
            return
