"""LineCodec: lines of text as telnet, nc and people send them.

A line ends at CR LF, CR NUL, LF or a lone CR (RFC 854 and practice). A CR ends its line at once, since its sender
may be waiting for the answer; an LF or NUL that follows, in the same chunk or the next, is ignored. A line over
4,096 bytes is dropped up to its end and reported once, as soon as it is too long, so that a limit holds for what is
kept. A Ctrl-D at the start of a line is the line `CTRL_D`, and nothing after it is read. Telnet commands are taken
out first (protocol.telnet). The end of the stream ends the last line (`end`), since pipes and files often lack the
line end there.

Payloads are bytes without their line end; the dialect decodes them.
"""

from __future__ import annotations

from protocol.codec import Received
from protocol.errors import ErrorCode, ProtocolError
from protocol.telnet import CTRL_D, TelnetFilter

LINE_LIMIT = 4096
LINE_END = b"\r\n"

_CR, _LF = b"\r", b"\n"


class LineCodec:
    """bytes <-> payloads. `feed` may be given the stream in any cut; the payloads are the same."""

    over = False

    def __init__(self) -> None:
        self._telnet = TelnetFilter()
        self._partial = b""
        self._after_cr = False
        self._dropping = False  # inside a line that is too long
        self._ended = False
        self.hides_typing = False
        self.dropped = 0  # bytes of lines that are too long, since its owner last set this to 0

    def feed(self, chunk: bytes) -> list[Received]:
        """Return the lines that `chunk` completes, with an error in the place of each one that was dropped."""
        if b"\xff" in chunk or not self._telnet.idle:
            self._telnet.hiding = self.hides_typing
            chunk = self._telnet.feed(chunk)
        if not chunk or self._ended:
            return []
        lines = self._split(chunk)
        if not self._dropping and CTRL_D not in chunk and max(map(len, (*lines, self._partial))) <= LINE_LIMIT:
            return lines  # type: ignore[return-value]  # nearly always
        if self._dropping and lines:
            self.dropped += len(lines.pop(0))
            self._dropping = False
        items = [_checked(line) for line in lines]
        items += self._check_partial()
        if CTRL_D in items:
            self._ended = True
            del items[items.index(CTRL_D) + 1 :]
        return items

    def _split(self, chunk: bytes) -> list[bytes]:
        """Return the complete lines, the first one's start included, and keep the partial one."""
        if self._after_cr and chunk[0] in b"\n\0":
            chunk = chunk[1:]
        self._after_cr = chunk.endswith(_CR) if chunk else False
        if _CR in chunk:
            chunk = chunk.replace(b"\r\n", _LF).replace(b"\r\0", _LF).replace(_CR, _LF)
        lines = (self._partial + chunk).split(_LF)
        self._partial = lines.pop()
        return lines

    def _check_partial(self) -> list[Received]:
        """Return the item that the unfinished line is already: a Ctrl-D, or the error of a line that is too long."""
        if self._dropping:
            self._drop_partial()
            return []
        item = _checked(self._partial)
        if item is self._partial and item != CTRL_D:
            return []
        self._dropping = True
        self._drop_partial()
        return [item]

    def _drop_partial(self) -> None:
        self.dropped += len(self._partial)
        self._partial = b""

    @property
    def is_blank(self) -> bool:
        """Whether no line is begun."""
        return not self._partial

    def end(self) -> list[Received]:
        """Return the line that the end of the stream completes, if one was begun; nothing may be fed after this."""
        line, self._partial = self._partial, b""
        return [line] if line and not self._ended else []

    def farewell(self) -> bytes:
        """Return nothing: lines need no end but that of the stream."""
        return b""

    def replies(self) -> bytes:
        """Return the answers to the peer's telnet commands that are due, and forget them."""
        replies = self._telnet.replies
        if not replies:
            return b""
        self._telnet.replies = bytearray()
        return bytes(replies)

    @staticmethod
    def encode(payload: bytes) -> bytes:
        """Return `payload`, one line or several joined by LINE_END, with the end of its last line."""
        return payload + LINE_END


def _checked(line: bytes) -> Received:
    if line[:1] == CTRL_D:
        return CTRL_D
    return line if len(line) <= LINE_LIMIT else ProtocolError(ErrorCode.TOO_LONG, limit=LINE_LIMIT)
