"""client.view.window: the codes for a title and for notices."""

from __future__ import annotations

import pytest

from client.view import window
from client.view.attention import Notice

PSST = Notice("bob", "bob whispers to you")


@pytest.mark.parametrize(
    ("term", "output", "expected"),
    [
        ("xterm-256color", "Vt100_Output", True),
        ("", "Windows10_Output", True),
        ("", "Win32Output", False),
        ("dumb", "Vt100_Output", False),
        ("linux", "Vt100_Output", False),
        ("vt220", "Vt100_Output", False),
    ],
)
def test_a_terminal_that_would_show_the_codes_gets_none(term: str, output: str, expected: bool) -> None:  # U1, U3
    assert window.has_window({"TERM": term}, output) == expected


def test_the_title_is_given_back_at_the_end() -> None:  # U3
    assert window.title("ann", "") == "\x1b[22;2t\x1b]2;ann\x1b\\"
    assert window.title("(1) ann", "ann") == "\x1b]2;(1) ann\x1b\\"
    assert window.title("", "(1) ann") == "\x1b[23;2t"
    assert window.title("ann", "ann") == window.title("", "") == ""


@pytest.mark.parametrize(
    ("environment", "code"),
    [
        ({"TERM": "xterm-256color"}, "\x1b]9;bob whispers to you\x1b\\"),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7000"}, "\x1b]777;notify;bob;bob whispers to you\x1b\\"),
        ({"TERM": "foot"}, "\x1b]777;notify;bob;bob whispers to you\x1b\\"),
        (
            {"TERM": "tmux-256color", "TMUX": "socket,1,0"},
            "\x1bPtmux;\x1b\x1b]9;bob whispers to you\x1b\x1b\\\x1b\\",
        ),
    ],
)
def test_a_notice_is_in_one_code(environment: dict[str, str], code: str) -> None:  # U3
    assert window.notice(PSST, environment) == code
