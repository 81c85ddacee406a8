"""chat/delivery/intake.py: from chunks to effects."""

from __future__ import annotations

from chat import limits
from chat.delivery import intake
from chat.delivery.connection import Connection
from chat.delivery.detection import Doors, Security
from chat.effects import Close, LogLine
from chat.session import Phase
from protocol.errors import ErrorCode
from protocol.framing import FrameCodec
from protocol.objects import dump
from protocol.requests import Hello
from tests.support.party import Party


def test_a_peer_that_shows_frames_has_to_say_hello_soon() -> None:
    party = Party()
    party.connects("ann")
    session = party.guests["ann"].session
    party.sends("ann", FrameCodec.encode(dump(Hello(1, "a secret")))[:1])
    assert session.phase is Phase.NEW
    assert session.liveness.deadline == party.now + limits.FRAMED_REGISTRATION


def test_tls_is_closed_without_a_word_and_the_log_says_why() -> None:
    party = Party()
    party.connects("ann")
    guest = party.guests["ann"]
    with party.turn():
        log, close = intake.receive(party.hub, guest.connection, b"\x16\x03\x01\x02\x00\x01")
    assert isinstance(log, LogLine)
    assert log.text == f"{guest.session.address}: speaks TLS, which this port does not; closed"
    assert close == Close(guest.session)
    assert party.hears("ann") == b""


def test_a_peer_that_begins_tls_has_to_finish_its_handshake_soon_and_is_not_greeted() -> None:  # T6
    party = Party()
    party.connects("ann")
    session = party.guests["ann"].session
    connection = Connection(session, Doors(), Security.OPTIONAL)
    assert intake.receive(party.hub, connection, b"\x16\x03\x01") == []
    phases = [session.phase]
    assert session.liveness.deadline == party.now + limits.HANDSHAKE
    assert party.hub.greet(session) == []
    party.hub.connect(session)
    assert [*phases, session.phase] == [Phase.SECURING, Phase.NAMELESS]
    assert party.hub.greet(session) != []


def test_a_handshake_that_takes_too_long_is_ended() -> None:  # T6
    party = Party()
    party.connects("ann")
    party.hub.await_tls(party.guests["ann"].session)
    party.passes(limits.HANDSHAKE)
    party.sees("ann", f"! {ErrorCode.TLS_REQUIRED.phrase}", "Goodbye.")
    assert party.is_gone("ann")
    assert party.log[-1].endswith(": no TLS handshake was finished within 10 s")


def test_the_last_line_is_served_before_the_end() -> None:
    party = Party()
    party.joins("ann", "bob")
    party.sends("ann", b"my last word")
    party.ends("ann")
    party.sees("bob", "ann: my last word", "* ann has left (connection closed). Users here: 1")
    assert party.is_gone("ann")


def test_the_end_waits_with_what_came_before_it() -> None:
    party = Party(metered=True)
    party.joins("ann", "bob")
    party.says("ann", *["/ping"] * 10)
    party.ends("ann")
    party.sees_nothing("bob")
    for _ in range(10):
        party.passes(1)
    party.sees("bob", "* ann has left (connection closed). Users here: 1")


def test_nothing_is_taken_of_a_session_that_closes() -> None:
    party = Party()
    party.joins("ann", "bob")
    party.says("ann", "/quit", "one more word")
    assert intake.receive(party.hub, party.guests["ann"].connection, b"and another\r\n") == []
    party.sees("bob", "* ann has left (goodbye). Users here: 1")
