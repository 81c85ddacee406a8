"""chat/admission.py: 16 connections and 32 new ones in ten minutes for each address."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from chat import admission, limits
from chat.admission import Admission

HOST = "192.0.2.1"


def admitted(door: Admission, count: int, host: str = HOST, now: float = 0.0) -> int:
    return sum(door.admit(host, now) for _ in range(count))


def test_an_address_has_16_connections_at_a_time() -> None:
    door = Admission()
    assert admitted(door, 20) == 16
    door.leave(HOST)
    assert admitted(door, 2) == 1


def test_an_address_has_32_new_connections_in_ten_minutes() -> None:
    door = Admission()
    for number in range(32):
        assert door.admit(HOST, float(number))
        door.leave(HOST)
    assert not door.admit(HOST, 599.9)
    assert door.admit(HOST, 600.0)
    assert not door.admit(HOST, 600.5)


def test_who_is_turned_away_counts_for_nothing() -> None:
    door = Admission()
    admitted(door, 100)
    for _ in range(16):
        door.leave(HOST)
    assert admitted(door, 100, now=1.0) == 16


def test_addresses_do_not_count_for_each_other() -> None:
    door = Admission()
    admitted(door, 16)
    assert admitted(door, 1, "192.0.2.2") == 1


def test_an_ipv6_network_of_64_bits_is_one_address() -> None:
    door = Admission()
    assert admitted(door, 10, "2001:db8::1") == 10
    assert admitted(door, 10, "2001:db8::ffff:2%eth0") == 6
    assert admitted(door, 1, "2001:db8:0:1::1") == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1"])
def test_loopback_is_not_counted(host: str) -> None:
    door = Admission()
    assert admitted(door, 1000, host) == 1000
    door.leave(host)


def test_trusted_networks_are_not_counted() -> None:
    door = Admission((ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")))
    assert admitted(door, 100) == 100
    assert admitted(door, 100, "2001:db8::1") == 100
    assert admitted(door, 100, "198.51.100.1") == 16


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "_SWEEP_SIZE", 8)
    door = Admission()
    assert door.admit("192.0.2.200", 0.0)
    for number in range(100):
        host = f"192.0.2.{number}"
        assert door.admit(host, 1000.0 * number)
        door.leave(host)
    assert len(door._visits) <= 9
    assert admitted(door, limits.CONNECTIONS_PER_ADDRESS, "192.0.2.200", now=10**6) == 15
