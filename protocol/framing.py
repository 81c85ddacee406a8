"""FrameCodec: a 4-byte big-endian length, then that many bytes of payload.

    00 00 00 05  68 65 6c 6c 6f        the payload "hello"

The length counts the payload alone and is 1 to 65,535. Another length is an error as soon as the header is there, so
that no peer can make us allocate what it announces. After that error nothing tells where a frame begins, and the
codec reads no further.

A length of at most 65,535 always begins 00 00, and text never contains a NUL. So a client that may be greeted in text,
because the server does not know yet what it speaks, can drop everything before the first NUL:
`FrameCodec(preamble=4096)`.
"""

from __future__ import annotations

from protocol.codec import Received
from protocol.errors import ErrorCode, ProtocolError
from protocol.lines import LINE_LIMIT

FRAME_LIMIT = 65_535
REQUEST_LIMIT = 16 * 1024  # of a client's frames: a line of 4,096 bytes takes 12,288 where each character is escaped
HEADER_SIZE = 4


class FrameCodec:
    """bytes <-> payloads. `feed` may be given the stream in any cut; the payloads are the same."""

    over = hides_typing = False

    def __init__(self, preamble: int = 0, longest: int = FRAME_LIMIT) -> None:
        """Read frames; with `preamble`, first drop up to that many bytes before the first NUL.

        A frame over `longest` is reported as soon as its length is known, and its payload dropped as it arrives.
        """
        self.dropped = 0  # bytes of payloads, since its owner last set this to 0
        self._longest = longest
        self._to_drop = 0
        self.preamble = bytearray()  # the dropped text; if no frame follows it, it was meant for a person
        self._preamble_limit = preamble
        self._in_preamble = preamble > 0
        self._buffer = bytearray()
        self._broken = False

    def feed(self, chunk: bytes) -> list[Received]:
        """Return the payloads that `chunk` completes; a fatal error is the last item, and nothing follows it."""
        if self._broken:
            return []
        if self._in_preamble:
            chunk = self._drop_preamble(chunk)
            if len(self.preamble) > self._preamble_limit:
                del self.preamble[self._preamble_limit :]
                return [self._break(ProtocolError(ErrorCode.BAD_MESSAGE, fatal=True, why="it is text, not frames"))]
        items: list[Received] = []
        buffer = self._buffer
        buffer += chunk
        while True:
            if self._to_drop:
                self._drop_payload()
            items += self._take_frames()
            if not (self._to_drop and buffer):
                return items

    def _drop_payload(self) -> None:
        """Drop what has arrived of a payload that is too long."""
        count = min(self._to_drop, len(self._buffer))
        del self._buffer[:count]
        self._to_drop -= count
        self.dropped += count

    def _drop_preamble(self, chunk: bytes) -> bytes:
        text, nul, rest = chunk.partition(b"\0")
        self.preamble += text
        self._in_preamble = not nul
        return nul + rest

    def _break(self, error: ProtocolError) -> ProtocolError:
        self._broken = True
        self._buffer.clear()
        return error

    def _take_frames(self) -> list[Received]:
        items: list[Received] = []
        buffer, start = self._buffer, 0
        while len(buffer) - start >= HEADER_SIZE:
            length = int.from_bytes(buffer[start : start + HEADER_SIZE], "big")
            if not 1 <= length <= FRAME_LIMIT:
                error = ProtocolError(ErrorCode.BAD_LENGTH, fatal=True, length=length, limit=FRAME_LIMIT)
                return [*items, self._break(error)]
            if length > self._longest:
                items.append(ProtocolError(ErrorCode.TOO_LONG, limit=LINE_LIMIT))
                self._to_drop = length
                start += HEADER_SIZE
                break
            end = start + HEADER_SIZE + length
            if end > len(buffer):
                break
            items.append(bytes(buffer[start + HEADER_SIZE : end]))
            start = end
        del buffer[:start]  # once a chunk, not once a frame: the cost stays linear
        return items

    def end(self) -> list[Received]:
        """Return nothing: a part of a frame is no payload."""
        return []

    def replies(self) -> bytes:
        """Return nothing: frames have no commands of their own."""
        return b""

    def farewell(self) -> bytes:
        """Return nothing: frames need no end but that of the stream."""
        return b""

    @staticmethod
    def encode(payload: bytes) -> bytes:
        """Return the frame of `payload`. Raises ValueError if it is empty or over 65,535 bytes: our own mistake."""
        if not 1 <= len(payload) <= FRAME_LIMIT:
            raise ValueError(f"a payload has 1 to {FRAME_LIMIT} bytes, not {len(payload)}")
        return len(payload).to_bytes(HEADER_SIZE, "big") + payload
