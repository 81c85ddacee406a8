"""Every way in which a stream can arrive: whole, byte by byte, cut in two anywhere, cut at random, and not the last.

    assert received(FrameCodec, b"\\0\\0\\0\\5hello") == [b"hello"]

What a codec makes of a stream must not depend on how the network cut it (D4). So each case goes through one helper,
which feeds it in all these ways and holds that the outcome is the same each time, and that what comes later changes
nothing of it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import TypeVar

from hypothesis import strategies as st

from protocol.codec import Codec
from protocol.errors import ErrorCode, ProtocolError

T = TypeVar("T")

TRAILING = (b"\0", b"\0\0\0\1x", b"\0\0\0\0", b"\r", b"\n", b"more\r\n", b"\xff", b"\xff\xec", b"\x04", b"x" * 5000)


@dataclass(frozen=True)
class Error:
    """A ProtocolError as it can be compared."""

    fault: ErrorCode
    fatal: bool = False


Item = bytes | Error


def items(codec: Codec, chunks: Iterable[bytes]) -> list[Item]:
    """Return all that `codec` makes of `chunks`."""
    return [
        Error(item.fault, item.fatal) if isinstance(item, ProtocolError) else item
        for chunk in chunks
        for item in codec.feed(chunk)
    ]


def received(make: Callable[[], Codec], stream: bytes) -> list[Item]:
    """Return what the codec that `make` makes anew reads from `stream`, which is the same however it arrives."""
    outcome = same_in_every_cut(lambda chunks: items(make(), chunks), stream)
    for trailing in TRAILING:
        assert items(make(), [stream + trailing])[: len(outcome)] == outcome
    return outcome


def same_in_every_cut(read: Callable[[list[bytes]], T], stream: bytes) -> T:
    """Return what `read` makes of `stream`, and hold that it makes the same of it in every cut."""
    whole = read([stream])
    for chunks in cuts(stream):
        assert read(chunks) == whole
    return whole


def cuts(stream: bytes) -> Iterator[list[bytes]]:
    """Yield `stream` byte by byte, in two wherever it can be (if it isn't long), and cut at random."""
    yield [stream[i : i + 1] for i in range(len(stream))]
    if len(stream) <= 100:
        yield from (cut(stream, [place]) for place in range(len(stream) + 1))
    random = Random(len(stream))
    for _ in range(5):
        yield cut(stream, [random.randint(0, len(stream)) for _ in range(5)])


def cut(stream: bytes, places: Iterable[int]) -> list[bytes]:
    """Return `stream` cut at `places`, in any order; a place twice gives an empty chunk."""
    return [stream[start:end] for start, end in pairwise([0, *sorted(places), len(stream)])]


@st.composite
def cut_streams(draw: st.DrawFn, streams: st.SearchStrategy[bytes]) -> tuple[bytes, list[bytes]]:
    """Draw a stream and the same stream in chunks."""
    stream = draw(streams)
    return stream, cut(stream, draw(st.lists(st.integers(0, len(stream)), max_size=8)))


def memory_of(thing: object) -> int:
    """Return how many bytes of memory the attributes of `thing` really take, and theirs."""
    return sum(sys.getsizeof(part) + memory_of(part) for part in getattr(thing, "__dict__", {}).values())
