"""client.core.session: when a server that says nothing is taken for gone."""

from __future__ import annotations

import pytest

from client.core.session import ClientSession
from protocol.events import Asked, Event, Welcomed


@pytest.mark.parametrize(
    ("events", "line", "returns", "seconds", "dead"),
    [
        ([], "", False, 9.0, False),
        ([], "", False, 11.0, True),  # another server may let us in
        ([Asked("name", "Who?")], "", False, 1000.0, False),  # nothing was asked of it
        ([Welcomed("ann", "epoch", 1, 1)], "", False, 1000.0, False),
        ([Welcomed("ann", "epoch", 1, 1)], "hello", False, 19.0, False),
        ([Welcomed("ann", "epoch", 1, 1)], "hello", False, 21.0, True),
        ([Welcomed("ann", "epoch", 1, 1)], "", True, 9.0, False),
        ([Welcomed("ann", "epoch", 1, 1)], "", True, 11.0, True),
        ([Welcomed("ann", "epoch", 1, 1), Asked("password", "x")], "", True, 11.0, False),
    ],
)
def test_it_depends_on_what_it_owes_us(
    events: list[Event], line: str, returns: bool, seconds: float, dead: bool
) -> None:
    session = ClientSession("secret")
    for event in events[:1]:
        session.receive(event, 100.0)
    if line:
        session.typed(line, 100.0)
    if returns:
        session.lost()
        session.again()
    for event in events[1:]:
        session.receive(event, 100.0)
    assert session.is_overdue(100.0, 100.0 + seconds, 20.0, 10.0) is dead
