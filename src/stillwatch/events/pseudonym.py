"""Keyed pseudonyms: addresses that keep their prefixes, accounts and conversations that keep their identity.

Addresses use the Crypto-PAn construction: bit *i* of the result is bit *i* of the address, flipped or not by a
pseudorandom function of the *i* bits before it. Two addresses that share exactly *n* leading bits share exactly
*n* leading bits afterwards, so networks stay networks, and without the key the true ones are not to be had from
one pseudonym alone. The published code takes AES as the function; the proof needs any pseudorandom function, and
we take keyed BLAKE2b, which the standard library has: one digest yields the 255 flips of the subtree below one
byte, so an IPv4 address costs 4 digests and an IPv6 address 16. Results differ from those of AES programs.

What it does not hide: whoever knows some true pairs learns the prefixes they share with others (Brekne et al.,
2005), and traffic patterns stay. Network lookups (origin AS, country) must be made before.

Source: Xu, Fan, Ammar, Moon, "Prefix-Preserving IP Address Anonymization", ICNP 2002; BLAKE2 is RFC 7693.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

MINIMUM_KEY_BYTES = 16
_SUBTREE_BYTES = 32
_CACHED = 65_536

# Networks that do not tell a client apart: private, loopback, link-local, carrier-grade NAT.
_INNER = tuple(
    ip_network(net)
    for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10")
) + tuple(ip_network(net) for net in ("::1/128", "fc00::/7", "fe80::/10"))


class Pseudonymiser:
    """Replaces addresses and identifiers, the same way for the same key."""

    def __init__(self, key: bytes) -> None:
        """Derive the keys of the parts from ``key`` (16 bytes at least).

        Raises:
            ValueError: The key is too short.
        """
        if len(key) < MINIMUM_KEY_BYTES:
            raise ValueError(f"expected a key of at least {MINIMUM_KEY_BYTES} bytes, found {len(key)}")
        self._address_key = derive_key(key, "address")
        self._identity_key = derive_key(key, "identity")
        self._subtree = lru_cache(maxsize=_CACHED)(self._digest)
        self._hidden = lru_cache(maxsize=_CACHED)(self._hide)

    def address(self, text: str) -> str:
        """The pseudonym of an IPv4 or IPv6 address, of the same family, prefixes preserved.

        Raises:
            ValueError: ``text`` is no address.
        """
        return self._hidden(parse_address(text))

    def account(self, account_id: str) -> str:
        """The pseudonym of an account."""
        return "acct_" + self._identity(b"account", account_id)

    def conversation(self, conversation_id: str) -> str:
        """The pseudonym of a conversation or session."""
        return "conv_" + self._identity(b"conversation", conversation_id)

    def token(self, purpose: str, value: str) -> str:
        """The pseudonym of any other identifier; equal values of two purposes (16 letters at most) do not show as equal."""
        return self._identity(purpose.encode(), value)

    def _hide(self, address: IPv4Address | IPv6Address) -> str:
        true = address.packed
        family = b"4" if len(true) == 4 else b"6"
        hidden = bytearray()
        for at, byte in enumerate(true):
            flips = self._subtree(family + true[:at])
            hidden.append(byte ^ _path_mask(flips, byte))
        return str(IPv4Address(bytes(hidden)) if len(hidden) == 4 else IPv6Address(bytes(hidden)))

    def _identity(self, purpose: bytes, value: str) -> str:
        text = value.encode("utf-8", "replace")
        return blake2b(text, key=self._identity_key, digest_size=12, person=purpose).hexdigest()

    def _digest(self, prefix: bytes) -> int:
        """The flips of all nodes of the subtree below a whole-byte prefix, one bit a node."""
        digest = blake2b(prefix, key=self._address_key, digest_size=_SUBTREE_BYTES, person=b"crypto-pan").digest()
        return int.from_bytes(digest, "big")


def derive_key(key: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose, so that one key file serves several without any telling of another."""
    return blake2b(purpose.encode(), key=blake2b(key, digest_size=32).digest(), digest_size=32).digest()


@lru_cache(maxsize=_CACHED)
def parse_address(text: str) -> IPv4Address | IPv6Address:
    """An address as logs write it: with port, brackets or zone, IPv4 inside IPv6, or a forwarding list.

    Of a list (``X-Forwarded-For``) the last address outside private networks counts: entries to its left can be
    made up by the client.

    Raises:
        ValueError: There is no address in it.
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) == 1:
        return _one_address(parts[0])
    addresses = [_one_address(part) for part in parts if part]
    if not addresses:
        raise ValueError("no address")
    outer = [address for address in addresses if not any(address in net for net in _INNER)]
    return (outer or addresses)[-1]


def _one_address(text: str) -> IPv4Address | IPv6Address:
    host = text.strip().strip('"')
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    host = host.partition("%")[0]
    if len(host) > 45:  # the longest written form of an IPv6 address
        raise ValueError("no address")
    address = ip_address(host)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _path_mask(flips: int, byte: int) -> int:
    """The flips met on the way down the subtree to ``byte``: node (depth, bits so far) is bit 2^depth - 1 + bits."""
    mask = 0
    for depth in range(8):
        node = (1 << depth) - 1 + (byte >> (8 - depth))
        mask |= ((flips >> node) & 1) << (7 - depth)
    return mask
