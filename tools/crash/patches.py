"""Patches: parts of modules and classes replaced for a while. What is proved has no hooks; this is how we get at it."""

from __future__ import annotations

from types import TracebackType
from typing import Any


class Patches:
    """A context: what is replaced within it is put back at its end, the newest first."""

    def __init__(self) -> None:
        self._replaced: list[tuple[Any, str, Any]] = []

    def __enter__(self) -> Patches:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._replaced:
            owner, name, value = self._replaced.pop()
            setattr(owner, name, value)

    def replace(self, owner: Any, name: str, value: Any) -> Any:
        """Make `value` the attribute `name` of `owner`; return what it was."""
        was = owner.__dict__[name]  # as it stands there: getattr would unwrap a property or a static method
        self._replaced.append((owner, name, was))
        setattr(owner, name, value)
        return was
