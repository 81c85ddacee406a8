"""The servers that were met over TLS: the text of the file known_hosts. Pure.

A line for each server, made for reading and editing by people:

    chat.example.org:8001  authorities  # since 2026-11-21
    localhost:8001  sha256 AB:CD:...  # since 2026-11-21

Once the authorities have vouched for a server, nothing less will do; a fingerprint that the user has accepted holds
for that certificate alone. So what is known of a server never becomes less without the user. A line for a server that
can't be read is an error, not a stranger, who would be asked about again.
"""

from __future__ import annotations

from dataclasses import dataclass

from protocol.certificates import parsed_fingerprint

HEAD = """\
# The chat servers that were met over TLS, and how the certificate of each is known:
#   sha256 FINGERPRINT   it has to be this one, which you have accepted
#   authorities          authorities vouched for it, and still have to
# To make this chat forget a server, delete its line.
"""
_PINNED, _VOUCHED = "sha256", "authorities"


@dataclass(frozen=True, slots=True)
class Known:
    """How a server's certificate is known: by its `fingerprint`, or, if that is "", because authorities vouch for it.

    `line` is the number of its line in the file, from 1; 0 while it is in none.
    """

    fingerprint: str = ""
    line: int = 0


def place_of(host: str, port: int) -> str:
    """Return how the file names a server: HOST:PORT, with brackets around an IPv6 address."""
    host = host.lower().rstrip(".")
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def look_up(text: str, place: str) -> Known | None:
    """Return how the server at `place` is known; None for a stranger. Raises ValueError for a line without sense."""
    for number, line in enumerate(text.splitlines(), 1):
        named, *known = _fields(line) or [""]
        if named.lower() == place:
            return _parsed(known, number)
    return None


def remember(text: str, place: str, known: Known, today: str) -> str:
    """Return `text` with a line that says how the server at `place` is `known`, instead of the one it had, if any."""
    how = f"{_PINNED} {known.fingerprint}" if known.fingerprint else _VOUCHED
    row = f"{place}  {how}  # since {today}"
    lines = (text or HEAD).splitlines()
    at = next((index for index, line in enumerate(lines) if (_fields(line) or [""])[0].lower() == place), len(lines))
    return "".join(f"{line}\n" for line in (*lines[:at], row, *lines[at + 1 :]))


def _fields(line: str) -> list[str]:
    return line.partition("#")[0].split()


def _parsed(fields: list[str], number: int) -> Known:
    if fields == [_VOUCHED]:
        return Known(line=number)
    if fields[:1] == [_PINNED] and fields[1:]:
        return Known(parsed_fingerprint(" ".join(fields[1:])), number)
    raise ValueError(f'behind the server stands "{_PINNED} FINGERPRINT" or "{_VOUCHED}"')
