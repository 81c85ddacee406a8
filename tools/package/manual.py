"""Manual pages and completions for the installed commands, written from their parsers: so both are always in step.

    python -m tools.package.manual FOLDER     writes them below FOLDER, as they stand below /usr/share

A wheel holds them, too (build.py), for installers that put them in their places, as pipx does with the pages.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import kvstore
from client.cli import options
from protocol import __version__
from runtime import cli, maintenance
from tools.package import completion

_PLACES = {
    "man": "man/man1/{0}.1",
    "bash": "bash-completion/completions/{0}",
    "zsh": "zsh/site-functions/_{0}",
    "fish": "fish/vendor_completions.d/{0}.fish",
}


@dataclass(frozen=True)
class Command:
    """A command: its name, a line on it, its parser and those of its subcommands."""

    name: str
    about: str
    parser: argparse.ArgumentParser
    tasks: tuple[argparse.ArgumentParser, ...] = ()


def commands() -> list[Command]:
    """Return the commands that an installation has; each calls itself by its name there."""
    before = sys.argv[0]
    sys.argv[0] = "chat"
    try:
        tasks = (maintenance.export_parser(), maintenance.backup_parser(), maintenance.import_parser())
        return [
            Command("chat", "join a chat", options.make_parser()),
            Command("chat-server", "run a chat", cli.make_parser(), tasks),
            Command("chat-store", "run a key-value store to chat through", kvstore.parser()),
        ]
    finally:
        sys.argv[0] = before


def write(folder: Path) -> dict[str, list[Path]]:
    """Write all pages and completions below `folder`; return them by their folder below /usr/share."""
    written: dict[str, list[Path]] = {}
    for command in commands():
        for kind, place in _PLACES.items():
            path = folder / place.format(command.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text_of(kind, command), encoding="utf-8", newline="\n")
            written.setdefault(str(path.parent.relative_to(folder)), []).append(path)
    return written


def text_of(kind: str, command: Command) -> str:
    """Return the manual page ("man") of a command, or its completion for "bash", "zsh" or "fish"."""
    if kind == "man":
        return "\n".join(page(command)) + "\n"
    tasks = {task.prog.rpartition(" ")[2]: task for task in command.tasks}
    return completion.MAKERS[kind](command.name, command.parser, tasks)


# --- a manual page -----------------------------------------------------------------------------------------------


def page(command: Command) -> Iterator[str]:
    """Yield the lines of a manual page, in the macros of man(7)."""
    yield f'.TH {command.name.upper()} 1 "" "select-chat {__version__}" "User Commands"'
    yield from (".SH NAME", rf"{_plain(command.name)} \- {_plain(command.about)}", ".SH SYNOPSIS", ".nf")
    for parser in (command.parser, *command.tasks):
        yield from map(_plain, synopsis(parser))
    yield from (".fi", ".SH DESCRIPTION")
    yield "\n.PP\n".join(_plain(" ".join(text.split())) for text in (command.parser.description or "").split("\n\n"))
    yield from _arguments(command.parser)
    for task in command.tasks:
        yield from (f".SH {_plain(task.prog.upper())}", _plain(task.description or ""))
        yield from (line for line in _arguments(task) if not line.startswith(".SH"))
    yield from _rest(command.parser.epilog or "")


_BRACKETS: dict[object, str] = {"?": "[{}]", "*": "[{} ...]"}  # by how many arguments there may be


def synopsis(parser: argparse.ArgumentParser) -> list[str]:
    """Return the lines of a parser's usage, without the name of an option that it would take."""
    if parser.usage is not None:
        return [line.strip() for line in (parser.usage % {"prog": parser.prog}).splitlines()[:1]]
    words = [str(action.metavar or action.dest).upper() for action in parser._get_positional_actions()]
    optional = [
        _BRACKETS.get(action.nargs, "{}").format(word)
        for word, action in zip(words, parser._get_positional_actions(), strict=True)
    ]
    return [" ".join([parser.prog, "[OPTION ...]", *optional])]


def _arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield a section for each group of options that has any."""
    for group in parser._action_groups:
        if group._group_actions:
            title = {"positional arguments": "arguments"}.get(group.title or "", group.title or "")
            yield f".SH {_plain(title.upper())}"
            if group.description:
                yield _plain(group.description)
            for action in group._group_actions:
                yield from (".TP", _shown(action), _plain(help_of(parser, action)))


def _shown(action: argparse.Action) -> str:
    """Return an option and what it takes, in bold and in italics."""
    takes = completion.takes(action)
    value = rf" \fI{_plain(takes)}\fR" if takes and action.option_strings else ""
    names = action.option_strings or [takes]
    return ", ".join(rf"\fB{_plain(name)}\fR{value}" for name in names)


def help_of(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    """Return the help of an option as --help shows it, in one line."""
    formatter = parser._get_formatter()
    return " ".join(formatter._expand_help(action).split()) if action.help else ""


def _rest(epilog: str) -> Iterator[str]:
    """Yield what stands behind the options: a line with a colon at its end begins a section."""
    is_within = False
    for line in epilog.splitlines():
        if re.fullmatch(r"[a-z ]+:", line):
            yield from ([".fi"] if is_within else []) + [f".SH {line[:-1].upper()}", ".nf"]
            is_within = True
        elif line.strip():
            yield from ([] if is_within else [".SH NOTES"]) + [_plain(line if is_within else line.strip())]
    if is_within:
        yield ".fi"


def _plain(text: str) -> str:
    """Return `text` for troff: nothing in it is a request or an escape."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped


def main() -> None:
    """Write them where the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tools.package.manual", description="Write pages and completions.")
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="where to, such as /usr/local/share")
    for paths in write(parser.parse_args().folder).values():
        print(*paths, sep="\n")


if __name__ == "__main__":
    main()
