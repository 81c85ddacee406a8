"""How /help reads: all commands in groups, a row each, on a screen of 80 x 24; one command, or a few, in full. Pure.

The server says what its commands are. Those that this client knows nothing of are in a group of their own, at the end.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from protocol.commands import FOLDED, OF_OPERATORS, SLASH_COMMANDS, folded
from protocol.events import CommandHelp, HelpListed
from protocol.text import WIDTH

# By groups, what stands in a row: a command, or two of which the second takes back what the first does.
GROUPS: dict[str, tuple[tuple[str, ...], ...]] = {
    "Talk": (("all",), ("whisper",), ("reply",), ("me",)),
    "People": (("users",), ("seen",), ("away", "back"), ("ignore", "unignore")),
    "Your name": (("nick",), ("register", "unregister"), ("passwd",)),
    "The past": (("history",), ("search",)),
    "Screen": (("set",), ("clear",), ("log",)),
    "Besides": (("ping",), ("reconnect",), ("help",), ("disconnect",)),
    "Operators": (
        (OF_OPERATORS.name,),
        *(("kick",), ("mute", "unmute"), ("ban", "unban"), ("bans",), ("lockdown",), ("announce",), ("op", "deop")),
    ),
}
_MORE = "More"
_FEW = 10  # commands that are explained in full
_TITLE, _USAGE = 10, 23  # columns


class Row(NamedTuple):
    """How a command is typed, what stands before that in its row, and what behind; line ends may be in it."""

    before: str
    usage: str
    meaning: str


def with_ours(event: HelpListed) -> HelpListed:
    """Return a list of all commands with those that no server knows of, since this client does them by itself."""
    listed = {command.name for command in event.commands}
    if len(listed) < 2 or listed & FOLDED == listed:
        return event
    ours = (row.described() for row in SLASH_COMMANDS if row.for_terminals and row.name not in listed)
    order = {row.name: number for number, row in enumerate(SLASH_COMMANDS)}
    both = sorted((*event.commands, *ours), key=lambda command: order.get(command.name, len(order)))
    return replace(event, commands=tuple(both))


def summary(text: str) -> str:
    """Return the part of a command's help that fits beside it."""
    return re.split(r"[.;:] |\.$", text, maxsplit=1)[0]


def laid_out(event: HelpListed, width: int) -> list[Row]:
    """Return the rows of `event`, at most `width` columns wide, or half as wide again where an usage needs it.

    Operators' commands are one row among others, and have a list of their own: /help operators.
    """
    commands = folded(event.commands)
    if len(commands) <= _FEW:
        return _in_full(commands, width)
    if width < WIDTH:
        return [Row("", command.usage, f"\n{_filled(summary(command.help), 2, width)}") for command in commands]
    return list(_in_groups({command.name: command for command in commands}))


def _in_full(commands: Sequence[CommandHelp], width: int) -> list[Row]:
    """Lay them out in two columns, how they are typed and what they do; below each other where it is narrow."""
    longest = max((len(command.usage) for command in commands), default=0) + 2
    column = min(longest, width // 2) if width >= WIDTH else longest if longest <= width // 2 else 2
    return [Row("", command.usage, _meaning(command, column, width)) for command in commands]


def _meaning(command: CommandHelp, column: int, width: int) -> str:
    text = _filled(command.explained, column, width)
    has_room = len(command.usage) < column or width >= WIDTH
    return " " * max(2, column - len(command.usage)) + text.lstrip(" ") if has_room else f"\n{text}"


def _filled(text: str, column: int, width: int) -> str:
    """Return `text` in rows of `width` columns that begin at `column`."""
    room = max(width - column, width // 3)
    rows = (row for line in text.split("\n") for row in textwrap.wrap(line, room, break_on_hyphens=False))
    return "\n".join(" " * column + row for row in rows)


def _in_groups(commands: dict[str, CommandHelp]) -> Iterator[Row]:
    known = {name for rows in GROUPS.values() for row in rows for name in row}
    more = tuple((name,) for name in commands if name not in known)
    for title, rows in {**GROUPS, _MORE: more}.items():
        present = [found for row in rows if (found := [commands[name] for name in row if name in commands])]
        for number, found in enumerate(present):
            yield _grouped(f"{'' if number else title:<{_TITLE}}", found)


def _grouped(before: str, commands: Sequence[CommandHelp]) -> Row:
    usage = ", ".join(command.usage for command in commands)
    gap = " " * max(2, _USAGE - len(usage))
    return Row(before, usage, gap + summary(commands[0].help))
