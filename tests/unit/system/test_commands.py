"""system/commands.py: what people type to run the programs depends on how this one was run."""

from __future__ import annotations

import sys

import pytest

from system.commands import FILES, SCRIPTS, command, prog
from tests.support.rows import for_each


def test_each_program_is_called_as_this_one_was(monkeypatch: pytest.MonkeyPatch) -> None:  # O1
    @for_each(
        [
            ("server.py", ["python server.py", "python myclient.py", "python kvstore.py"]),
            ("/usr/bin/chat", ["chat-server", "chat", "chat-store"]),
            ("/usr/bin/chat-server", ["chat-server", "chat", "chat-store"]),
            ("chat-store.exe", ["chat-server", "chat", "chat-store"]),
            (
                "/lib/select_chat/__main__.py",
                ["python -m select_chat server", "python -m select_chat client", "python -m select_chat store"],
            ),
            (
                "dist/select-chat.pyz",
                ["python select-chat.pyz server", "python select-chat.pyz client", "python select-chat.pyz store"],
            ),
            ("/lib/pytest/__main__.py", ["python server.py", "python myclient.py", "python kvstore.py"]),
        ]
    )
    def check(started: str, commands: list[str]) -> None:
        monkeypatch.setattr(sys, "argv", [started])
        assert [command(program) for program in FILES] == commands
        assert [prog(program) for program in FILES] == [shown.removeprefix("python ") for shown in commands]

    check()
    assert FILES.keys() == SCRIPTS.keys()
