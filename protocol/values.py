"""`value`: the decorator of messages and effects, which are values: made once, compared by content, never changed.

The type checker rejects code that changes them. The interpreter does not, because a frozen dataclass sets each field by
a call of `object.__setattr__`: 0.9 us for a Said instead of 0.2 us, and the budget of a message, from its socket to the
outboxes, is about 3 us.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, TypeVar

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform

    T = TypeVar("T")

    @dataclass_transform(frozen_default=True)
    def value(cls: type[T]) -> type[T]:
        """Make `cls` a frozen dataclass with slots."""
        return cls
else:
    value = dataclass(slots=True, unsafe_hash=True)


def unreachable(value: NoReturn) -> NoReturn:
    """End a `match` that handles every kind of value: the type checker complains where `value` can be one more."""
    raise AssertionError(f"{value!r} was not expected here")
