"""client/orders.py: what is typed in a chat through a store."""

from __future__ import annotations

import pytest

from client.orders import Order, ShowStatus, explained, parse
from protocol.errors import Fault, ProtocolError
from protocol.messages import Disconnect, Help, ListUsers, Say


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
def test_a_line_is_what_it_asks_for(line: str, order: Order | None) -> None:
    assert parse(line) == order


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("/nick carl", Fault.UNKNOWN_COMMAND),
        ("/", Fault.UNKNOWN_COMMAND),
        ("/all", Fault.USAGE),
        ("/users x", Fault.USAGE),
    ],
)
def test_what_makes_no_sense_here_is_refused(line: str, fault: Fault) -> None:
    with pytest.raises(ProtocolError) as refused:
        parse(line)
    assert refused.value.fault is fault


def test_help_tells_of_all_or_of_one() -> None:
    assert [command.name for command in explained(None).commands] == ["all", "users", "help", "disconnect", "status"]
    assert [command.name for command in explained("/Quit").commands] == ["disconnect"]
    assert [command.name for command in explained("status").commands] == ["status"]
    with pytest.raises(ProtocolError, match="/help lists the commands"):
        explained("nick")
