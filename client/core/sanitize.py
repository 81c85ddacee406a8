"""All text from a server is cleaned before it is shown, since a server may be hostile, too. Pure."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

from protocol.sanitize import clean


def cleaned(value: Any) -> Any:
    """Return a message, or a part of one, with every text in it cleaned."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, tuple):
        return tuple(map(cleaned, value))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: cleaned(getattr(value, f.name)) for f in fields(value)})
    return value
