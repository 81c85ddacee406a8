"""The text of the settings file: TOML, made for people, of which the client changes only its own lines. Pure.

    bell = "off"
    ignored = ["eve"]

    [bookmarks.work]
    servers = ["chat.example.org:8001"]
    name = "ann"

What /set and /ignore choose stands at the top. All else belongs to the user: comments, bookmarks, what this version
knows nothing of. A line that can't be read costs that line alone: where the text is no TOML, and on Python 3.10, which
has no reader of it, it is read by lines, each with a value that JSON has, too. That is all that is written here.
"""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import fields, replace
from importlib import import_module
from typing import Any

from client.core.settings import CHOICES, Settings
from protocol.text import key_of

_IGNORED = "ignored"
_TABLE = re.compile(r"\s*\[([\w.-]+)\]\s*(?:#.*)?")
_ASSIGNMENT = re.compile(r"\s*([\w-]+)\s*=\s*(.*)")
_COMMENT = re.compile(r'\s*#[^"]*$')  # behind a value; in a string there may be a "#"
_LAST_COMMA = re.compile(r",\s*\]")  # which TOML allows, and JSON does not
_DEFAULTS = {each.name: each.default for each in fields(Settings)}


def loads(text: str) -> Settings:
    """Return the settings that `text` holds."""
    values = read(text)
    chosen = {name: values[name] for name, choices in CHOICES.items() if values.get(name) in choices}
    ignored = values.get(_IGNORED)
    names = [name for name in ignored if isinstance(name, str)] if isinstance(ignored, list) else []
    return Settings(**chosen, ignored=frozenset(map(key_of, names)))


def dumps(settings: Settings, before: str = "") -> str:
    """Return the text `before` with the lines changed in which it holds other settings."""
    lines, held = before.splitlines(), loads(before)
    for name, default in _DEFAULTS.items():
        value = getattr(settings, name)
        if value != getattr(held, name):
            line = f"{name} = {json.dumps(_plain(value), ensure_ascii=False)}"
            _change(lines, name, [] if value == default else [line])
            while lines and not lines[0].strip():  # in front of a table, where the last of our lines stood
                del lines[0]
    return "".join(f"{line}\n" for line in lines)


def loads_old(text: str) -> Settings:
    """Return the settings in the text of the file before this one: "bell off", "ignore bob"."""
    settings = Settings()
    for line in text.splitlines():
        name, _, value = line.strip().partition(" ")
        if name == "ignore" and value:
            settings = replace(settings, ignored=settings.ignored | {key_of(value)})
        elif value in CHOICES.get(name, ()):
            settings = replace(settings, **{name: value})  # type: ignore[arg-type]  # one of CHOICES
    return settings


def read(text: str) -> dict[str, Any]:
    """Return the values in `text` by their keys, those of a table as a dict."""
    with contextlib.suppress(ModuleNotFoundError, ValueError):
        values: dict[str, Any] = import_module("tomllib").loads(text)
        return values
    return _by_lines(text)


def _by_lines(text: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    table = values
    lines = text.splitlines()
    for at, line in enumerate(lines):
        header, assignment = _TABLE.fullmatch(line), _ASSIGNMENT.match(line)
        if header is not None:
            table = _table(values, header[1].split("."))
        elif assignment is not None:
            all_of_it = [assignment[2], *lines[at + 1 : _last_line(lines, at) + 1]]
            value = _LAST_COMMA.sub("]", " ".join(_COMMENT.sub("", each) for each in all_of_it))
            with contextlib.suppress(ValueError):
                table[assignment[1]] = json.JSONDecoder().raw_decode(value)[0]
    return values


def _table(values: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    for key in keys:
        if not isinstance(values.get(key), dict):
            values[key] = {}
        values = values[key]
    return values


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else value


def _change(lines: list[str], name: str, instead: list[str]) -> None:
    """Put `instead` in the place of the assignment to `name`, or at the end of what is no table's."""
    end = next((at for at, line in enumerate(lines) if _TABLE.fullmatch(line)), len(lines))
    begin = next((at for at in range(end) if _is_of(lines[at], name)), None)
    if begin is None:
        begin = next((at + 1 for at in reversed(range(end)) if lines[at].strip()), 0)
        lines[begin:begin] = [*instead, *([""] if begin == 0 and end < len(lines) else [])]
        return
    lines[begin : _last_line(lines, begin) + 1] = instead


def _last_line(lines: list[str], begin: int) -> int:
    """Return where the assignment ends that begins there: a list may take several lines."""
    if "[" not in lines[begin]:
        return begin
    for at in range(begin, len(lines)):
        if "]" in lines[at]:
            return at
        if at > begin and _ASSIGNMENT.match(lines[at]):  # the list has no end: only its first line is lost
            break
    return begin


def _is_of(line: str, name: str) -> bool:
    found = _ASSIGNMENT.match(line)
    return found is not None and found[1] == name
