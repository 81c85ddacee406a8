"""Acts: `/me waves` reads as `ann *waves*`. It begins with the name, so that it can't pass for a line of the server's.

In the log and on the wire an act is a message like any other, with the text `/me waves`. So history, search and the
journal need to know nothing of it, and a client that does not know acts shows that text.
"""

from __future__ import annotations

_MARK = "/me "
KICKED_BY, BANNED_BY = "kicked by ", "banned by "  # how the reason begins for which somebody has left
REMOVED = (KICKED_BY, BANNED_BY)


def as_said(act: str) -> str:
    """Return the text of the message that is the act `act`."""
    return f"{_MARK}{act}"


def told(name: str, text: str) -> str:
    """Return the line that a text user reads when `name` says `text`."""
    return f"{name} *{text[len(_MARK) :]}*" if text.startswith(_MARK) else f"{name}: {text}"


def act_in(text: str) -> str | None:
    """Return the act in the message `text`; None if it is talk."""
    return text[len(_MARK) :] if text.startswith(_MARK) else None


def announced(name: str, text: str) -> str:
    """Return the line that everybody reads when `name` announces `text`: no name can begin like it."""
    return f"*** {name} announces: {text} ***"


def role(is_operator: bool) -> str:
    """Return the sentence that tells users of their role."""
    return (
        "You are an operator: /help operators lists your commands." if is_operator else "You are no operator any more."
    )
