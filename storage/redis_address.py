"""Where a room that many servers share is kept: `redis://HOST:6379/NAME`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

DEFAULT_PORT = 6379
EXAMPLE = "redis://localhost:6379/lobby"

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True)
class RedisAddress:
    """The room `name` in the Redis at `host` and `port`. Its text never shows the password."""

    host: str
    port: int
    name: str
    user: str = ""
    password: str = field(default="", repr=False)
    is_tls: bool = False

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'rediss' if self.is_tls else 'redis'}://{host}:{self.port}/{self.name}"


def redis_address(text: str) -> RedisAddress:
    """Return the address that `text` holds: `redis://` or, for TLS, `rediss://`, USER:PASSWORD@ if need be, HOST, NAME.

    Raises ValueError, without the password in it.
    """
    try:
        parts = urlsplit(text)
        port = parts.port or DEFAULT_PORT
    except ValueError:
        raise ValueError(f"that is not an address: give one such as {EXAMPLE}") from None
    if parts.scheme not in ("redis", "rediss") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"that is not an address of Redis: give one such as {EXAMPLE}, or rediss:// for TLS")
    name = parts.path.removeprefix("/")
    if not _NAME.fullmatch(name):
        raise ValueError(f"the room's name has to be 1 to 64 letters, digits, _ . or -: give one such as {EXAMPLE}")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return RedisAddress(parts.hostname, port, name, user, password, parts.scheme == "rediss")
