"""Bookmarks: a word that stands for a server, or several, and for how to join there. Pure.

They are tables of the settings file, `[bookmarks.WORD]`, written by hand, with the keys of FIELDS. Each but `servers`
is what the option of that name would be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

FIELDS: dict[str, type] = {
    "servers": list,
    "name": str,
    "tls": bool,
    "tls_ca": str,
    "tls_fingerprint": str,
    "password_file": str,
}


class Bookmark(NamedTuple):
    """The words that name its servers, and the options that hold unless the command line has others."""

    servers: tuple[str, ...]
    options: dict[str, Any]


def bookmark(word: str, settings: Mapping[str, Any]) -> Bookmark | None:
    """Return the bookmark `word`; None if there is none. Raises ValueError, which says what is wrong with it."""
    tables = settings.get("bookmarks")
    table = tables.get(word) if isinstance(tables, dict) else None
    if not isinstance(table, dict):
        return None
    for key, value in table.items():
        if key not in FIELDS:
            raise ValueError(f"bookmark {word}: there is no {key}, but: {', '.join(FIELDS)}")
        if type(value) is not FIELDS[key]:
            raise ValueError(f"bookmark {word}: {key} = {_EXAMPLES[FIELDS[key]]} is how it is written")
    servers = table.get("servers", [])
    if not servers or not all(isinstance(server, str) for server in servers):
        raise ValueError(f'bookmark {word}: it needs servers = ["HOST:PORT"]')
    return Bookmark(tuple(servers), {key: value for key, value in table.items() if key != "servers"})


_EXAMPLES = {list: '["HOST:PORT"]', str: '"..."', bool: "true"}
