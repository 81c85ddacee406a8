"""system/commands.py: what people type to run the programs depends on how this one was run."""

from __future__ import annotations

import sys

import pytest

from system.commands import FILES, SCRIPTS, command, interpreter, prog
from tests.support.rows import for_each


def test_each_program_is_called_as_this_one_was(monkeypatch: pytest.MonkeyPatch) -> None:  # O1
    @for_each(
        [
            ("server.py", ["python3 server.py", "python3 myclient.py", "python3 kvstore.py"]),
            ("/usr/bin/chat", ["chat-server", "chat", "chat-store"]),
            ("/usr/bin/chat-server", ["chat-server", "chat", "chat-store"]),
            ("chat-store.exe", ["chat-server", "chat", "chat-store"]),
            (
                "/lib/select_chat/__main__.py",
                ["python3 -m select_chat server", "python3 -m select_chat client", "python3 -m select_chat store"],
            ),
            (
                "dist/select-chat.pyz",
                ["python3 select-chat.pyz server", "python3 select-chat.pyz client", "python3 select-chat.pyz store"],
            ),
            ("/lib/pytest/__main__.py", ["python3 server.py", "python3 myclient.py", "python3 kvstore.py"]),
        ]
    )
    def check(started: str, commands: list[str]) -> None:
        monkeypatch.setattr(sys, "argv", [started])
        monkeypatch.setattr(sys, "orig_argv", ["python3", started])
        assert [command(program) for program in FILES] == commands
        assert [prog(program) for program in FILES] == [shown.removeprefix("python3 ") for shown in commands]

    check()
    assert FILES.keys() == SCRIPTS.keys()


@for_each(
    [
        ("python3", "/usr", "python3"),
        ("/usr/bin/python3.13", "/usr", "python3.13"),
        ("python", "/here/.venv", "python"),  # activated
        (".venv/bin/python", "/here/.venv", ".venv/bin/python"),
    ]
)
def test_python_is_called_as_it_was_here(typed: str, prefix: str, shown: str) -> None:  # O1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "orig_argv", [typed, "server.py"])
        patch.setattr(sys, "prefix", prefix)
        patch.setattr(sys, "base_prefix", "/usr")
        assert interpreter() == shown
