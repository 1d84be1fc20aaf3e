"""Attacker-free logs by resampling: whole groups of a log's honest accounts, drawn without replacement.

A group is what must not be torn apart: accounts tied by a payment instrument, a private mail domain or the network
they signed up from. Truth is used for one thing only, to leave out the accounts of campaigns.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.stats import beta, binom

from stillwatch.events.read import read_accounts, read_exchanges

PUBLIC = 0.01
"""A mail domain of more than this share of the accounts is a public provider and ties nobody."""


@dataclass(frozen=True)
class Source:
    """A log whose honest accounts are resampled: both contract tables, and a group per account, -1 for campaigns."""

    exchanges: pa.Table
    accounts: pa.Table
    group: NDArray[np.int64]

    @property
    def groups(self) -> int:
        """Number of groups of honest accounts."""
        return int(self.group.max(initial=-1)) + 1

    def draw(self, chosen: NDArray[np.int64]) -> tuple[pa.Table, pa.Table]:
        """Exchanges and accounts of the groups ``chosen``; -1 among them lets the campaigns in."""
        accounts = self.accounts.filter(pa.array(np.isin(self.group, chosen)))
        names = accounts["account_id"].cast(pa.string()).combine_chunks()
        return self.exchanges.filter(pc.is_in(self.exchanges["account_id"].cast(pa.string()), names)), accounts

    def resamplings(self, count: int, share: float, seed: int) -> Iterator[NDArray[np.int64]]:
        """``count`` choices of ``share`` of the groups each, without replacement within a choice."""
        rng = np.random.default_rng(seed)
        for _ in range(count):
            yield np.sort(rng.permutation(self.groups)[: round(share * self.groups)])


def network(address: str | None) -> str | None:
    """The /24 of an IPv4 address, the /48 of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return None
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))


def groups_of(accounts: pa.Table) -> NDArray[np.int64]:
    """A group number per row: connected components of shared instruments, private mail domains and sign-up networks."""
    rows = accounts.num_rows
    domains = accounts["email_domain"].to_pylist()
    users = dict(zip(*np.unique([d or "" for d in domains], return_counts=True), strict=True))
    keys = (
        accounts["payment_fingerprint"].to_pylist(),
        [d if d and users[d] <= PUBLIC * rows else None for d in domains],
        [network(a) for a in accounts["signup_ip"].to_pylist()],
    )
    left: list[int] = []
    right: list[int] = []
    for values in keys:
        first: dict[str, int] = {}
        for row, value in enumerate(values):
            if value is not None:
                left.append(first.setdefault(value, row))
                right.append(row)
    graph = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(rows, rows))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def read_source(folder: Path, days: float | None = None) -> Source:
    """The log in ``folder`` (``exchanges``, ``accounts``, ``truth``), its first ``days`` days or all of it."""
    truth = pq.read_table(folder / "truth.parquet", columns=["account_id", "kind"])
    honest = truth.filter(pc.equal(truth["kind"], "benign"))["account_id"].cast(pa.string())
    until = None
    if days is not None:
        until = pc.min(pq.read_table(folder / "exchanges.parquet", columns=["ts"])["ts"]).as_py() + timedelta(days=days)
    exchanges = read_exchanges(folder / "exchanges.parquet", until=until).table
    accounts = read_accounts(folder / "accounts.parquet").table
    innocent = np.asarray(pc.is_in(accounts["account_id"].cast(pa.string()), honest))
    group = np.full(accounts.num_rows, -1, np.int64)
    group[innocent] = groups_of(accounts.filter(pa.array(innocent)))
    return Source(exchanges, accounts, group)


def upper_bound(found: int, tries: int, level: float = 0.95) -> float:
    """One-sided upper confidence bound of a proportion seen ``found`` times in ``tries`` (Clopper and Pearson 1934)."""
    return 1.0 if found >= tries else float(beta.ppf(level, found + 1, tries - found))


def chance_of(found: int, tries: int, rate: float) -> float:
    """Probability of at least ``found`` in ``tries`` at ``rate``, if the tries were independent."""
    return float(binom.sf(found - 1, tries, rate))
