"""client.core.credential: which password goes to whom, and when. T4."""

from __future__ import annotations

from client.core.credential import Credential


def test_what_was_given_beforehand_is_offered_once() -> None:
    ours = Credential("secret")
    ours.server = "192.0.2.1, port 8001"
    ours.given("hunter22", beforehand=True)
    assert [ours.offer(), ours.offer()] == ["hunter22", ""]
    ours.reconnected()
    assert ours.offer() == "hunter22"


def test_what_was_typed_is_for_the_next_connection() -> None:
    ours = Credential("secret")
    ours.server = "192.0.2.1, port 8001"
    ours.given("hunter22")
    assert ours.offer() == ""
    ours.reconnected()
    assert ours.offer() == "hunter22"


def test_it_is_for_one_address() -> None:
    ours = Credential("secret")
    ours.server = "192.0.2.1, port 8001"
    ours.given("hunter22")
    addresses = ("192.0.2.1, port 8001", "192.0.2.1, port 8002", "192.0.2.2, port 8001")
    for ours.server in addresses:
        assert ours.fits_server is (ours.server == addresses[0])


def test_a_wrong_one_is_forgotten_and_a_withheld_one_waits_for_another_connection() -> None:
    ours = Credential("secret")
    ours.server = "192.0.2.1, port 8001"
    ours.given("hunter22", beforehand=True)
    ours.withheld()
    assert ours.offer() == ""
    ours.reconnected()
    ours.wrong()
    assert ours.offer() == ""
