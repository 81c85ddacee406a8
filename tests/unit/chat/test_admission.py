"""chat/admission.py: 16 connections and 32 new ones in ten minutes for each address, 64 and 128 for each site."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from chat import limits
from chat.admission import PAGES, Admission

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


def test_the_parts_of_a_page_count_an_eighth() -> None:  # W8
    door = Admission()
    for number in range(PAGES * 32):
        assert door.admit(HOST, float(number))
        door.leave(HOST, float(number), was_page=True)
    assert not door.admit(HOST, 300.0)
    assert door.admit(HOST, 600.0)


def test_a_page_takes_no_place_of_those_who_come_to_talk() -> None:
    door = Admission()
    for _ in range(31):
        assert door.admit(HOST, 0.0)
        door.leave(HOST)
    assert door.admit(HOST, 0.0)
    door.leave(HOST, 0.0, was_page=True)
    assert admitted(door, 2) == 1


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


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.9"])
def test_loopback_is_not_counted(host: str) -> None:
    door = Admission()
    assert admitted(door, 1000, host) == 1000
    door.leave(host)


def test_trusted_networks_are_not_counted() -> None:
    door = Admission((ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")))
    assert admitted(door, 100) == 100
    assert admitted(door, 100, "2001:db8::1") == 100
    assert admitted(door, 100, "198.51.100.1") == 16


def test_an_ipv6_site_has_64_connections_and_128_new_ones_however_many_networks_it_has() -> None:  # issue 10, 21
    door = Admission()
    hosts = [f"2001:db8:0:{number:x}::1" for number in range(200)]
    assert sum(door.admit(host, 0.0) for host in hosts) == 64
    assert door.admit("2001:db8:1::1", 0.0)
    for host in hosts[:64]:
        door.leave(host)
    assert sum(door.admit(host, 1.0) for host in hosts[64:200]) == 64
    for host in hosts[64:128]:
        door.leave(host)
    assert not door.admit(hosts[0], 599.0)
    assert door.admit(hosts[0], 600.0)


def test_hosts_of_a_link_count_each_for_itself() -> None:  # issue 10, 21
    door = Admission()
    assert sum(door.admit(f"fe80::{number:x}%eth0", 0.0) for number in range(1, 201)) == 200
    assert admitted(door, 20, "fe80::1%eth1") == 16


def test_an_ipv4_address_is_the_same_one_in_an_ipv6_address() -> None:
    door = Admission()
    assert [admitted(door, 8, host) for host in (HOST, f"::ffff:{HOST}", "2002:c000:201::1")] == [8, 8, 0]


def test_who_is_let_out_and_long_ago_is_forgotten_and_who_is_in_is_not() -> None:
    door = Admission()
    assert door.admit("192.0.2.200", 0.0)
    for number in range(100):
        host = f"192.0.2.{number}"
        assert door.admit(host, 1000.0 * number)
        door.leave(host)
    assert len(door._recent) == 1
    assert len(door._connected) == 1
    assert admitted(door, limits.CONNECTIONS_PER_ADDRESS, "192.0.2.200", now=10**6) == 15
