"""chat/room.py: who is here, and under which name."""

from __future__ import annotations

from chat.log import Log
from chat.room import Room
from chat.session import Session


def member(name: str) -> Session:
    session = Session("192.0.2.1:1")
    session.name = name
    return session


def room_of(*names: str) -> Room:
    room = Room(Log())
    for name in names:
        room.enter(member(name))
    return room


def test_it_starts_empty_and_no_name_is_in_use() -> None:  # A1
    room = Room(Log())
    assert len(room) == 0
    assert room.names() == ()
    assert room.find("ann") is None


def test_members_stand_in_the_order_in_which_they_came() -> None:
    room = room_of("carl", "Ann", "bob")
    assert room.names() == ("carl", "Ann", "bob")
    assert [session.name for session in room] == ["carl", "Ann", "bob"]


def test_a_name_is_found_in_any_case_and_leads_to_its_session() -> None:  # D12
    room, ann = Room(Log()), member("Ann")
    room.enter(ann)
    assert room.find("ann") is ann
    assert room.find("ANN") is ann


def test_the_name_of_who_left_is_free_at_once() -> None:  # A8, A23, E14
    room = room_of("ann", "bob")
    ann = room.find("ann")
    assert ann is not None
    room.leave(ann)
    assert room.find("ann") is None
    assert len(room) == 1
    newcomer = member("ANN")
    room.enter(newcomer)
    assert room.find("ann") is newcomer
