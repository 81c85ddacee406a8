"""Acts: `/me waves` is read as `ann *waves*`: it begins with who does it, never with a mark of the server's.

In the log and on the wire an act is said like anything else, as `/me waves`. So history, search and the journal know
nothing of it, and a client that does not know it either still shows what was meant.
"""

from __future__ import annotations

_MARK = "/me "


def as_said(act: str) -> str:
    """Return the text by which `act` is said."""
    return f"{_MARK}{act}"


def told(name: str, text: str) -> str:
    """Return what a reader of plain text is told when `name` says `text`."""
    act = act_in(text)
    return f"{name}: {text}" if act is None else f"{name} *{act}*"


def act_in(text: str) -> str | None:
    """Return the act that `text` says; None if it is talk."""
    return text[len(_MARK) :] if text.startswith(_MARK) else None
