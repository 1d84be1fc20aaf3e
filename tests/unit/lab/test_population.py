"""Accounts: lives, sign-ups and shared infrastructure as the scenario says, and sharing among the honest too."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta

import pytest


def by_group(small, name):
    names = {row["account_id"]: row["label"] for row in small.truth.to_pylist()}
    return [row for row in small.accounts.to_pylist() if names[row["account_id"]] == name]


def test_accounts_share_instruments_as_told(small):
    hydra = by_group(small, "hydra")
    counts = Counter(row["payment_fingerprint"] for row in hydra)
    assert len(hydra) / len(counts) == pytest.approx(10, rel=0.15)
    assert all(row["payment_fingerprint"] is None for row in by_group(small, "B11"))
    assert len({row["payment_fingerprint"] for row in by_group(small, "B5")}) == 1


def test_free_accounts_have_no_instrument(small):
    for row in by_group(small, "person"):
        assert (row["payment_fingerprint"] is None) == (row["tier"] == "free")


def test_owners_and_organisations(small):
    office = by_group(small, "B5")
    assert len({row["organisation_id"] for row in office}) == 1
    assert all(row["owner_id"] is None for row in by_group(small, "person"))


def test_nobody_acts_before_signing_up(small):
    created = {row["account_id"]: row["created_at"] for row in small.accounts.to_pylist()}
    assert all(created[row["account_id"]] < row["ts"] for row in small.rows.to_pylist())


def test_replacements_sign_up_just_before_they_act(small):
    start = small.rows["ts"][0].as_py()
    late = [row for row in by_group(small, "hydra") if row["created_at"] > start]
    assert len(late) > 40
    people = [row for row in by_group(small, "person") if row["created_at"] > start]
    assert 0.03 < len(people) / 300 < 0.2  # people join too
    assert max(row["created_at"] for row in late) - start < timedelta(days=10)


def test_honest_homes_share_addresses_now_and_then(small):
    users = defaultdict(set)
    for group in ("people-chat", "people-developers", "people-agents"):
        for row in small.of(group):
            users[row["ip"]].add(row["account_id"])
    accounts = {account for names in users.values() for account in names}
    sharing = {account for names in users.values() if len(names) > 1 for account in names}
    assert 0.03 < len(sharing) / len(accounts) < 0.6


def test_a_pool_of_addresses_is_as_large_as_told(small):
    campus = {row["ip"] for row in small.of("classroom")}
    assert len(campus) <= 1  # 2.5 addresses per hundred accounts, forty accounts
    assert len({row["ip"] for row in small.of("office")}) <= 2


def test_addresses_agree_with_as_number_and_country(small):
    said = defaultdict(set)
    for row in small.rows.select(["ip", "asn", "country"]).to_pylist():
        said[row["ip"]].add((row["asn"], row["country"]))
    assert all(len(facts) == 1 for facts in said.values())


def test_clients_are_few_where_told_and_age(small):
    hydra = {(row["client"] or "").split("|")[0].rsplit(" ", 1)[0].rsplit("/", 1)[0] for row in small.of("hydra")}
    assert len(hydra) <= 3
    agents = Counter(row["user_agent"] for row in small.of("people-chat"))
    assert len(agents) > 15
