"""README.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from chat import limits
from chat.handlers.accounts import WRONG_LIMIT
from chat.login_attempts import LIMITS, LIMITS_OF_MANY
from protocol.commands import COMMANDS, Command
from protocol.framing import FRAME_LIMIT
from protocol.lines import LINE_LIMIT
from runtime.cli import make_parser, option_of

README = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")


def row(command: Command) -> str:
    usage = f"`{command.usage}`" if command.slash else ""
    also = ", ".join(f"`/{alias}`" for alias in command.aliases)
    verb = f"`{command.verb_usage}`" if command.verb else ""
    return f"| {usage} | {also} | {verb} | {command.help.replace('*', chr(92) + '*')} |"


def test_the_command_table_is_that_of_the_code() -> None:
    section = README.split("## Commands")[1].split("## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    assert rows == [row(command) for command in COMMANDS]


def test_every_option_of_the_server_is_explained_and_no_other() -> None:
    section = README.split("## Options of the server")[1].split("## ")[0]
    explained = set(re.findall(r"^\| `(--[a-z-]+)", section, re.MULTILINE))
    options = {
        option for action in make_parser()._actions for option in action.option_strings if option.startswith("--")
    }
    assert explained == options - {"--help", "--version"} - {option_of(name) for name in limits.REASONS}


def test_every_limit_is_explained_with_its_default() -> None:
    section = README.split("## Limits, and why")[1].split("## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `--")]
    assert rows == [
        f"| `{option_of(name)}` | {getattr(limits, name):,} | {reason} |" for name, reason in limits.REASONS.items()
    ]


def test_the_limits_that_are_no_options_are_those_of_the_code() -> None:
    text = " ".join(README.split())
    assert f"A line has at most {LINE_LIMIT:,} bytes" in text
    assert f"A frame has at most {FRAME_LIMIT:,};" in text
    assert LIMITS == ((3, 60.0), (10, 600.0))
    assert LIMITS_OF_MANY == ((30, 60.0), (100, 600.0))
    assert "register 30 names a minute and 100 in 10 minutes" in text
    assert f"A connection is closed after {WRONG_LIMIT} wrong passwords." in text
    assert "A name accepts 3 guesses a minute and 10 in 10 minutes from one address" in text
