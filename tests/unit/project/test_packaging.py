"""pyproject.toml: what `pip install .` gives is what is here."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import myclient
from runtime.cli import make_parser

ROOT = Path(__file__).parents[3]


@pytest.fixture
def project() -> dict[str, Any]:
    tomllib = pytest.importorskip("tomllib")  # Python 3.11
    loaded: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return loaded


def test_all_that_the_programs_import_is_installed(project: dict[str, Any]) -> None:
    installed = {*project["tool"]["setuptools"]["packages"], *project["tool"]["setuptools"]["py-modules"]}
    folders = {".".join(path.relative_to(ROOT).parts[:-1]) for path in ROOT.rglob("__init__.py")}
    ours = {folder for folder in folders if folder.partition(".")[0] not in ("tests", "tools", "", ".venv", "build")}
    assert installed == {*ours, "server", "myclient"}


def test_the_commands_are_the_programs(project: dict[str, Any]) -> None:
    commands = project["project"]["scripts"]
    assert set(commands) == {"chat", "chat-server"}
    for target in commands.values():
        module, _, function = target.partition(":")
        assert callable(getattr(importlib.import_module(module), function))


def test_what_the_client_needs_is_what_the_requirements_name(project: dict[str, Any]) -> None:
    requirements = (ROOT / "requirements.txt").read_text(encoding="utf-8").split("# The server")[0]
    assert re.findall(r"^[a-z].*$", requirements, re.MULTILINE) == project["project"]["dependencies"]


def test_each_command_calls_itself_by_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/chat-server"])
    assert make_parser().prog == "chat-server"
    monkeypatch.setattr(sys, "argv", ["/usr/bin/chat", "--version"])
    with pytest.raises(SystemExit):
        myclient.main()
    assert capsys.readouterr().out.startswith("chat ")
