"""Opening: what a peer speaks, by the first byte or two that it sends.

    00        frames: a length of at most 65,535 begins 00 00
    16        TLS (a handshake record, RFC 8446)
    FF        telnet, if one of its commands follows: 236 to 254 (RFC 854, RFC 885, RFC 1184)
    text      a character that can be printed, one that UTF-8 can begin with, or a key that people press:
              CR, LF and Ctrl-D at once, the other keys if no NUL follows (RDP begins 03 00)

Anything else is none of these, and so is a length that is too large for a frame, such as FF FF FF FF: whoever sends
that can be told so at once, where a line's end would be waited for in vain.
"""

from __future__ import annotations

from enum import Enum, auto


class Opening(Enum):
    """What the first bytes are the beginning of."""

    TEXT = auto()
    FRAMES = auto()
    TLS = auto()
    UNKNOWN = auto()


_ALONE = b"\t\r\n\x04"  # means something at once
_KEYS = b"\x03\x07\x08\x0c\x15\x17\x1a\x1b\x7f"  # Ctrl-C, Ctrl-G, backspace, Ctrl-L, Ctrl-U, Ctrl-W, Ctrl-Z, Esc, Del
_IAC = 0xFF
_COMMANDS = range(236, 255)


def opening(start: bytes) -> Opening | None:
    """Return what `start`, one byte or more, is the beginning of; None if that takes a second byte to tell."""
    first = start[0]
    if first == 0x00:
        return Opening.FRAMES
    if first == 0x16:
        return Opening.TLS
    if 0x20 <= first <= 0x7E or 0xC2 <= first <= 0xF4 or first in _ALONE:
        return Opening.TEXT
    if first != _IAC and first not in _KEYS:
        return Opening.UNKNOWN
    if len(start) == 1:
        return None
    is_text = start[1] in _COMMANDS if first == _IAC else start[1] != 0
    return Opening.TEXT if is_text else Opening.UNKNOWN
