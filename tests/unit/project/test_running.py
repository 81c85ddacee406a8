"""docs/running.md: what it shows is what the programs take and print (O3, O4, O5)."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from runtime.cli import make_parser, options_of
from runtime.maintenance import backup_parser, export_parser

TEXT = (Path(__file__).parents[3] / "docs" / "running.md").read_text(encoding="utf-8")


def test_the_file_that_it_shows_is_one(tmp_path: Path) -> None:  # O3
    pytest.importorskip("tomllib")
    (block,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / "chat.toml").write_text(block)
    options = options_of(["--config", str(tmp_path / "chat.toml")], {})
    assert (options.host, options.operator, options.history_days, options.sync) == (
        "127.0.0.1",
        ["ann", "bob"],
        90,
        True,
    )


def test_what_check_config_prints_there_it_prints(capsys: pytest.CaptureFixture[str]) -> None:  # O3
    (command,) = re.findall(r"\$ (CHAT_SERVER_.*)", TEXT)
    *variables, program, option = shlex.split(command)
    assert program == "chat-server"
    with pytest.raises(SystemExit):
        options_of([option], dict(variable.split("=") for variable in variables))
    shown = TEXT.split(f"$ {command}\n")[1].split("    ...\n")[0]
    assert "".join(line.strip() + "\n" for line in shown.splitlines()) in capsys.readouterr().out


def test_the_lines_of_json_that_it_shows_are_some() -> None:  # O4, O5
    blocks = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        assert {"message", "text"} & json.loads(block).keys()


def test_the_commands_that_it_shows_are_taken() -> None:
    parsers = {"export": export_parser(), "backup": backup_parser()}
    commands = re.findall(r"^(?:    |`sudo )?(?:chat-server|server\.py) ([^$`>#\n]*)", TEXT, re.MULTILINE)
    assert len(commands) >= 4
    for command in commands:
        first, *words = shlex.split(command)
        if first in parsers:
            parsers[first].parse_args(words)
        else:
            make_parser().parse_args([first, *words])
