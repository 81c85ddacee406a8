"""The terminal's own echo and keys, which must not show what is typed between two prompts, nor act on it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

try:
    import termios
except ImportError:  # Windows echoes a key when it is read, and not before
    termios = None  # type: ignore[assignment]

_LOCAL_FLAGS, _CHARACTERS = 3, 6  # where they are in what tcgetattr returns


def drop_typed() -> None:
    """Discard what was typed on the terminal and has not been read yet, also half a line."""
    if termios is not None and sys.stdin.isatty():
        termios.tcflush(sys.stdin, termios.TCIFLUSH)


@contextlib.contextmanager
def silent_keyboard(*, by_key: bool = False) -> Iterator[None]:
    """Switch the terminal's own echo off, for as long as this lasts; Ctrl-C goes on to be a signal.

    With `by_key` what is typed meanwhile is kept as it is for a prompt that reads keys. Else the terminal would make
    lines of it: Ctrl-D and Ctrl-U would be its own, and the prompt would never hear of them.
    """
    if termios is None or not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    silent = termios.tcgetattr(sys.stdin)
    silent[_LOCAL_FLAGS] &= ~termios.ECHO
    if by_key:
        silent[_LOCAL_FLAGS] &= ~(termios.ICANON | termios.IEXTEN)
        silent[_CHARACTERS][termios.VMIN], silent[_CHARACTERS][termios.VTIME] = 1, 0
    termios.tcsetattr(sys.stdin, termios.TCSADRAIN, silent)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
