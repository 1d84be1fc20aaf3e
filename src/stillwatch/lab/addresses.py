"""Which address an exchange comes from: homes shared by families, carriers' shared addresses, offices, pools of a group.

Sharing is no sign of guilt here: about one in five ordinary homes lies behind an address that others use too.
"""

from __future__ import annotations

import numpy as np

from stillwatch.lab.draws import Ints, Keys, below, choose, draw, uniform
from stillwatch.lab.network import CAMPUS, CLOUD, COUNTRIES, HOME, MOBILE, OFFICE, VPN
from stillwatch.lab.population import HOUR, NETWORKS, Party, countries
from stillwatch.lab.world import World

_HOUSEHOLD, _CARRIER = 0.12, 0.20
"""Shares of homes: with another account under one roof; behind a carrier's shared address (the rest of the range)."""


def addresses(world: World, account: Ints, ts: Ints, session: Keys) -> Ints:
    """Addresses, as numbers, for exchanges of ``account`` at ``ts`` in conversations ``session``."""
    out = np.empty(len(account), dtype=np.int64)
    parties = world.accounts.party[account]
    for party in world.parties:
        at = np.flatnonzero(parties == party.number)
        if len(at):
            out[at] = _party(world, party, account[at], ts[at], session[at])
    return out


def _pool(world: World, party: Party) -> Party:
    """Whose pool of addresses a group draws on."""
    name = party.group.infrastructure.common_with
    return party if name is None else next(p for p in world.parties if p.group.name == name)


def _party(world: World, party: Party, account: Ints, ts: Ints, session: Keys) -> Ints:
    infrastructure = party.group.infrastructure
    key = world.accounts.key[account]
    slot = np.floor(uniform(draw(session, "slot")) * infrastructure.per_account).astype(np.int64)
    rotate = max(1, int(infrastructure.rotate_hours * HOUR))
    phase = below(draw(key, "rotation", slot), 1 << 20) * rotate >> 20
    epoch = (ts + phase) // rotate
    bits = draw(draw(key, "address", slot), "epoch", epoch)
    country = world.accounts.country[account]
    kind = world.accounts.network[account]
    own = _access(world, party, key, slot, bits, country, kind)
    if infrastructure.address_reuse == 0:
        return own
    pooled = uniform(draw(key, "pooled")) < infrastructure.address_reuse
    return np.where(pooled, _common(world, _pool(world, party), bits), own)


def _common(world: World, pool: Party, bits: Keys) -> Ints:
    """Addresses of a group's common pool."""
    infrastructure = pool.group.infrastructure
    size = max(1, round(infrastructure.addresses * pool.seats / 100))
    member = draw(pool.key, "pool", below(bits, size))
    networks = infrastructure.network
    kind = np.array([NETWORKS[n] for n in networks])[choose(draw(member, "network"), networks.values())]
    country = countries(draw(member, "country"), pool.group.record.countries)
    site = np.where((kind == CAMPUS) | (kind == OFFICE), draw(pool.key, "site"), draw(member, "block"))
    where_ = np.where(
        (kind == CAMPUS) | (kind == OFFICE), countries(draw(pool.key, "site"), pool.group.record.countries), country
    )
    hosted = kind >= CLOUD
    four = np.where(
        hosted,
        world.network.hosted(draw(member, "range"), np.where(hosted, kind, CLOUD), draw(member, "host")),
        world.network.access(site, where_, np.where(hosted, HOME, kind), draw(member, "host")),
    )
    six = uniform(draw(member, "six")) < infrastructure.ipv6
    return np.where(six, world.network.sixth(four, draw(member, "six host")), four)


def _access(world: World, party: Party, key: Keys, slot: Ints, bits: Keys, country: Ints, kind: Ints) -> Ints:
    """An account's own addresses: at home or work first, then others on the way."""
    away = (slot > 0) & (kind == HOME)
    kind = np.where(away & (uniform(draw(key, "away", slot)) < 0.6), MOBILE, kind)
    home = np.bincount(world.accounts.country, minlength=len(COUNTRIES))[country]
    style = uniform(draw(key, "roof"))
    number = below(draw(key, "household"), np.maximum(1, home // 16))
    roof = draw(draw(world.key, "household", country), "number", number)
    family = (kind == HOME) & (style < _HOUSEHOLD) & (slot == 0)
    carrier = (kind == MOBILE) | ((kind == HOME) & (style >= _HOUSEHOLD) & (style < _CARRIER))
    shared = draw(draw(world.key, "carrier", country), "number", below(bits, np.maximum(1, home // 24)))
    site = below(draw(key, "site"), np.maximum(2, home // 30))
    seat = draw(draw(world.key, "site", country), "number", site * 8 + np.where(kind == CAMPUS, 100_000_000, 0))
    among = draw(seat, "host", below(bits, 6))
    site_bound = (kind == CAMPUS) | (kind == OFFICE)
    host = np.where(family, roof, np.where(carrier, shared, np.where(site_bound, among, bits)))
    block = np.where(family, roof, np.where(carrier, shared, np.where(site_bound, seat, draw(key, "block", slot))))
    hosted = kind >= CLOUD
    range_ = np.where(kind == VPN, bits, draw(key, "range"))
    four = np.where(
        hosted,
        world.network.hosted(range_, np.where(hosted, kind, CLOUD), bits),
        world.network.access(block, country, np.where(hosted, HOME, kind), host),
    )
    six = (uniform(draw(key, "six", slot)) < party.group.infrastructure.ipv6) & ~carrier
    return np.where(six, world.network.sixth(four, draw(bits, "six host")), four)
