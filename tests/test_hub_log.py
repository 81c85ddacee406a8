"""chat/hub.py: what the server's own log says of what was done, and what it never says (C1, C13, D15)."""

from __future__ import annotations

import pytest

from chat.effects import Answer
from protocol.dialects import VERBS
from protocol.messages import Hello, Name
from tests.party import Party


@pytest.fixture
def party() -> Party:
    """Return a party at which ann and bob are in the room, with nothing in the log."""
    made = Party()
    made.joins("ann", "bob")
    made.log.clear()
    return made


def test_a_join_is_logged_with_the_number_of_users(party: Party) -> None:  # C1
    party.joins("eve")
    assert "eve (192.0.2.1:3) has joined. Active users: 3" in party.log


@pytest.mark.parametrize("line", ["/quit", "/disconnect", "\x04"])
def test_a_goodbye_is_logged_with_the_number_of_users(party: Party, line: str) -> None:  # C13
    party.says("ann", line)
    assert "ann (192.0.2.1:1) has left (goodbye). Active users: 1" in party.log


def test_an_abrupt_end_is_logged_with_the_number_of_users(party: Party) -> None:  # C13
    party.leaves("ann", "connection lost")
    assert party.log == ["ann (192.0.2.1:1) has left (connection lost). Active users: 1"]


def test_who_was_too_slow_is_logged(party: Party) -> None:
    party.connects("eve")
    party.passes(60)
    assert party.log == ["192.0.2.1:3: No name was chosen within 60 s. Closing: connect again."]


@pytest.mark.parametrize(
    ("line", "logged"),
    [
        ("/users", "/users: done"),
        ("/allusers", "/users: done"),
        ("/ping", "/ping: done"),
        ("/help whisper", "/help: done"),
        ("/nick carl", "/nick: done"),
        ("/nick bob", "/nick: refused, 203 name-taken: bob is in use. Choose another name."),
        ("/w bob sesame", "/whisper: done"),
        ("/w eve sesame", "/whisper: refused, 401 not-connected: eve is not connected. /users shows who is."),
        ("/w bob", "Malformed: refused, 302 usage: MESSAGE is missing. Usage: /w USER MESSAGE"),
        ("/wisper bob sesame", "Malformed: refused, 301 unknown-command"),
        ("/unregister", "/unregister: refused, 212 not-registered: ann is not registered by you."),
        ("/quit", "/disconnect: done"),
    ],
)
def test_each_command_is_logged_with_its_result(party: Party, line: str, logged: str) -> None:  # D15
    party.says("ann", line)
    who, _, result = party.log[-1].partition(": ")
    assert who == party.guests["ann"].session.label
    assert result.startswith(logged)
    assert "sesame" not in "".join(party.log)


@pytest.mark.parametrize("line", ["hello", "/all hello", " "])
def test_what_people_say_to_each_other_is_not_logged(party: Party, line: str) -> None:  # D15
    party.says("ann", line)
    assert party.log == []


def test_a_password_is_in_no_log(party: Party) -> None:
    party.connects("eve", dialect=VERBS)
    party.connects("fay")
    party.says("eve", "JOIN eve sesame12")
    party.frames("fay", Hello(1, "a secret", "fay", "sesame12"))
    party.answers(Answer.NO)
    party.answers(Answer.NO)
    party.frames("fay", Name("fay", "sesame12"))
    party.answers(Answer.YES)
    party.says("ann", "/register sesame12")
    party.answers(Answer.YES)
    party.says("bob", "/register", "sesame12", "sesame12")
    party.answers(Answer.FAILED)
    assert len(party.log) >= 8
    assert "sesame" not in "".join(party.log)


def test_what_came_of_a_password_is_logged(party: Party) -> None:  # D15
    party.says("ann", "/register sesame12")
    party.answers(Answer.BUSY)
    assert party.log[-1] == "ann (192.0.2.1:1): StorePassword: busy"
    party.says("ann", "/register sesame12")
    party.answers(Answer.YES)
    assert party.log[-1] == "ann (192.0.2.1:1): StorePassword: yes"
