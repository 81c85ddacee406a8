"""JSON objects <-> messages: what is in a frame, for both ends.

An object has a `type` and the fields of its message under their names; a field that is None is left out. `load`
checks the type of each field and ignores unknown keys (a newer peer may send more). It raises ProtocolError for
anything else, whatever the bytes are, so that nothing from a peer gets past here half checked.

Both tables name every message once. PasswordTaken is not in them: a program knows by itself when to hide typing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any

from protocol import events, requests
from protocol.errors import ErrorCode, ProtocolError
from protocol.json_text import encoder
from protocol.requests import ResumePoint
from protocol.text import excerpt

FROM_CLIENT: dict[str, type] = {
    "hello": requests.Hello,
    "name": requests.Name,
    "password": requests.Password,
    "line": requests.Line,
    "pong": requests.Pong,
}
FROM_SERVER: dict[str, type] = {
    "welcome": events.Welcomed,
    "ask": events.Asked,
    "said": events.Said,
    "whispered": events.Whispered,
    "joined": events.Joined,
    "left": events.Left,
    "renamed": events.Renamed,
    "announced": events.Announced,
    "role": events.RoleChanged,
    "users": events.UsersListed,
    "help": events.HelpListed,
    "history": events.HistoryListed,
    "pong": events.Ponged,
    "notice": events.Noticed,
    "refused": events.Refused,
    "ping": events.Pinged,
    "gap": events.Missed,
    "goodbye": events.Dismissed,
}

_NESTED = (ResumePoint, events.CommandHelp, events.Past)
_TYPE_NAMES = {kind: name for types in (FROM_CLIENT, FROM_SERVER) for name, kind in types.items()}
_FIELD_NAMES = {kind: tuple(f.name for f in fields(kind)) for kind in (*_TYPE_NAMES, *_NESTED)}
_INTEGER_LIMIT = 2**53  # what JSON readers everywhere can hold exactly (RFC 8259, section 6)


def dump(message: object) -> bytes:
    """Return the payload of one message of FROM_CLIENT or FROM_SERVER."""
    return _encode(_record(message)).encode()


def load(payload: bytes, types: Mapping[str, type]) -> Any:
    """Return the message in `payload`, one of `types`' values. Raises ProtocolError (not fatal) for anything else."""
    record = _parse(payload)
    name = record.get("type")
    if not isinstance(name, str):
        raise _bad("it has no type")
    if name not in types:
        raise ProtocolError(ErrorCode.UNKNOWN_TYPE, type=excerpt(name))
    return _build(types[name], record)


def _record(message: object) -> dict[str, object]:
    kind = type(message)
    record: dict[str, object] = {"type": _TYPE_NAMES[kind]} if kind in _TYPE_NAMES else {}
    for name in _FIELD_NAMES[kind]:
        value = getattr(message, name)
        if value is not None:
            record[name] = value
    return record


_encode = encoder(default=_record)


def _bad(why: str) -> ProtocolError:
    return ProtocolError(ErrorCode.BAD_MESSAGE, why=why)


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _parse(payload: bytes) -> dict[str, object]:
    try:
        record = json.loads(payload.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError):  # not UTF-8, not JSON, NaN, or nested to exhaust the stack
        raise _bad("it is not a JSON object in UTF-8") from None
    if not isinstance(record, dict):
        raise _bad("it is not a JSON object")
    return record


def _build(kind: type, record: Mapping[str, object]) -> Any:
    values = {}
    for field, convert in _FIELDS[kind]:
        value = record.get(field.name)
        if value is None:
            if field.default is MISSING:
                raise _bad(f"{field.name} is missing")
            continue
        try:
            values[field.name] = convert(value)
        except TypeError:
            raise _bad(f"{field.name} has the wrong type") from None
    return kind(**values)


def _exactly(kind: type) -> Callable[[object], object]:
    def convert(value: object) -> object:
        if type(value) is not kind:  # exactly: True is an int to isinstance
            raise TypeError
        return value

    return convert


def _integer(value: object) -> int:
    if type(value) is not int or not 0 <= value < _INTEGER_LIMIT:
        raise TypeError
    return value


def _number(value: object) -> float:
    if type(value) not in (int, float) or not 0 <= value < _INTEGER_LIMIT:  # type: ignore[operator]
        raise TypeError
    return float(value)  # type: ignore[arg-type]


def _nested(kind: type) -> Callable[[object], object]:
    def convert(value: object) -> object:
        if not isinstance(value, dict):
            raise TypeError
        return _build(kind, value)

    return convert


def _many(convert: Callable[[object], object]) -> Callable[[object], object]:
    def convert_all(value: object) -> object:
        if not isinstance(value, list):
            raise TypeError
        return tuple(map(convert, value))

    return convert_all


# By the annotation of a message's field, as requests.py and events.py write it.
_CONVERTERS: dict[str, Callable[[object], object]] = {
    "str": _exactly(str),
    "bool": _exactly(bool),
    "int": _integer,
    "float": _number,
    "ResumePoint": _nested(ResumePoint),
    "tuple[str, ...]": _many(_exactly(str)),
    "tuple[CommandHelp, ...]": _many(_nested(events.CommandHelp)),
    "tuple[Past, ...]": _many(_nested(events.Past)),
}
_FIELDS = {kind: [(f, _CONVERTERS[str(f.type).removesuffix(" | None")]) for f in fields(kind)] for kind in _FIELD_NAMES}
