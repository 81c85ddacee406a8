"""Bugs in what only those meet who come by WebSocket."""

from __future__ import annotations

import itertools

from protocol.codec import Received
from protocol.websocket import WebSocketCodec
from tools.crash.mutants.bug import OFTEN, Bug
from tools.crash.patches import Patches


def drops_a_message(patches: Patches) -> None:
    """Of what a chunk completes, the last message is dropped now and then."""
    feed, counter = WebSocketCodec.feed, itertools.count(1)

    def feeding(self: WebSocketCodec, chunk: bytes) -> list[Received]:
        items = feed(self, chunk)
        return items[:-1] if next(counter) % OFTEN == 0 else items

    patches.replace(WebSocketCodec, "feed", feeding)


def counts_a_byte_less(patches: Patches) -> None:
    """A message of 126 bytes or more is told to have one less."""
    encode = WebSocketCodec.encode

    def encoding(payload: bytes) -> bytes:
        frame = encode(payload)
        return frame if len(payload) < 126 else frame[:2] + (len(payload) - 1).to_bytes(2, "big") + payload

    patches.replace(WebSocketCodec, "encode", staticmethod(encoding))


WEBSOCKET: dict[str, Bug] = {
    "websocket-drops-a-message": drops_a_message,
    "websocket-counts-a-byte-less": counts_a_byte_less,
}
