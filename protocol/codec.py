"""Codec: the bytes of a connection <-> the payloads in them. The seam where another framing goes.

A codec knows where a payload begins and ends and nothing of what it means; that is its dialect's (protocol.dialects).
The rule for all of them: the stream may come in any cut and the payloads are the same, nothing is kept beyond the
longest payload, and what a peer does wrong comes back as a ProtocolError in its place among the payloads.
"""

from __future__ import annotations

from typing import Protocol

from protocol.errors import ProtocolError

Received = bytes | ProtocolError


class Codec(Protocol):
    """What a connection needs of a codec, and the fan-out of its class."""

    dropped: int  # bytes of payloads that were too long, since the codec's owner last set this to 0

    def feed(self, chunk: bytes) -> list[Received]:
        """Return the payloads that `chunk` completes. A fatal error is the last item, and nothing follows it."""

    def end(self) -> list[Received]:
        """Return the payload that the end of the stream completes, if any. Nothing may be fed after this."""

    def replies(self) -> bytes:
        """Return what the codec itself has to answer, at once, and forget it."""

    def hide_typing(self, hiding: bool) -> None:
        """Note whether the peer's terminal has been asked to hide what is typed."""

    @staticmethod
    def encode(payload: bytes) -> bytes:
        """Return the bytes that carry `payload`."""
