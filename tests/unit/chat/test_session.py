"""chat/session.py: one user's states and facts."""

from __future__ import annotations

import pytest

from chat.members import Member
from chat.session import Phase, Session


def test_a_session_starts_without_a_name() -> None:
    session = Session("192.0.2.1:4711")
    assert session.phase is Phase.NAMELESS
    assert not session.named
    assert not session.closing
    assert session.listened_to


@pytest.mark.parametrize(
    ("phase", "named", "closing"),
    [
        (Phase.NEW, False, False),
        (Phase.NAMELESS, False, False),
        (Phase.CHATTING, True, False),
        (Phase.CLOSING, False, True),
    ],
)
def test_its_phase_says_whether_it_is_named_or_closing(phase: Phase, named: bool, closing: bool) -> None:
    session = Session("192.0.2.1:4711")
    session.phase = phase
    assert (session.named, session.closing) == (named, closing)


@pytest.mark.parametrize("reason", ["waiting", "held"])
def test_who_waits_or_is_on_hold_is_not_listened_to(reason: str) -> None:
    session = Session("192.0.2.1:4711")
    setattr(session, reason, True)
    assert not session.listened_to


def test_a_name_is_compared_in_one_case_and_shown_as_it_is() -> None:
    session = Session("192.0.2.1:4711")
    session.member = Member(1, "Ann", "seat1")
    assert session.key == "ann"
    assert session.name == "Ann"


def test_the_log_calls_a_session_by_its_address_and_by_its_name_once_it_has_one() -> None:  # D12
    session = Session("192.0.2.1:4711")
    assert session.label == "192.0.2.1:4711"
    session.member = Member(1, "ann", "seat1")
    assert session.label == "ann (192.0.2.1:4711)"


@pytest.mark.parametrize(
    ("address", "host"),
    [("192.0.2.1:4711", "192.0.2.1"), ("[2001:db8::1]:4711", "2001:db8::1")],
)
def test_the_host_is_the_address_without_its_port(address: str, host: str) -> None:
    assert Session(address).host == host


def test_two_sessions_are_two_though_all_is_equal() -> None:
    assert Session("192.0.2.1:1") != Session("192.0.2.1:1")
