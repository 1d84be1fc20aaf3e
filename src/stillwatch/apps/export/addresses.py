"""Which addresses of a campaign may be told to others.

An address that uninvolved customers use as well would hit them wherever it is blocked, so it stays here. So do private and
special addresses, which mean nothing elsewhere, and wide networks.
"""

from __future__ import annotations

import ipaddress
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from stillwatch.campaigns.model import Campaign, Infrastructure

OWN_SHARE = 0.5
"""Least part of an address's accounts in this log that must belong to the campaign."""
_WIDEST = {4: 24, 6: 48}
_INSIDE = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "0.0.0.0/8", "fc00::/7")
)


class Shareable(msgspec.Struct, frozen=True):
    """Addresses that may be told, and how many were kept back."""

    networks: tuple[IPv4Network | IPv6Network, ...]
    kept_back: int


def network_of(value: str) -> IPv4Network | IPv6Network | None:
    """``value`` as an address or network; None where it is something else (a number of an AS, a payment token)."""
    try:
        return ipaddress.ip_network(value.strip(), strict=False)
    except ValueError:
        return None


def _special(network: IPv4Network | IPv6Network) -> bool:
    if network.is_loopback or network.is_link_local or network.is_multicast or network.is_unspecified:
        return True
    return any(network.version == inside.version and network.subnet_of(inside) for inside in _INSIDE)  # type: ignore[arg-type]


def _own(item: Infrastructure, network: IPv4Network | IPv6Network) -> bool:
    if _special(network) or network.prefixlen < _WIDEST[network.version]:
        return False
    return item.population > 0 and item.accounts >= OWN_SHARE * item.population


def shareable(campaign: Campaign) -> Shareable:
    """The addresses of ``campaign`` that are its own; one whose users in the log are not known is kept back."""
    found, kept_back = [], 0
    for item in campaign.infrastructure:
        network = network_of(item.value)
        if network is None:
            continue
        if _own(item, network):
            found.append(network)
        else:
            kept_back += 1
    unique = sorted(set(found), key=lambda each: (each.version, each.network_address.packed, each.prefixlen))
    return Shareable(tuple(unique), kept_back)


def addresses(campaign: Campaign) -> tuple[str, ...]:
    """All addresses of ``campaign``, shareable or not, for the provider's own systems; networks left out."""
    networks = (network_of(item.value) for item in campaign.infrastructure)
    single = {str(each.network_address) for each in networks if each is not None and each.num_addresses == 1}
    return tuple(sorted(single))
