"""The log that /log FILE keeps of what is shown: lines of plain text with their times. Pure.

    2026-11-20 17:05:09 bob: hello ann
    2026-11-20 17:05:31 Connected users: 2
      ann, bob

Each begins with its time; what stands in more lines goes on indented, so that nobody's text looks like a line of its
own. There are no colours in it and no other codes, whatever a server sends.
"""

from __future__ import annotations

from datetime import datetime

from client.core.render import Shown
from protocol.sanitize import printable
from protocol.text import LATEST


def entry(shown: Shown, now: float) -> str:
    """Return the lines for `shown`, which came at `now`, in seconds since 1970; what was said before has its time."""
    moment = datetime.fromtimestamp(min(getattr(shown.event, "at", 0.0) or now, LATEST))
    first, *more = map(_plain, shown.text.split("\n"))
    return "".join((f"{moment:%Y-%m-%d %H:%M:%S} {first}\n", *(f"  {line}\n" for line in more)))


def _plain(line: str) -> str:
    """Return `line` without control characters; blanks that set it in stay."""
    return " " * (len(line) - len(line.lstrip(" "))) + printable(line)


def begun(file: str) -> str:
    """Return the answer to /log FILE."""
    return f"What is shown is written to {file}, too, and whispers with it. /log off ends that."


def ended(file: str) -> str:
    """Return the answer to /log off."""
    return f"{file} is not written any more."


def state(file: str) -> str:
    """Return the answer to /log; `file` is "" where nothing is written."""
    return begun(file) if file else "Nothing is written. /log FILE writes what is shown to FILE, and whispers with it."


def failed(file: str, why: str) -> str:
    """Return the refusal for a file that can't be written, and so is not."""
    return f"{file} can't be written: {why}. What is shown is not in it; /log FILE takes another file."
