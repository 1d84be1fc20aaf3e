"""Addresses in one spelling, and the part of an address that names a subscriber.

Why here: the same reading of an address must hold in the log in memory and on every engine.
Source: RFC 4291 (IPv4-mapped addresses), RFC 6177 (a site gets at least a /64).
"""

from __future__ import annotations

import ipaddress
import socket

_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
PLAIN_IPV4 = rf"^{_OCTET}(\.{_OCTET}){{3}}$"
"""Pattern of an IPv4 address in its one spelling, which needs no further reading."""
_LOW_HALF = bytes(8)
_MAPPED = bytes(10) + b"\xff\xff"


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


def subscriber(text: str) -> str | None:
    """:func:`address_block` of :func:`spelled`, ``None`` where the text is no address; ten times as fast."""
    try:
        raw = socket.inet_pton(socket.AF_INET6, text)
    except (OSError, ValueError):  # IPv4, odd spelling, or nothing; ValueError: a null character
        found = spelled(text)
        return None if found is None else address_block(found)
    if raw.startswith(_MAPPED):
        return socket.inet_ntop(socket.AF_INET, raw[12:])
    return socket.inet_ntop(socket.AF_INET6, raw[:8] + _LOW_HALF) + "/64"
