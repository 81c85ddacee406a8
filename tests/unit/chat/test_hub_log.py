"""chat/hub.py: what the server's own log says of what was done, and what it never says (C1, C13, D15)."""

from __future__ import annotations

import pytest

from chat.effects import TaskResult
from protocol.dialects import VERBS
from protocol.errors import ErrorCode
from protocol.framing import FrameCodec
from protocol.requests import Hello, Line, Name, Pong
from tests.support.party import Party
from tests.support.rows import for_each

BUSY = ErrorCode.BUSY.phrase


def new_party() -> Party:
    """Return a party at which ann and bob are in the room, with nothing in the log."""
    made = Party()
    made.joins("ann", "bob")
    made.log.clear()
    return made


party = pytest.fixture(new_party, name="party")


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


@for_each(
    [
        ("/users", "/users: done"),
        ("/ALLUSERS", "/allusers: done"),
        ("/help whisper", "/help: done"),
        ("/setname carl", "/setname: done, was ann"),
        ("/nick bob", "/nick: refused, 203 name-taken: bob is in use. Choose another name."),
        ("/w bob sesame", "/w: done"),
        ("/private eve sesame", "/private: refused, 401 not-connected: eve is not connected. /users shows who is."),
        ("/w bob", "/w: refused, 302 usage: MESSAGE is missing. Usage: /w USER MESSAGE"),
        ("/sesame12", "a command: refused, 301 unknown-command"),
        ("/unregister", "/unregister: refused, 212 not-registered: ann is not registered by you."),
        ("/quit now", "/quit: done"),
        ("/register", "/register: asked for a password"),
        ("/r sesame", "/r: refused, 303 client-only"),
        ("\x04", "Ctrl-D: done"),
    ],
    anew=new_party,
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
    party.answers(TaskResult.NO)
    party.answers(TaskResult.NO)
    party.frames("fay", Name("fay", "sesame12"))
    party.answers(TaskResult.YES)
    party.says("ann", "/register sesame12")
    party.answers(TaskResult.YES)
    party.says("bob", "/register", "sesame12", "sesame12")
    party.answers(TaskResult.FAILED)
    assert len(party.log) >= 8
    assert "sesame" not in "".join(party.log)


def test_what_came_of_a_password_is_logged(party: Party) -> None:  # D15
    party.says("ann", "/register sesame12")
    party.answers(TaskResult.BUSY)
    assert party.log[-1] == f"ann (192.0.2.1:1): /register: refused, 505 busy: {BUSY}"
    party.says("ann", "/register sesame12")
    party.answers(TaskResult.YES)
    assert party.log[-1] == "ann (192.0.2.1:1): /register: done"
    party.says("ann", "/passwd", "sesame12")
    assert party.log[-2:] == [
        "ann (192.0.2.1:1): /passwd: asked for a password",
        "ann (192.0.2.1:1): a password: asked for a password",
    ]
    assert "StorePassword" not in "".join(party.log)


@for_each(
    [
        ("bob", "a name: refused, 203 name-taken: bob is in use. Choose another name."),
        ("my sesame", "a name: refused, 201 name-bad"),
        ("/setname bob", "/setname: refused, 203 name-taken: bob is in use. Choose another name."),
        ("/who", "/who: refused, 204 not-named: That needs a name, and you have none yet."),
        ("join bob", "JOIN: refused, 203 name-taken: bob is in use. Choose another name."),
        ("JOIN", "JOIN: refused, 302 usage: NAME is missing. Usage: JOIN NAME [PASSWORD]"),
        ("bcst sesame", "BCST: refused, 204 not-named: That needs a name, and you have none yet."),
    ],
    anew=new_party,
)
def test_what_somebody_without_a_name_did_is_told_in_the_words_that_were_typed(
    party: Party, line: str, logged: str
) -> None:  # D15
    party.connects("eve")
    party.says("eve", line)
    assert party.log == [f"192.0.2.1:3: {logged}"]


def test_a_refused_join_is_logged_when_it_is_refused_and_not_before(party: Party) -> None:  # D15
    party.connects("eve")
    party.says("eve", "JOIN joe sesame12")
    assert party.log == []
    party.answers(TaskResult.NO)
    assert party.log == [
        "192.0.2.1:3: JOIN: refused, 207 wrong-password: "
        "That is not joe's password, or it has none: try the name alone."
    ]


def test_what_verb_users_send_that_is_nothing_is_a_message_and_not_repeated(party: Party) -> None:  # E16
    party.connects("eve")
    party.says("eve", "JOIN eve", "sesame12 please")
    assert party.log[-1] == "eve (192.0.2.1:3): a message: refused, 301 unknown-command"


def test_a_ping_is_for_debugging(party: Party) -> None:  # O4
    party.says("ann", "/ping")
    assert party.log == []
    assert party.debug_log == ["ann (192.0.2.1:1): /ping: done"]
    party.connects("eve")
    party.says("eve", "/ping")
    assert party.log == ["192.0.2.1:3: /ping: refused, 204 not-named: That needs a name, and you have none yet."]


def test_what_was_looked_for_in_the_archive_is_logged_when_it_is_found(party: Party) -> None:  # D15
    party.hub.use_archive(True)
    party.says("ann", "/search sesame")
    assert party.log == []
    with party.turn() as effects:
        effects.extend(party.hub.found(party.inquired.pop(), [], False))
    assert party.log == ["ann (192.0.2.1:1): /search: done"]


def test_what_a_client_sends_by_itself_is_for_debugging(party: Party) -> None:  # D15
    party.connects("fay")
    party.frames("fay", Hello(1, "a secret", "fay"), Pong(), Line("/users", 0), Line("/users", 1))
    assert party.log == ["fay (192.0.2.1:3) has joined. Active users: 3", "fay (192.0.2.1:3): /users: done"]
    assert party.debug_log == [f"fay (192.0.2.1:3): {word}: done" for word in ("hello", "pong", "/users")]


def test_what_a_client_does_for_its_user_is_logged_when_it_is_refused(party: Party) -> None:  # D15
    party.connects("fay")
    party.frames("fay", Hello(1, "a secret", "bob"))
    party.frames("fay", Name("ann"))
    party.sends("fay", FrameCodec.encode(b"sesame12"))
    assert party.log == [
        "192.0.2.1:3: hello: refused, 203 name-taken: bob is in use. Choose another name.",
        "192.0.2.1:3: a name: refused, 203 name-taken: ann is in use. Choose another name.",
        "192.0.2.1:3: a line: refused, 104 bad-message: "
        "That frame was not understood: it is not a JSON object in UTF-8.",
    ]
