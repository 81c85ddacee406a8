"""Reserved names: what a reader could take for the server, for a question of its own or for a command. Pure."""

from __future__ import annotations

import re

from protocol.commands import BY_VERB, BY_WORD
from protocol.text import spelling

# What people type at a prompt that they have not read, and that nobody wants to be named.
_SAID_TO_PROMPTS = "hello hi hey exit bye goodbye leave logout logoff stop end close login yes no y n ok okay"

# Who would be believed: reserved alone, before a number and as a part of a name, such as server2 and chat-admin.
_AUTHORITIES = frozenset(
    spelling(word)
    for word in (
        *("admin", "admins", "administrator", "sysadmin", "server"),
        *("operator", "operators", "sysop", "moderator", "moderators"),
    )
)

# Words that a reader in a hurry could take for the server, for a question of its own or for a command.
_RESERVED = frozenset(
    spelling(word)
    for word in (
        *("root", "superuser", "op", "ops", "mod", "mods"),
        *("owner", "staff", "support", "official", "security"),
        *("system", "sys", "service", "console"),
        *("everyone", "everybody", "nobody", "anonymous", "here", "you"),
        *("name", "password", "notice", "warning", "error", "info", "alert", "announcement", "welcome", "goodbye"),
        *BY_WORD,
        *(v for v in BY_VERB if v),
        *_SAID_TO_PROMPTS.split(),
    )
)


def is_reserved(name: str) -> bool:
    """Return whether `name` reads as a reserved word, in any case and look-alike spelling. A number never does."""
    if name.isdigit():
        return False
    parts = [name, *re.split("[-_]+", name)]
    return _reads_as(name, _RESERVED) or any(_reads_as(part.rstrip("0123456789"), _AUTHORITIES) for part in parts)


def _reads_as(name: str, words: frozenset[str]) -> bool:
    word = spelling(name)
    return word in words or word.replace("cl", "d") in words
