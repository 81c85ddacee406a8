"""Where a key-value store is, as the command line names it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a store is: a URL below which its keys stand."""

    url: str
    secure: bool
    host: str
    port: int
    path: str


def address(url: str) -> Address:
    """Return the parts of `url`. Raises ValueError, with a sentence, for what can't be a store's."""
    complaint = f"{url!r} is not the address of a store: give one such as http://localhost:8002"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(complaint) from None
    if parts.scheme not in _PORTS or not parts.hostname or parts.username is not None or parts.query or parts.fragment:
        raise ValueError(complaint)
    if port is None:
        port = _PORTS[parts.scheme]
    path = quote(parts.path, safe="/%~").rstrip("/") + "/"
    return Address(url, parts.scheme == "https", parts.hostname, port, path)
