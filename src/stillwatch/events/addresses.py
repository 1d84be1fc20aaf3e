"""Addresses in one spelling, and the part of an address that names a subscriber.

Why here: the same reading of an address must hold in the log in memory and on every engine.
Source: RFC 4291 (IPv4-mapped addresses), RFC 6177 (a site gets at least a /64).
"""

from __future__ import annotations

import ipaddress


def spelled(text: str) -> str | None:
    """The address in one spelling, IPv4 in IPv6 as IPv4; ``None`` where the text is no address."""
    try:
        address = ipaddress.ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def address_block(text: str) -> str:
    """The address as a link sees it: IPv4 whole, IPv6 by its /64 (one subscriber's network)."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return text
