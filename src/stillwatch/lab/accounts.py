"""The table of accounts and the truth about them, in the order of their ids, which tells nothing."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from stillwatch.lab.addresses import addresses
from stillwatch.lab.draws import Keys, choose, draw, uniform
from stillwatch.lab.joining import take, where
from stillwatch.lab.network import COUNTRY_CODES, written
from stillwatch.lab.rows import account_ids, ids
from stillwatch.lab.world import World

_MAIL = {
    "gmail.com": 44.0,
    "outlook.com": 13.0,
    "icloud.com": 8.0,
    "yahoo.com": 7.0,
    "proton.me": 4.0,
    "qq.com": 3.0,
    "naver.com": 2.0,
    "gmx.net": 2.0,
}


def account_rows(world: World) -> pa.Table:
    """The accounts, with every column of the contract."""
    accounts = world.accounts
    number = np.arange(len(accounts))
    names = account_ids(world, number)
    promo = np.array([party.group.infrastructure.promo for party in world.parties])[accounts.party]
    nothing = accounts.payment == 0
    payment = where(promo, ids(accounts.payment, "promo_"), ids(accounts.payment, "pm_"))
    country = take(COUNTRY_CODES, accounts.declared)
    table = pa.table(
        {
            "account_id": names,
            "created_at": pa.array(accounts.created, pa.timestamp("us", tz="UTC")),
            "tier": _tiers(world),
            "country": country,
            "email_domain": _domains(world),
            "payment_fingerprint": where(nothing, pa.scalar(None, pa.string()), payment),
            "signup_ip": written(addresses(world, number, accounts.created, draw(accounts.key, "sign-up"))),
            "verified": pa.array(accounts.verified),
            "owner_id": _codes(accounts.owner, "own_"),
            "organisation_id": _codes(accounts.organisation, "org_"),
            "institution": _stated(world, "institution"),
            "jurisdiction": where(accounts.verified, country, pa.scalar(None, pa.string())),
            "declared_use": _stated(world, "declared_use"),
        }
    )
    return table.sort_by("account_id")


def truth_accounts(world: World) -> pa.Table:
    """Who is what: label, campaign, kind and provider of every account."""
    groups = [party.group for party in world.parties]
    party = world.accounts.party
    campaigns = pa.array([group.campaign for group in groups], pa.string())
    return pa.table(
        {
            "account_id": account_ids(world, np.arange(len(world.accounts))),
            "label": take([group.label for group in groups], party),
            "campaign": campaigns.take(pa.array(party)),
            "kind": take([group.role.value for group in groups], party),
            "provider": take([f"provider-{n + 1}" for n in range(64)], world.accounts.provider),
        }
    ).sort_by("account_id")


def _codes(keys: Keys, prefix: str) -> pa.Array:
    return where(keys == 0, pa.scalar(None, pa.string()), ids(keys, prefix))


def _stated(world: World, name: str) -> pa.Array:
    """A field that the group's record states for all of its accounts."""
    values = pa.array([getattr(party.group.record, name) for party in world.parties], pa.string())
    return values.take(pa.array(world.accounts.party))


def _tiers(world: World) -> pa.Array:
    names = [list(party.group.record.tiers) for party in world.parties]
    base = np.cumsum([0, *map(len, names)])
    return take([name for group in names for name in group], base[world.accounts.party] + world.accounts.tier)


def _domains(world: World) -> pa.Array:
    """Mail domains: one for all where the group has one, that of the firm for team plans, popular ones for others."""
    accounts = world.accounts
    popular = take(list(_MAIL), choose(draw(accounts.key, "mail"), _MAIL.values()))
    firm = np.where(accounts.organisation > 0, accounts.organisation, accounts.key)
    own = pa.array([f"{name[:10]}.example" for name in ids(firm, "corp").to_pylist()])
    tiers = _tiers(world).to_pylist()
    business = np.array([tier in {"team", "enterprise"} for tier in tiers]) | (accounts.organisation > 0)
    few = uniform(draw(accounts.key, "own domain")) < 0.05
    text = where(business | few, own, popular)
    stated = pa.array([party.group.record.email for party in world.parties], pa.string()).take(pa.array(accounts.party))
    return where(np.asarray(stated.is_valid()), stated, text)
