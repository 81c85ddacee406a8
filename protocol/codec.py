"""Codec: the bytes of a connection <-> the payloads in them. The seam where another framing goes.

A codec knows where a payload begins and ends and nothing of its meaning, which is for the dialect (protocol.dialects).
The rule for each: the payloads are the same however the stream is cut, no more is kept than the longest payload, and
a mistake of the peer comes back as a ProtocolError in its place among the payloads.
"""

from __future__ import annotations

from typing import Protocol

from protocol.errors import ProtocolError

Received = bytes | ProtocolError


class Codec(Protocol):
    """What a connection needs of a codec, and the fan-out of its class."""

    over: bool  # the peer has nothing more to say: the connection closes once `replies`, the last of them, are out
    hides_typing: bool  # set by its owner: the peer's terminal has been asked to hide what is typed
    dropped: int  # bytes of payloads that were too long, since the codec's owner last set this to 0

    def feed(self, chunk: bytes) -> list[Received]:
        """Return the payloads that `chunk` completes. A fatal error is the last item, and nothing follows it."""

    def end(self) -> list[Received]:
        """Return the payload that the end of the stream completes, if any. Nothing may be fed after this."""

    def replies(self) -> bytes:
        """Return what the codec itself has to answer, at once, and forget it."""

    def farewell(self) -> bytes:
        """Return what ends our side of the stream, if anything does; nothing is sent after it."""

    @staticmethod
    def encode(payload: bytes) -> bytes:
        """Return the bytes that carry `payload`."""
