"""Completions for bash, zsh and fish, written from a parser: options, what each takes, subcommands."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

_FILES, _FOLDERS = {"FILE"}, {"DIR"}
Tasks = Mapping[str, argparse.ArgumentParser]


def takes(action: argparse.Action) -> str:
    """Return what an option takes, as its help has it: "" for a switch, else FILE, N, {auto,slash} or the like."""
    if action.nargs == 0:
        return ""
    if isinstance(action.metavar, str):
        return action.metavar
    if action.choices is not None:
        return f"{{{','.join(map(str, action.choices))}}}"
    return action.dest.upper()


def _operand(parser: argparse.ArgumentParser) -> str:
    """Return what a subcommand takes besides its options: DIR, FILE, or "" for nothing."""
    return next((takes(action) for action in parser._get_positional_actions()), "")


def _named(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in parser._actions if action.option_strings]


def _about(action: argparse.Action) -> str:
    """Return the first part of an option's help, without what a shell could take for its own."""
    text = " ".join((action.help or "").split())
    for end in (";", ":", " (", ". "):
        text = text.partition(end)[0]
    return "".join(c for c in text if c not in '"`[]\\$%')


# --- bash ----------------------------------------------------------------------------------------------------------


def bash(name: str, parser: argparse.ArgumentParser, tasks: Tasks) -> str:
    """Return the completion for bash: `complete -F` with a function that looks at the word before."""
    function = f"_{name.replace('-', '_')}"
    cases = [_bash_case(action) for action in _unique([parser, *tasks.values()]) if action.nargs != 0]
    words = "\n".join(
        f"    {task}) words='{_words(made)}' paths={_bash_paths(made)} ;;" for task, made in tasks.items()
    )
    chosen = f'  case "${{COMP_WORDS[1]}}" in\n{words}\n  esac\n' if tasks else ""
    first = " ".join(tasks)
    offered = f'  ((COMP_CWORD == 1)) && words="{first} $words"\n' if tasks else ""
    return f"""\
# bash completion for {name}: made by tools/package/manual.py
{function}() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} words='{_words(parser)}' paths=
  COMPREPLY=()
  case "$before" in
{chr(10).join(cases)}
  esac
{chosen}{offered}  ((COMP_CWORD == 1)) && paths=
  [[ $paths ]] && compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word"; [[ $paths ]] && compgen "$paths" -- "$word")
}}
complete -F {function} {name}
"""


def _bash_paths(parser: argparse.ArgumentParser) -> str:
    """Return the option of compgen for what a subcommand takes besides its options; "" for nothing."""
    return {"DIR": "-d", "FILE": "-f"}.get(_operand(parser), "")


def _bash_case(action: argparse.Action) -> str:
    options, value = "|".join(action.option_strings), takes(action)
    if action.choices is not None:
        found = f"compgen -W '{' '.join(map(str, action.choices))}' -- \"$word\""
    elif value in _FILES | _FOLDERS:
        found = f'compgen -{"d" if value in _FOLDERS else "f"} -- "$word"'
    else:
        return f"    {options}) return ;;"
    return f"    {options}) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <({found}); return ;;"


def _words(parser: argparse.ArgumentParser) -> str:
    return " ".join(option for action in _named(parser) for option in action.option_strings)


def _unique(parsers: list[argparse.ArgumentParser]) -> list[argparse.Action]:
    """Return the options of several parsers, each once."""
    return list({action.option_strings[-1]: action for parser in parsers for action in _named(parser)}.values())


# --- zsh -----------------------------------------------------------------------------------------------------------


def zsh(name: str, parser: argparse.ArgumentParser, tasks: Tasks) -> str:
    """Return the completion for zsh: a call of `_arguments`, for each subcommand one of its own."""
    cases = "".join(
        f"  {task})\n    shift words; ((CURRENT--))\n{_zsh_call(made)}    return ;;\n" for task, made in tasks.items()
    )
    chosen = f'case "$words[2]" in\n{cases}esac\n' if tasks else ""
    rest = [f"'1: :({' '.join(tasks)})'"] if tasks else []
    return f"#compdef {name}\n# made by tools/package/manual.py\n{chosen}{_zsh_call(parser, rest, '')}"


def _zsh_call(parser: argparse.ArgumentParser, rest: list[str] | None = None, indent: str = "    ") -> str:
    lines = [_zsh_option(action, option) for action in _named(parser) for option in action.option_strings]
    operand = _operand(parser)
    files = [f"'*:{operand}:_files{' -/' if operand in _FOLDERS else ''}'"] if operand in _FILES | _FOLDERS else []
    return f" \\\n{indent}  ".join([f"{indent}_arguments", *lines, *(rest or []), *files]) + "\n"


def _zsh_option(action: argparse.Action, option: str) -> str:
    value = takes(action)
    repeated = "*" if isinstance(action.default, list) else ""
    if not value:
        return f"'{repeated}{option}[{_zsh_about(action)}]'"
    if action.choices is not None:
        found = f"({' '.join(map(str, action.choices))})"
    else:
        found = "_files" if value in _FILES else "_files -/" if value in _FOLDERS else " "
    return f"'{repeated}{option}[{_zsh_about(action)}]:{value if action.choices is None else 'one of'}:{found}'"


def _zsh_about(action: argparse.Action) -> str:
    return _about(action).replace("'", r"'\''")


# --- fish ----------------------------------------------------------------------------------------------------------


def fish(name: str, parser: argparse.ArgumentParser, tasks: Tasks) -> str:
    """Return the completion for fish: a line an option."""
    within = f"__fish_seen_subcommand_from {' '.join(tasks)}" if tasks else ""
    lines = [f"# fish completion for {name}: made by tools/package/manual.py", f"complete -c {name} -f"]
    lines += [_fish_option(name, action, f"not {within}" if tasks else "") for action in _named(parser)]
    for task, made in tasks.items():
        lines.append(f"complete -c {name} -n '__fish_use_subcommand' -a {task} -d '{_quoted(_sentence(made))}'")
        lines += [_fish_option(name, action, f"__fish_seen_subcommand_from {task}") for action in _named(made)]
        if _operand(made) in _FILES:
            lines.append(f"complete -c {name} -n '__fish_seen_subcommand_from {task}' -F")
        if _operand(made) in _FOLDERS:
            lines.append(
                f"complete -c {name} -n '__fish_seen_subcommand_from {task}' -a '(__fish_complete_directories)'"
            )
    return "\n".join(lines) + "\n"


def _fish_option(name: str, action: argparse.Action, when: str) -> str:
    value = takes(action)
    words = [f"complete -c {name}", f"-n '{when}'" if when else ""]
    words += [f"-l {option[2:]}" if option.startswith("--") else f"-s {option[1:]}" for option in action.option_strings]
    words.append("" if not value else "-r -F" if value in _FILES else "-x")
    if action.choices is not None:
        words.append(f"-a '{' '.join(map(str, action.choices))}'")
    elif value in _FOLDERS:
        words.append("-a '(__fish_complete_directories)'")
    words.append(f"-d '{_quoted(_about(action))}'")
    return " ".join(word for word in words if word)


def _quoted(text: str) -> str:
    return text.replace("'", r"\'")


def _sentence(parser: argparse.ArgumentParser) -> str:
    return (parser.description or "").rstrip(".")


MAKERS: dict[str, Callable[[str, argparse.ArgumentParser, Tasks], str]] = {"bash": bash, "zsh": zsh, "fish": fish}
