"""Records: dataclasses <-> JSON arrays, for what servers tell each other through their log.

A record is the array of a value's fields, in the order of its class; fields at the end that have their defaults are
left out, so that a class may grow at its end. What it may hold follows from the fields' annotations.

Reading is strict, unlike that of frames (protocol.objects): a field too many, or of another type, raises. Who skipped
it would have another room than the server that wrote it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
Convert = Callable[[Any], Any]
_LARGEST = 2**53  # what JSON's readers everywhere hold exactly (RFC 8259, section 6)


class Shape(Generic[T]):
    """How the values of one dataclass are written and read."""

    def __init__(self, kind: type[T]) -> None:
        """Take the fields of `kind`, one at least. Raises TypeError for a field of a type that has no JSON form."""
        found, hints = fields(kind), get_type_hints(kind)  # type: ignore[arg-type]
        forms = [_form(hints[field.name]) for field in found]
        self._kind = kind
        self.values: Callable[[T], Iterable[Any]] = _values_of(tuple(field.name for field in found))
        self._writers = [(at, write) for at, (write, _) in enumerate(forms) if write is not None]
        self._readers = [read for _, read in forms]
        self._defaults = [
            field.default_factory() if field.default_factory is not MISSING else field.default for field in found
        ]

    def write(self, value: T) -> list[Any]:
        """Return the record of `value`."""
        return self.record(self.values(value))

    def record(self, values: Iterable[Any]) -> list[Any]:
        """Return the record of a value with these fields, as `values` returns them."""
        record = list(values)
        defaults = self._defaults
        while record and _same(record[-1], defaults[len(record) - 1]):
            record.pop()
        for at, write in self._writers:
            if at < len(record):
                record[at] = write(record[at])
        return record

    def read(self, record: object) -> T:
        """Return the value of a record. Raises ValueError."""
        if type(record) is not list or len(record) > len(self._readers):
            raise ValueError(f"{record!r:.200} is no {self._kind.__name__}")
        given = [read(item) for read, item in zip(self._readers, record, strict=False)]
        if any(default is MISSING for default in self._defaults[len(given) :]):
            raise ValueError(f"{record!r:.200} is too short for a {self._kind.__name__}")
        return self._kind(*given)


@cache
def shape_of(kind: type[T]) -> Shape[T]:
    """Return the shape of a dataclass."""
    return Shape(kind)


def _same(value: object, default: object) -> bool:
    """Return whether `value` is written like `default`: 7 and 7.0 are not."""
    return value == default and type(value) is type(default)


def _values_of(names: tuple[str, ...]) -> Callable[[object], tuple[Any, ...]]:
    """Return a function that returns the fields `names` of a value."""
    get = attrgetter(*names)
    return get if len(names) > 1 else lambda value: (get(value),)


def _form(hint: Any) -> tuple[Convert | None, Convert]:
    """Return how a value of the annotation `hint` is written, None for as it is, and how it is read."""
    if get_origin(hint) in (UnionType, Union):
        (inner,) = (part for part in get_args(hint) if part is not NoneType)
        write, read = _form(inner)
        return write and _unless_none(write), _unless_none(read)
    if hint in _PLAIN:
        return None, _PLAIN[hint]
    if hint is bytes:
        return bytes.decode, lambda value: _text(value).encode()
    if get_origin(hint) in _COLLECTIONS:
        return _collection(get_origin(hint), get_args(hint)[0])
    if isinstance(hint, type) and issubclass(hint, Enum):
        return attrgetter("value"), hint
    if isinstance(hint, type) and is_dataclass(hint):
        shape: Shape[Any] = shape_of(hint)
        return shape.write, shape.read
    raise TypeError(f"{hint} has no form in JSON")


def _collection(kind: Any, hint: Any) -> tuple[Convert, Convert]:
    """Return the form of a tuple, list or set of `hint`; a set is written in the order of its values."""
    write, read = _form(hint)
    arranged: Convert = sorted if issubclass(kind, set | frozenset) else list

    def reading(value: Any) -> Any:
        if type(value) is not list:
            raise ValueError(f"{value!r:.200} is no list")
        return kind(map(read, value))

    return (arranged if write is None else lambda value: arranged(map(write, value))), reading


def _unless_none(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


def _exactly(*kinds: type) -> Convert:
    def read(value: Any) -> Any:
        if type(value) not in kinds or (type(value) is not str and not -_LARGEST < value < _LARGEST):
            raise ValueError(f"{value!r:.200} is no {kinds[0].__name__}")
        return value

    return read


_text = _exactly(str)
_PLAIN: dict[Any, Convert] = {
    str: _text,
    bool: _exactly(bool),
    int: _exactly(int),
    float: _exactly(float, int),  # as it was written: 7 and 7.0 are equal, but not their texts
}
_COLLECTIONS = (tuple, list, set, frozenset)
