"""client.view.hints: what may still follow, shown while a command is typed."""

from __future__ import annotations

import pytest

from client.view.hints import hint


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("hello", ""),
        ("/", ""),
        ("/x", ""),
        ("//whi", ""),
        ("/whi", "sper USER MESSAGE"),
        ("/WHI", "sper USER MESSAGE"),
        ("/whisper", " USER MESSAGE"),
        ("/whisper ", "USER MESSAGE"),
        ("/whisper bob", " MESSAGE"),
        ("/whisper bob ", "MESSAGE"),
        ("/whisper bob h", ""),
        ("/w", " USER MESSAGE"),
        ("/help ", "[COMMAND]"),
        ("/users", ""),
        ("/users ", ""),
        ("/re", ""),  # reply or register
        ("/whi bob", ""),  # no command
    ],
)
def test_the_hint(text: str, shown: str) -> None:
    assert hint(text) == shown
