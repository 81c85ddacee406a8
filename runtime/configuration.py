"""Where options come from: a file, the environment, the command line, each over the one before (O3).

There is one table of options, the parser's (runtime/cli.py). Whatever it takes on the command line has a name, that of
the option without its dashes, under which the two other places know it:

    --max-users 100    the command line
    max-users = 100    a TOML file, named by --config or CHAT_SERVER_CONFIG
    CHAT_SERVER_MAX_USERS=100

All three go through the parser's own types and choices, so what is wrong with a value is said in the same words, after
the place where it stands. An option that can be given repeatedly is a list in the file, and words with blanks between
them in the environment. A place that gives a list replaces that of the places below it.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

PREFIX = "CHAT_SERVER_"
DEFAULT, COMMAND_LINE = "default", "command line"
_SWITCH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
_PASSWORD = re.compile(r"(://[^:/@]*:).*@")
_NOT_KEPT = ("help", "version", "config", "check-config")  # they say what to do now, and where


class ConfigurationError(Exception):
    """A file or a variable is wrong; the text says which, and what to do."""


class Setting(NamedTuple):
    """The value of an option, and where it is from."""

    value: Any
    source: str


def settled(
    parser: argparse.ArgumentParser, arguments: Sequence[str] | None, environment: Mapping[str, str]
) -> tuple[argparse.Namespace, dict[str, Setting]]:
    """Return the options, and each of those that can be configured by its name.

    With exit code 2 the parser ends the program on what is wrong.
    """
    actions = by_name(parser)
    typed = _typed(parser, arguments)
    file = typed.config or Path(environment.get(f"{PREFIX}CONFIG") or ".")
    try:
        settings = {name: Setting(action.default, DEFAULT) for name, action in actions.items()}
        settings |= {} if file == Path() else of_file(actions, file)
        settings |= of_environment(actions, environment)
    except ConfigurationError as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    given = {name: getattr(typed, action.dest) for name, action in actions.items()}
    settings |= {name: Setting(value, COMMAND_LINE) for name, value in given.items() if value is not None}
    merged = {actions[name].dest: setting.value for name, setting in settings.items()}
    return argparse.Namespace(**{**vars(typed), **merged}), settings


def by_name(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    """Return what can be configured, by its name."""
    named = {(action.option_strings or [action.dest])[-1].lstrip("-"): action for action in parser._actions}
    return {name: action for name, action in named.items() if name not in _NOT_KEPT}


def _typed(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return what the command line gives; None for what it does not."""
    unset = argparse.Namespace(**{action.dest: None for action in by_name(parser).values()})
    positional = [action for action in parser._actions if not action.option_strings]
    defaults = [action.default for action in positional]
    for action in positional:
        action.default = None  # argparse sets it even if another value is there
    given = parser.parse_args(arguments, unset)
    for action, default in zip(positional, defaults, strict=True):
        action.default = default
    return given


# --- the places --------------------------------------------------------------------------------------------------


def of_file(actions: Mapping[str, argparse.Action], path: Path) -> dict[str, Setting]:
    """Return the settings in a TOML file. Raises ConfigurationError."""
    settings = {}
    for name, value in _read(path).items():
        action = _known(actions, name, lambda known: known, str(path))
        settings[name] = Setting(_of_toml(action, value, f"{path}: {name}"), str(path))
    return settings


def of_environment(actions: Mapping[str, argparse.Action], environment: Mapping[str, str]) -> dict[str, Setting]:
    """Return the settings in the environment. Raises ConfigurationError."""
    settings = {}
    for variable in sorted(environment):
        if variable.startswith(PREFIX) and variable != f"{PREFIX}CONFIG":
            name = variable.removeprefix(PREFIX).lower().replace("_", "-")
            action = _known(actions, name, variable_of, "the environment")
            settings[name] = Setting(_of_text(action, environment[variable], variable), variable)
    return settings


