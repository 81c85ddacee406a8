"""Each event has its place in every table that events are looked up in: one that is forgotten somewhere fails here."""

from __future__ import annotations

from collections.abc import Collection
from typing import get_args

import pytest

from client.core import render, roster, session
from protocol.dialects import slash, verbs
from protocol.events import Event, Missed, PasswordTaken, Pinged, Ponged, RoomEvent
from protocol.objects import FROM_SERVER
from storage import journal_rows

EVENTS, ROOM_EVENTS = set(get_args(Event)), set(get_args(RoomEvent))
FOR_PROGRAMS = {Pinged, Missed}  # a text session answers no ping and resumes nothing
FOR_TERMINALS = {PasswordTaken}  # a program knows by itself when to hide what is typed
HANDLED_BY_THE_SESSION = {Pinged, Ponged}  # client.core.session answers the one and shows the time of the other


@pytest.mark.parametrize(
    ("table", "left_out"),
    [
        pytest.param(slash.RENDERERS, FOR_PROGRAMS, id="slash"),
        pytest.param(verbs.RENDERERS, FOR_PROGRAMS, id="verbs"),
        pytest.param(verbs.OPEN_RENDERERS, FOR_PROGRAMS, id="open verbs"),
        pytest.param(FROM_SERVER.values(), FOR_TERMINALS, id="json"),
        pytest.param(
            render._RENDERERS.keys() | render._LIST_RENDERERS.keys(),
            FOR_TERMINALS | HANDLED_BY_THE_SESSION,
            id="the client's screen",
        ),
    ],
)
def test_every_event_is_in_every_table_that_has_to_know_it(table: Collection[type], left_out: set[type]) -> None:
    assert set(table) == EVENTS - left_out


@pytest.mark.parametrize(
    "table",
    [
        pytest.param(journal_rows.ROWS, id="the journal"),
        pytest.param(roster.AUTHORS, id="the client's authors"),
        pytest.param(session._NOTES.keys() & ROOM_EVENTS, id="the client's notes"),
    ],
)
def test_every_event_of_the_room_is_in_every_table_of_those(table: Collection[type]) -> None:
    assert set(table) == ROOM_EVENTS
