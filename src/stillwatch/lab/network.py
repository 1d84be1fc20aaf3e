"""Addresses of the simulated world: where they lie, whose they are, how they are written.

An address is one number. Below 2^32 it is IPv4: homes, mobile carriers, offices and campuses in 240.0.0.0/4, which is
reserved and never routed (RFC 1112), cloud and VPN in the ranges of providers, or in 198.18.0.0/15 (RFC 2544) where no
list of ranges is there. Others are IPv6 in 2001:db8::/32 (RFC 3849). AS number and country follow from the address.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.lab.corpora import Corpora
from stillwatch.lab.draws import Ints, Keys, below, choose, draw, root, whole

SIX = np.int64(1) << np.int64(62)
"""Mark of an IPv6 address."""
_BLOCKS = 3_840  # /16 blocks from 240.0 to 254.255
_KINDS = ("home", "mobile", "office", "campus")
HOME, MOBILE, OFFICE, CAMPUS = range(4)
CLOUD, VPN = 4, 5
_HOSTED = 0x1000  # IPv6 blocks from here on are those of clouds and relays


class Country(NamedTuple):
    """A country: ISO code, share of the world's accounts, hours ahead of UTC, main language."""

    code: str
    weight: float
    ahead: int
    language: str


COUNTRIES = (
    Country("US", 26, -6, "en"),
    Country("IN", 10, 5, "en"),
    Country("BR", 9, -3, "pt"),
    Country("GB", 6, 0, "en"),
    Country("DE", 6, 1, "de"),
    Country("JP", 5, 9, "ja"),
    Country("FR", 5, 1, "fr"),
    Country("CA", 4, -5, "en"),
    Country("ES", 4, 1, "es"),
    Country("ID", 3, 7, "id"),
    Country("NL", 3, 1, "nl"),
    Country("IT", 3, 1, "it"),
    Country("KR", 3, 9, "ko"),
    Country("SG", 2, 8, "en"),
    Country("MX", 2, -6, "es"),
    Country("TR", 2, 3, "tr"),
    Country("PL", 2, 1, "pl"),
    Country("AU", 2, 10, "en"),
    Country("NG", 2, 1, "en"),
    Country("VN", 2, 7, "en"),
    Country("HK", 1.5, 8, "zh"),
    Country("TW", 1.5, 8, "zh"),
    Country("CN", 1, 8, "zh"),
    Country("RU", 1, 3, "ru"),
    Country("UA", 1, 2, "en"),
    Country("SE", 1, 1, "en"),
    Country("FI", 0.7, 2, "en"),
)
COUNTRY_CODES = tuple(country.code for country in COUNTRIES)
_PROVIDERS = {
    "amazon": 16509,
    "google": 15169,
    "microsoft": 8075,
    "oracle": 31898,
    "digitalocean": 14061,
    "linode": 63949,
    "vultr": 20473,
    "ovh": 16276,
    "hetzner": 24940,
}
_RELAYS = (9009, 212238, 60068, 136787, 49981, 62240)
_CLOUD_COUNTRIES = {"US": 50.0, "DE": 8.0, "FR": 6.0, "GB": 6.0, "SG": 8.0, "JP": 6.0, "NL": 6.0, "FI": 4.0, "HK": 3.0}


@dataclass(frozen=True)
class Network:
    """Tables that turn random bits into addresses, and addresses into what the log says of them.

    Attributes:
        blocks: Numbers of the /16 blocks, ordered by country and kind.
        starts: Where the blocks of country x kind begin in ``blocks``; one more entry than pairs.
        block_asn, block_country: By number of the block.
        first, last, asn, country: Ranges of clouds and relays, ordered by first address.
        cloud, vpn: Which of those ranges are of either kind.
    """

    blocks: Ints = field(repr=False)
    starts: Ints = field(repr=False)
    block_asn: Ints = field(repr=False)
    block_country: Ints = field(repr=False)
    first: Ints = field(repr=False)
    size: Ints = field(repr=False)
    asn: Ints = field(repr=False)
    country: Ints = field(repr=False)
    cloud: Ints = field(repr=False)
    vpn: Ints = field(repr=False)

    def access(self, bits: Keys, country: Ints, kind: Ints, host: Keys) -> Ints:
        """IPv4 addresses of an access network: ``bits`` choose the block, ``host`` the address within it."""
        pair = country * len(_KINDS) + kind
        room = self.starts[pair + 1] - self.starts[pair]
        block = self.blocks[self.starts[pair] + below(bits, room)]
        return whole((np.int64(240) << 24) + (block << 16) + below(host, 1 << 16))

    def hosted(self, bits: Keys, kind: Ints, host: Keys) -> Ints:
        """IPv4 addresses of clouds (``kind`` CLOUD) and relays (VPN)."""
        among_cloud, among_vpn = self.cloud[below(bits, len(self.cloud))], self.vpn[below(bits, len(self.vpn))]
        chosen = np.where(kind == CLOUD, among_cloud, among_vpn)
        return self.first[chosen] + below(host, self.size[chosen])

    def sixth(self, four: Ints, host: Keys) -> Ints:
        """The IPv6 address of a host whose IPv4 network is that of ``four``."""
        home = four >= (np.int64(240) << 24)
        block = np.where(home, (four >> 16) & 0xFFF, _HOSTED + self._range(four) % (0xFFFF - _HOSTED))
        return SIX | (block << 44) | ((four & 0xFFFF) << 28) | below(host, 1 << 28)

    def _range(self, four: Ints) -> Ints:
        return np.maximum(0, np.searchsorted(self.first, four, side="right") - 1)

    def _place(self, codes: Ints) -> tuple[npt.NDArray[np.bool_], Ints, Ints]:
        six = codes >= SIX
        block = np.where(six, (codes >> 44) & 0xFFFF, (codes >> 16) & 0xFFF)
        own = np.where(six, block < _HOSTED, codes >= (np.int64(240) << 24))
        among = np.where(six, (block - _HOSTED) % len(self.first), self._range(np.where(six, 0, codes)))
        return own, np.where(own, block, 0) % _BLOCKS, among

    def asns(self, codes: Ints) -> Ints:
        """AS numbers of addresses."""
        own, block, among = self._place(codes)
        return np.where(own, self.block_asn[block], self.asn[among])

    def countries(self, codes: Ints) -> Ints:
        """Positions in :data:`COUNTRIES`."""
        own, block, among = self._place(codes)
        return np.where(own, self.block_country[block], self.country[among])


