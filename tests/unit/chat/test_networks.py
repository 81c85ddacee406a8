"""chat/networks.py: what counts as one address (issue 10, 21 and 22)."""

from __future__ import annotations

from ipaddress import ip_network

from chat.networks import LOOPBACK, is_loopback, network_of, site_of, unmapped
from tests.support.rows import for_each


@for_each(
    [
        ("192.0.2.1", "192.0.2.1", None),
        ("2001:db8:0:5::1", "2001:db8:0:5::/64", "2001:db8::/48"),
        ("2001:db8:0:6::1", "2001:db8:0:6::/64", "2001:db8::/48"),
        ("fd00::1:2", "fd00::/64", "fd00::/48"),
        ("fe80::1%eth0", "fe80::1%eth0", None),
        ("fe80::1%eth1", "fe80::1%eth1", None),
        ("127.0.0.1", LOOPBACK, None),
        ("127.0.0.8", LOOPBACK, None),
        ("::1", LOOPBACK, None),
        ("::ffff:127.3.4.5", LOOPBACK, None),
        ("::ffff:192.0.2.1", "192.0.2.1", None),  # mapped
        ("2002:c000:201:7::1", "192.0.2.1", None),  # 6to4
        ("64:ff9b::c000:201", "192.0.2.1", None),  # translated
        ("2002:7f00:1::1", "127.0.0.1", None),  # claims loopback, and comes from elsewhere
    ]
)
def test_what_a_host_counts_as(host: str, network: str, site: str | None) -> None:
    assert (network_of(host), site_of(host)) == (network, site)
    assert is_loopback(host) == (network == LOOPBACK)


@for_each(
    [
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::ffff:0:0/95", "::fffe:0:0/95"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("192.0.2.0/24", "192.0.2.0/24"),
    ]
)
def test_a_mapped_network_is_the_ipv4_one(text: str, network: str) -> None:
    assert str(unmapped(ip_network(text, strict=False))) == network