def variable_of(name: str) -> str:
    """Return the variable of the environment that sets the option `name`."""
    return PREFIX + name.upper().replace("-", "_")


def _known(
    actions: Mapping[str, argparse.Action], name: str, shown: Callable[[str], str], where: str
) -> argparse.Action:
    if name in actions:
        return actions[name]
    near = get_close_matches(name, actions, 1)
    hint = f"Did you mean {shown(near[0])}?" if near else "--help lists them all."
    raise ConfigurationError(f"{where}: {shown(name)} is no option of the server. {hint}")


def _read(path: Path) -> dict[str, Any]:
    if sys.version_info < (3, 11):
        version = "{}.{}".format(*sys.version_info)
        raise ConfigurationError(
            f"{path} can't be read by Python {version}: a configuration file needs Python 3.11 or newer. Set the "
            f"variables {PREFIX}... instead: --check-config lists what can be set."
        )
    reader = import_module("tomllib")  # from 3.11 on
    try:
        with path.open("rb") as file:
            read: dict[str, Any] = reader.load(file)
    except OSError as error:
        raise ConfigurationError(f"{path} can't be read: {error.strerror}. Check where it is, and whose.") from None
    except ValueError as error:  # TOML's, and that of a text that is not UTF-8
        raise ConfigurationError(f"{path} is not TOML: {error}. A line reads: max-users = 100") from None
    return read


# --- values ------------------------------------------------------------------------------------------------------


def _of_toml(action: argparse.Action, value: object, where: str) -> object:
    if _is_switch(action) != isinstance(value, bool):
        wanted = "true or false, without quotes" if _is_switch(action) else "its value: it is no switch"
        raise ConfigurationError(f"{where} = {toml(value)}: give {wanted}")
    if _is_list(action) != isinstance(value, list):
        wanted = "a list, between [ and ]" if _is_list(action) else "one value"
        raise ConfigurationError(f"{where} = {toml(value)}: give {wanted}")
    if isinstance(value, list):
        return [_parsed(action, str(one), where) for one in value]
    return value if isinstance(value, bool) else _parsed(action, str(value), where)


def _of_text(action: argparse.Action, text: str, where: str) -> object:
    if _is_switch(action):
        if text.lower() in _SWITCH:
            return _SWITCH[text.lower()]
        raise ConfigurationError(f"{where}: {text!r} is neither true nor false: give one of these")
    if _is_list(action):
        return [_parsed(action, word, where) for word in text.split()]
    return _parsed(action, text, where)


def _parsed(action: argparse.Action, text: str, where: str) -> object:
    """Return what `text` means to the option, by the type and the choices that it has on the command line."""
    try:
        value: object = action.type(text) if callable(action.type) else text
    except argparse.ArgumentTypeError as error:
        raise ConfigurationError(f"{where}: {without_password(str(error))}") from None
    if action.choices is not None and value not in action.choices:
        raise ConfigurationError(f"{where}: {text!r} is none of {', '.join(map(str, action.choices))}")
    return value


def _is_switch(action: argparse.Action) -> bool:
    return action.nargs == 0


def _is_list(action: argparse.Action) -> bool:
    return isinstance(action.default, list)


# --- showing -----------------------------------------------------------------------------------------------------


def shown(settings: Mapping[str, Setting]) -> Iterator[str]:
    """Yield the settings as lines of TOML, each with where it is from; without passwords."""
    for name, (value, source) in settings.items():
        line = f"# {name} is not set" if value is None else f"{name} = {toml(value)}"
        yield line if value is None else f"{line:<40}  # {source}"


def toml(value: object) -> str:
    """Return a value as TOML has it; the password in a URL is left out."""
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    return json.dumps(without_password(str(value)), ensure_ascii=False)


def without_password(text: str) -> str:
    """Return `text` with the password of a URL in it left out."""
    return _PASSWORD.sub(r"\1***@", text)
