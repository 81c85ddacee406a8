"""client.core.credential: which password goes to whom, and when. T4."""

from __future__ import annotations

import pytest

from client.core.credential import Credential, Server

HERE = Server("192.0.2.1, port 8001")


def test_what_was_given_beforehand_is_offered_once() -> None:
    ours = Credential("secret")
    ours.server = HERE
    ours.given("hunter22", beforehand=True)
    assert [ours.offer(), ours.offer()] == ["hunter22", ""]
    ours.reconnected()
    assert ours.offer() == "hunter22"


def test_what_was_typed_is_for_the_next_connection() -> None:
    ours = Credential("secret")
    ours.server = HERE
    ours.given("hunter22")
    assert ours.offer() == ""
    ours.reconnected()
    assert ours.offer() == "hunter22"


@pytest.mark.parametrize("given_for", [HERE, Server(HERE.address, "key")])
@pytest.mark.parametrize(
    ("server", "why"),
    [
        (HERE, ""),
        (Server(HERE.address, "key"), "has another key now"),
        (Server(HERE.address, "other"), "has another key now"),
        (Server("192.0.2.1, port 8002", "key"), "answers from 192.0.2.1, port 8002 now, not from 192.0.2.1, port 8001"),
        (Server("192.0.2.2, port 8001"), "answers from 192.0.2.2, port 8001 now"),
    ],
)
def test_it_is_for_one_address_and_one_key(given_for: Server, server: Server, why: str) -> None:
    ours = Credential("secret")
    ours.server = given_for
    ours.given("hunter22")
    ours.server = server
    assert bool(ours.mismatch) is (server != given_for)
    assert server == given_for or (why or "has another key now") in ours.mismatch


def test_a_wrong_one_is_forgotten_and_a_withheld_one_waits_for_another_connection() -> None:
    ours = Credential("secret")
    ours.server = HERE
    ours.given("hunter22", beforehand=True)
    ours.withheld()
    assert ours.offer() == ""
    ours.reconnected()
    ours.wrong()
    assert ours.offer() == ""


def test_what_was_given_beforehand_is_for_the_first_server_that_asks() -> None:  # N3
    ours = Credential("secret")
    ours.given("hunter22", beforehand=True)
    ours.server = HERE
    ours.elsewhere()
    assert (ours.mismatch, ours.offer()) == ("", "hunter22")


def test_what_was_typed_is_not_given_to_another_server() -> None:  # T4
    ours = Credential("secret")
    ours.given("hunter22")
    ours.server = HERE
    ours.elsewhere()
    assert ours.mismatch != ""
