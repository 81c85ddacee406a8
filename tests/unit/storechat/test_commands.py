"""storechat/core/commands.py: what is typed in a chat through a store."""

from __future__ import annotations

import pytest

from protocol.errors import ErrorCode, ProtocolError
from protocol.requests import Disconnect, Help, ListUsers, Say
from storechat.core.commands import ShowStatus, StoreCommand, explained, parse


@pytest.mark.parametrize(
    ("line", "order"),
    [
        ("hello you", Say("hello you")),
        ("\x1b[2J hello\t you\n", Say("[2J hello  you")),
        ("/all hello  you", Say("hello  you")),
        ("  /status", Say("/status")),
        ("/status", ShowStatus()),
        ("/STATUS now", ShowStatus()),
        ("/who", ListUsers()),
        ("/help", Help()),
        ("/cmd status", Help("status")),
        ("/quit", Disconnect()),
        ("/disconnect", Disconnect()),
        (" \x00\n", None),
    ],
)
def test_a_line_is_what_it_asks_for(line: str, order: StoreCommand | None) -> None:
    assert parse(line) == order


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("/nick carl", ErrorCode.UNKNOWN_COMMAND),
        ("/", ErrorCode.UNKNOWN_COMMAND),
        ("/all", ErrorCode.USAGE),
        ("/users x", ErrorCode.USAGE),
    ],
)
def test_what_makes_no_sense_here_is_refused(line: str, fault: ErrorCode) -> None:
    with pytest.raises(ProtocolError) as refused:
        parse(line)
    assert refused.value.fault is fault


def test_help_tells_of_all_or_of_one() -> None:
    assert [command.name for command in explained(None).commands] == ["all", "users", "help", "disconnect", "status"]
    assert [command.name for command in explained("/Quit").commands] == ["disconnect"]
    assert [command.name for command in explained("status").commands] == ["status"]
    with pytest.raises(ProtocolError, match="/help lists the commands"):
        explained("nick")
