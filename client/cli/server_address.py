"""The servers as they are typed: HOST, HOST PORT or HOST:PORT, and several as HOST:PORT each."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from client.core.servers import Place
from system.port import port as parsed_port

DEFAULT_HOST, DEFAULT_PORT = "localhost", 8001


def places_of(words: Sequence[str], default_port: int = DEFAULT_PORT) -> tuple[Place, ...]:
    """Return the places that the words of a command line name. Raises ArgumentTypeError."""
    if len(words) == 1:
        host, port = parted(words[0])
        return (Place(host, parsed_port(port) if port else default_port),)
    if len(words) == 2 and ":" not in words[1]:
        host, port = parted(words[0])
        if port:
            raise argparse.ArgumentTypeError(f"there are two ports: {port} and {words[1]}")
        return (Place(host, parsed_port(words[1])),)
    return tuple(dict.fromkeys(map(_one_of_several, words)))


def _one_of_several(word: str) -> Place:
    host, port = parted(word)
    if not port:
        raise argparse.ArgumentTypeError(f"{word!r} has no port: give several servers as HOST:PORT each")
    return Place(host, parsed_port(port))


def parted(word: str) -> tuple[str, str]:
    """Part HOST:PORT; the port is "" where there is none, as in an IPv6 address without brackets."""
    before, colon, port = word.rpartition(":")
    if colon and (":" not in before or before.endswith("]")):
        return before.strip("[]"), port
    return word.strip("[]"), ""
