"""Networks: the addresses that belong to one owner together, so that each owner counts once.

An IPv4 address counts alone. Of IPv6 the /64 does, since its owner has all addresses in it, and the /48 around that is
the site: what a provider or a tunnel gives to one customer at the most (RFC 6177). A link-local address counts alone,
with its link: all hosts of all links share one /64. Where an IPv6 address is made from an IPv4 address (mapped,
RFC 4291; 6to4, RFC 3056; translated, RFC 6052), that one counts. All of loopback is this machine.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
LOOPBACK = "loopback"
LOOPBACK_NETWORKS = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
_TRANSLATED = IPv6Network("64:ff9b::/96")


def address_of(host: str) -> IPv4Address | IPv6Address:
    """Return the address that `host` is, without its link, and IPv4 as such. Raises ValueError for anything else."""
    address = ip_address(host.partition("%")[0])
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine: 127.0.0.0/8, also within IPv6, or ::1."""
    return address_of(host).is_loopback


def is_trusted(host: str, trusted: Iterable[Network]) -> bool:
    """Whether `host` is this machine, or in one of the networks that the operator trusts."""
    address = address_of(host)
    return address.is_loopback or any(address in network for network in trusted)


def network_of(host: str) -> str:
    """Return what `host` is counted as, as text."""
    address = address_of(host)
    if address.is_loopback:
        return LOOPBACK
    if isinstance(address, IPv4Address):
        return str(address)
    if address.is_link_local:
        return host
    return str(_ipv4_within(address) or ip_network((address, 64), strict=False))


def addresses_within(host: str) -> list[IPv4Address | IPv6Address]:
    """Return the address that `host` is, and the IPv4 address that it is made from, if it is."""
    address = address_of(host)
    within = _ipv4_within(address) if isinstance(address, IPv6Address) else None
    return [address] if within is None else [address, within]


def is_within(host: str, network: Network) -> bool:
    """Return whether the address `host`, or the IPv4 address that it is made from, is in `network`."""
    return any(address in network for address in addresses_within(host) if address.version == network.version)


def unmapped(network: Network) -> Network:
    """Return the IPv4 network that is mapped into an IPv6 one, as its addresses are IPv4 here; any other as it is."""
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is None or network.prefixlen < 96:
        return network
    return ip_network((mapped, network.prefixlen - 96))


def site_of(host: str) -> str | None:
    """Return the IPv6 /48 that `host` is in, or None where there is none that could have one owner."""
    address = address_of(host)
    if isinstance(address, IPv4Address) or address.is_loopback or address.is_link_local or _ipv4_within(address):
        return None
    return str(ip_network((address, 48), strict=False))


def _ipv4_within(address: IPv6Address) -> IPv4Address | None:
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.sixtofour
