"""The message of the day: a text file that newcomers are shown, bounded and cleaned."""

from __future__ import annotations

from pathlib import Path

from protocol.sanitize import clean

LINES = 20
_CHARACTERS = 400  # in a line
_BYTES = 16 * 1024


def read_motd(path: Path) -> tuple[tuple[str, ...], str]:
    """Return the lines of the file at `path`, and a sentence about what was left out of them. Raises OSError."""
    with path.open("rb") as file:
        content = file.read(_BYTES + 1)
    lines = [clean(line) for line in content[:_BYTES].decode(errors="replace").splitlines()]
    shown = tuple(line[:_CHARACTERS] for line in lines if line)
    is_cut = len(content) > _BYTES or len(shown) > LINES or any(len(line) > _CHARACTERS for line in lines)
    why = f"{path} is too long: newcomers are shown {LINES} lines of {_CHARACTERS} characters at the most."
    return shown[:LINES], why if is_cut else ""
