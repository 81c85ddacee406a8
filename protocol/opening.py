"""Opening: the protocol of a peer, by its first bytes.

    00        frames: a length of at most 65,535 begins 00 00
    16        TLS (a handshake record, RFC 8446)
    FF        telnet, if one of its commands follows: 236 to 254 (RFC 854, RFC 885, RFC 1184)
    GET etc.  HTTP: a method (RFC 9110, RFC 5789) and a space. No name begins like that
    text      a character that can be printed, one that UTF-8 can begin with, or a key that people press:
              CR, LF and Ctrl-D at once, the other keys if no NUL follows (RDP begins 03 00)

Anything else is none of these, and so is a length that is too large for a frame, such as FF FF FF FF. Such a peer is
refused at once: the end of a line, at which a text user's first mistake is answered, would never come.
"""

from __future__ import annotations

from enum import Enum, auto


class Opening(Enum):
    """The protocols that the first bytes can begin."""

    TEXT = auto()
    FRAMES = auto()
    TLS = auto()
    HTTP = auto()
    UNKNOWN = auto()


_ALONE = b"\t\r\n\x04"  # means something at once
_KEYS = b"\x03\x07\x08\x0c\x15\x17\x1a\x1b\x7f"  # Ctrl-C, Ctrl-G, backspace, Ctrl-L, Ctrl-U, Ctrl-W, Ctrl-Z, Esc, Del
_IAC = 0xFF
_COMMANDS = range(236, 255)
# PRI begins HTTP/2, which is answered in HTTP/1.1 that it is not served.
_WORDS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PRI")
_METHODS = tuple(f"{word} ".encode() for word in _WORDS)


def opening(start: bytes, in_tls: bool = False) -> Opening | None:
    """Return the protocol that `start`, one byte or more, begins; None if more have to decide.

    `in_tls`: these are bytes inside TLS, which holds no other TLS.
    """
    first = start[0]
    if first == 0x00:
        return Opening.FRAMES
    if first == 0x16:
        return Opening.UNKNOWN if in_tls else Opening.TLS
    if start.startswith(_METHODS):
        return Opening.HTTP
    if any(method.startswith(start) for method in _METHODS):
        return None
    if 0x20 <= first <= 0x7E or 0xC2 <= first <= 0xF4 or first in _ALONE:
        return Opening.TEXT
    if first != _IAC and first not in _KEYS:
        return Opening.UNKNOWN
    if len(start) == 1:
        return None
    is_text = start[1] in _COMMANDS if first == _IAC else start[1] != 0
    return Opening.TEXT if is_text else Opening.UNKNOWN
