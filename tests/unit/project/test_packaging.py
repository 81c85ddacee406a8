"""pyproject.toml: what `pip install .` gives is what is here (O1, O2)."""

from __future__ import annotations

import importlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import myclient
from runtime.cli import make_parser
from system.commands import FILES, PACKAGE, SCRIPTS
from tools.package.build import FOLDERS, PROGRAMS
from tools.package.pyz import PACKED

ROOT = Path(__file__).parents[3]


@pytest.fixture
def project() -> dict[str, Any]:
    tomllib = pytest.importorskip("tomllib")  # Python 3.11
    loaded: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return loaded


def test_all_that_the_programs_import_is_in_the_package() -> None:  # O1
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert set(FOLDERS) == folders - {"tests", "tools"}
    assert set(PROGRAMS) == {path.name for path in ROOT.glob("*.py")} == set(FILES.values())


def test_the_commands_are_the_programs(project: dict[str, Any]) -> None:
    commands = project["project"]["scripts"]
    assert commands == {
        SCRIPTS[program]: f"{PACKAGE}.{file.removesuffix('.py')}:main" for program, file in FILES.items()
    }
    for file in FILES.values():
        assert callable(importlib.import_module(file.removesuffix(".py")).main)


def test_what_the_client_needs_is_what_the_requirements_name(project: dict[str, Any]) -> None:
    requirements = (ROOT / "requirements.txt").read_text(encoding="utf-8").split("# The server")[0]
    assert re.findall(r"^[a-z].*$", requirements, re.MULTILINE) == project["project"]["dependencies"]


def test_the_single_file_holds_what_the_client_and_the_page_need(project: dict[str, Any]) -> None:
    needed = [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["web"]]
    names = {re.split(r"[<>=]", requirement)[0] for requirement in needed}
    assert set(PACKED) == names | {"wcwidth"}  # which prompt_toolkit needs


def test_each_command_calls_itself_by_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/chat-server"])
    assert make_parser().prog == "chat-server"
    monkeypatch.setattr(sys, "argv", ["/usr/bin/chat", "--version"])
    with pytest.raises(SystemExit):
        myclient.main()
    assert capsys.readouterr().out.startswith("chat ")


def test_the_versions_of_python_are_the_same_everywhere(project: dict[str, Any]) -> None:  # O2
    classified = [line.rpartition(" ")[2] for line in project["project"]["classifiers"] if "Python :: 3." in line]
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    (matrix,) = re.findall(r"python: (\[.*\])", workflow)
    assert json.loads(matrix) == classified
    assert project["project"]["requires-python"] == f">={classified[0]}"
    assert "- run: bash .ci/run" in workflow


def test_the_licence_is_the_one_that_is_named(project: dict[str, Any]) -> None:  # O2
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith(f"{project['project']['license']} License\n")
    assert [author["name"] for author in project["project"]["authors"]] == ["the select-chat authors"]