def build_network(corpora: Corpora) -> Network:
    """The world's network; the same for every seed, as the real one is."""
    key = root("network")
    number = np.arange(_BLOCKS)
    country = choose(draw(key, "country", number), (c.weight for c in COUNTRIES))
    kind = choose(draw(key, "kind", number), (0.68, 0.12, 0.12, 0.08))
    pairs = np.arange(len(COUNTRIES) * len(_KINDS))
    country[: len(pairs)], kind[: len(pairs)] = pairs // len(_KINDS), pairs % len(_KINDS)  # none is empty
    pair = country * len(_KINDS) + kind
    order = np.argsort(pair, kind="stable")
    starts = np.searchsorted(pair[order], np.arange(len(pairs) + 1))
    asn = (
        64_512 + (country * 37 + np.where(kind >= OFFICE, 12 + number % 25, below(draw(key, "as", number), 12))) % 1_022
    )
    first, size, owner, where, hosted = _ranges(corpora)
    return Network(
        order.astype(np.int64),
        starts.astype(np.int64),
        asn,
        country,
        first,
        size,
        owner,
        where,
        np.flatnonzero(hosted == CLOUD),
        np.flatnonzero(hosted == VPN),
    )


def _ranges(corpora: Corpora) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Ranges of clouds and relays: first address, size, AS number, country, kind; ordered by first address."""
    rows: list[tuple[int, int, str, int]] = []
    for kind, name in ((CLOUD, "cloud"), (VPN, "vpn")):
        for row in corpora.prefixes[name].to_pylist() if name in corpora.prefixes else _made_up(kind):
            net = ipaddress.ip_network(row["prefix"])
            rows.append((int(net.network_address), net.num_addresses, row["provider"], kind))
    rows = [row for row in rows if row[1] <= 1 << 20]
    rows.sort()
    first = np.array([row[0] for row in rows], dtype=np.int64)
    kinds = np.array([row[3] for row in rows], dtype=np.int64)
    keys = first.astype(np.uint64)
    relay = np.array(_RELAYS)[below(draw(keys, "relay"), len(_RELAYS))]
    known = np.array([_PROVIDERS.get(row[2], 0) for row in rows], dtype=np.int64)
    owner = np.where(known > 0, known, relay)
    picked = choose(draw(keys >> np.uint64(14), "where"), _CLOUD_COUNTRIES.values())
    where = np.array([COUNTRY_CODES.index(code) for code in _CLOUD_COUNTRIES])[picked]
    return first, np.array([row[1] for row in rows], dtype=np.int64), owner, where, kinds


def _made_up(kind: int) -> list[dict[str, str]]:
    names = list(_PROVIDERS)
    second = 18 if kind == CLOUD else 19
    return [
        {"prefix": f"198.{second}.{8 * at}.0/21", "provider": names[at % 9] if kind == CLOUD else ""}
        for at in range(32)
    ]


@cache
def _octets() -> pa.Array:
    return pa.array([str(value) for value in range(256)])


@cache
def _words() -> pa.Array:
    return pa.array([f"{value:x}" for value in range(1 << 16)])


def written(codes: Ints) -> pa.Array:
    """Addresses as the log writes them."""
    octets, words = _octets(), _words()
    six = codes >= SIX
    four = codes[~six]
    parts = [octets.take(pa.array((four >> shift) & 0xFF)) for shift in (24, 16, 8, 0)]
    plain = pc.binary_join_element_wise(*parts, ".")
    other = codes[six]
    places = [(other >> 44) & 0xFFFF, 1 + ((other >> 28) & 0x7FFF), 1 + ((other >> 14) & 0x3FFF), 1 + (other & 0x3FFF)]
    b, s, i, j = (words.take(pa.array(place)) for place in places)
    long = pc.binary_join_element_wise("2001:db8", b, s, "", i, j, ":")
    back = np.empty(len(codes), dtype=np.int64)
    back[np.flatnonzero(~six)] = np.arange(len(four))
    back[np.flatnonzero(six)] = len(four) + np.arange(len(other))
    return pa.concat_arrays([plain, long]).take(pa.array(back))
