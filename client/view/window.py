"""The window that the terminal is in: its title, and notices on the desktop. Pure: from texts to codes.

Of the two codes for a notice, terminals know one, both or none: who gets both shows it twice. So the environment, in
which many say who they are, decides. tmux hands a code through that is wrapped, if it is allowed to.
"""

from __future__ import annotations

from collections.abc import Mapping

from client.view.attention import Notice

_SAVE, _RESTORE = "\x1b[22;2t", "\x1b[23;2t"  # the title, on the terminal's own stack
_END = "\x1b\\"


def has_window(environment: Mapping[str, str], output: str) -> bool:
    """Return whether a terminal, by its TERM and prompt_toolkit's `output`, is in a window, or ignores what is for one.

    A console that knows nothing of these codes would show them: old ones of Windows, and hardware as old.
    """
    term = environment.get("TERM", "")
    return output != "Win32Output" and term not in ("dumb", "linux", "unknown") and not term.startswith("vt")


def title(text: str, before: str) -> str:
    """Return what changes the title from `before` to `text`; "" is the title that the window had without us."""
    if text == before:
        return ""
    return (_SAVE if not before else "") + (f"\x1b]2;{text}{_END}" if text else _RESTORE)


def notice(of: Notice, environment: Mapping[str, str]) -> str:
    """Return what shows a notice."""
    by_777 = environment.get("VTE_VERSION") or environment.get("TERM", "").startswith(("foot", "rxvt"))
    code = f"\x1b]777;notify;{of.title};{of.text}{_END}" if by_777 else f"\x1b]9;{of.text}{_END}"
    return f"\x1bPtmux;{code.replace(chr(27), chr(27) * 2)}{_END}" if environment.get("TMUX") else code
