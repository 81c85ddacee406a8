"""The terminal's own echo, which must not show what is typed ahead between two prompts."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

try:
    import termios
except ImportError:  # Windows echoes a key when it is read, and not before
    termios = None  # type: ignore[assignment]

_LOCAL_FLAGS = 3  # where they are in what tcgetattr returns


def drop_typed() -> None:
    """Discard what was typed on the terminal and has not been read yet, also half a line."""
    if termios is not None and sys.stdin.isatty():
        termios.tcflush(sys.stdin, termios.TCIFLUSH)


@contextlib.contextmanager
def silent_keyboard() -> Iterator[None]:
    """Switch the terminal's own echo off, for as long as this lasts; Ctrl-C goes on to be a signal."""
    if termios is None or not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    silent = termios.tcgetattr(sys.stdin)
    silent[_LOCAL_FLAGS] &= ~termios.ECHO
    termios.tcsetattr(sys.stdin, termios.TCSADRAIN, silent)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
