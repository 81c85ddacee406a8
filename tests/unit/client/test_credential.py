"""client.core.credential: which password goes to whom, and when. T4."""

from __future__ import annotations

from client.core.credential import Credential


def test_what_was_given_beforehand_is_offered_once() -> None:
    ours = Credential()
    ours.given("hunter22", "192.0.2.1, port 8001", beforehand=True)
    assert [ours.offer(), ours.offer()] == ["hunter22", ""]
    ours.reconnected()
    assert ours.offer() == "hunter22"


def test_what_was_typed_is_for_the_next_connection() -> None:
    ours = Credential()
    ours.given("hunter22", "192.0.2.1, port 8001")
    assert ours.offer() == ""
    ours.reconnected()
    assert ours.offer() == "hunter22"


def test_it_is_for_one_address() -> None:
    ours = Credential()
    ours.given("hunter22", "192.0.2.1, port 8001")
    assert ours.may_go_to("192.0.2.1, port 8001")
    assert not ours.may_go_to("192.0.2.1, port 8002")
    assert not ours.may_go_to("192.0.2.2, port 8001")


def test_a_wrong_one_is_forgotten_and_a_withheld_one_waits_for_another_connection() -> None:
    ours = Credential()
    ours.given("hunter22", "a", beforehand=True)
    ours.withheld()
    assert ours.offer() == ""
    ours.reconnected()
    ours.wrong()
    assert ours.offer() == ""
