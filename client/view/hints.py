"""The ghost hint: what may still follow in a command that is being typed. Pure."""

from __future__ import annotations

from protocol.commands import BY_WORD, SLASH_COMMANDS, Command


def hint(text: str) -> str:
    """Return what is to be shown, faintly, behind `text`, a whole line; "" where there is nothing to tell."""
    word, space, rest = text.partition(" ")
    if not word.startswith("/") or len(word) < 2:
        return ""
    command = BY_WORD.get(word[1:].lower())
    if command is not None:
        return _parameters(command, rest) if space else f" {_parameters(command, '')}".rstrip()
    begun = [row for row in SLASH_COMMANDS if row.name.startswith(word[1:].lower())]
    return "" if space or len(begun) != 1 else begun[0].usage[len(word) :]


def _parameters(command: Command, rest: str) -> str:
    """Return the parameters that `rest`, what follows the command's word, has not begun yet."""
    missing = [str(parameter) for parameter in command.parameters[len(rest.split()) :]]
    before = " " if missing and rest and not rest.endswith(" ") else ""
    return before + " ".join(missing)
