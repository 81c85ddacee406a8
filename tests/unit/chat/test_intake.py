"""chat/delivery/intake.py: from chunks to effects."""

from __future__ import annotations

import pytest

from chat import limits
from chat.delivery import intake
from chat.delivery.connection import Connection
from chat.delivery.detection import Doors, Security
from chat.delivery.site import Site
from chat.effects import Close, CodecReply, LogLine, Unicast
from chat.handlers.names import GREETING
from chat.session import Phase
from protocol.errors import ErrorCode
from protocol.events import Asked
from protocol.framing import FrameCodec
from protocol.http import HttpError, Request
from protocol.objects import dump
from protocol.requests import Hello
from protocol.telnet import IS_TELNET
from tests.support.party import Party


def test_a_peer_that_shows_frames_has_to_say_hello_soon() -> None:
    party = Party()
    party.connects("ann")
    session = party.guests["ann"].session
    party.sends("ann", FrameCodec.encode(dump(Hello(1, "a secret")))[:1])
    assert session.phase is Phase.NEW
    assert session.liveness.deadline == party.now + limits.FRAMED_REGISTRATION


@pytest.mark.parametrize("begins", [b"\xff\xfb\x1f", b"\xff\xf1", b"\xff\xfa\x1f\0\x50\0\x18\xff\xf0"])
def test_a_telnet_that_begins_with_its_commands_is_greeted_at_once_and_once(begins: bytes) -> None:  # A2
    party = Party()
    party.connects("ann")
    party.sends("ann", begins)
    assert party.hears("ann").count(GREETING.encode()) == 1
    party.sends("ann", begins)
    party.sends("ann", b"ann\r\n")
    assert GREETING not in party.hears("ann").decode(errors="ignore")


def test_what_is_typed_at_once_is_no_reason_to_greet() -> None:
    for number, start in enumerate((b"\xff\xf1ann", b"\xff\xf1ann\r\n", b"\xff\xf1\r\n")):
        party = Party()
        party.connects("ann")
        party.sends("ann", start)
        assert GREETING.encode() not in party.hears("ann"), number


def test_who_may_be_a_browser_is_asked_what_only_a_telnet_answers_but_not_before_tls() -> None:  # W1, T2
    party = Party()
    party.connects("ann")
    session, site = party.guests["ann"].session, Site({})
    connection = Connection(session, Doors(site=site))
    assert Unicast(session, Asked("name", GREETING)) in intake.greet(party.hub, connection)
    with pytest.raises(HttpError):
        site.respond(Request("GET", "/", {}), session.host)
    assert intake.greet(party.hub, connection) == [CodecReply(session, IS_TELNET)]
    party.hub.await_tls(session)
    assert intake.greet(party.hub, connection) == []


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
