"""What random streams are made of: pieces that mean something, junk between them, and cuts anywhere."""

from __future__ import annotations

import random
from collections.abc import Sequence

from protocol.errors import ProtocolError

Item = bytes | tuple[str, str]


def junk(dice: random.Random, pieces: Sequence[bytes]) -> bytes:
    """Return up to ten of `pieces`, and now and then some random bytes among them."""
    chosen = dice.choices(pieces, k=dice.randint(0, 10))
    if dice.random() < 0.3:
        chosen.insert(dice.randint(0, len(chosen)), dice.randbytes(dice.randint(1, 6)))
    return b"".join(chosen)


def cut(dice: random.Random, stream: bytes) -> list[bytes]:
    """Return the stream in pieces: up to five, or its bytes one by one."""
    if len(stream) < 100 and dice.random() < 0.2:
        return [stream[i : i + 1] for i in range(len(stream))]
    places = sorted(dice.randint(0, len(stream)) for _ in range(dice.randint(0, 4)))
    return [stream[a:b] for a, b in zip([0, *places], [*places, len(stream)], strict=True)]


def comparable(item: bytes | ProtocolError) -> Item:
    """Return what a codec has found as a value that equals its like."""
    return item if isinstance(item, bytes) else (item.fault.code, str(item))
