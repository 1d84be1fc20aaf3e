"""Linked sets: who acts together, read from a file or made from shared attributes alone.

The comparison is fairest with the sets that the hunt itself proposed before it judged their behaviour. Where none were
written, ``link_sets`` makes them from the tables: accounts that share a rare value are joined with weight ln(N / df)
for each value (df: accounts that have it), and communities are found by Leiden (Traag, Waltman, van Eck, Scientific
Reports 2019) under the constant Potts model.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import graspologic_native
import numpy as np
import polars as pl  # noqa: TID251 - not the package

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from benchmarks.baselines.log import Log

LARGEST_DF = 60
"""A value that more accounts share links none of them: what half of the world shares is no link."""


@dataclass(frozen=True)
class Sets:
    """Set of each linked account, and the summed weight of each set's links (empty where unknown)."""

    of: dict[str, str]
    origin: str
    weight: dict[str, float] = field(default_factory=dict)

    def members(self) -> dict[str, list[str]]:
        """Accounts by set."""
        found: dict[str, list[str]] = defaultdict(list)
        for account, name in sorted(self.of.items()):
            found[name].append(account)
        return dict(found)

    def with_loners(self, accounts: Iterable[str]) -> Iterator[list[str]]:
        """Members of every set, then each remaining account of ``accounts`` alone."""
        yield from self.members().values()
        yield from ([a] for a in accounts if a not in self.of)


def read_sets(path: Path) -> Sets:
    """Read a table with ``account_id``, ``set_id`` and, optionally, ``weight`` (of the set) from Parquet or CSV."""
    table = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema_length=0)
    table = table.filter(pl.col("set_id").is_not_null())
    of = dict(table.select("account_id", pl.col("set_id").cast(pl.String)).iter_rows())
    weight: dict[str, float] = {}
    if "weight" in table.columns:
        weight = dict(table.select(pl.col("set_id").cast(pl.String), pl.col("weight").cast(pl.Float64)).iter_rows())
    return Sets(of, "the hunt", weight)


def shared_values(log: Log) -> pl.DataFrame:
    """Columns ``account_id`` and ``value`` (prefixed by its kind), each pair once."""
    x, a = log.exchanges, log.accounts
    network = r"^(\d+\.\d+\.\d+)\."
    parts = [
        x.select("account_id", value="net:" + pl.col("ip").str.extract(network)),
        x.select("account_id", value="client:" + pl.col("client") + "|" + pl.col("ja4").fill_null("")),
    ]
    parts += [
        a.select("account_id", value=f"{column}:" + pl.col(column))
        for column in ("payment_fingerprint", "email_domain")
        if column in a.columns
    ]
    if "signup_ip" in a.columns:
        parts.append(a.select("account_id", value="net:" + pl.col("signup_ip").str.extract(network)))
    return pl.concat(parts).drop_nulls().unique()


def link_edges(log: Log) -> list[tuple[str, str, float]]:
    """Edges between accounts that share rare values, heaviest reasons summed."""
    values = shared_values(log)
    seen = log.exchanges["account_id"].unique()
    values = values.filter(pl.col("account_id").is_in(seen.implode()))
    df = values.group_by("value").len("df").filter(pl.col("df").is_between(2, LARGEST_DF))
    rare = values.join(df, on="value").with_columns(w=(len(seen) / pl.col("df")).log())
    pairs = rare.join(rare, on="value", suffix="_b").filter(pl.col("account_id") < pl.col("account_id_b"))
    edges = pairs.group_by("account_id", "account_id_b").agg(pl.col("w").sum()).sort("account_id", "account_id_b")
    return list(edges.iter_rows())


def link_sets(log: Log, *, resolution: float = 1.0, seed: int = 0) -> Sets:
    """Communities of two or more accounts in the graph of shared rare values."""
    edges = link_edges(log)
    if not edges:
        return Sets({}, "links alone")
    _, communities = graspologic_native.leiden(edges, resolution=resolution, use_modularity=False, seed=seed)
    sizes = np.bincount(list(communities.values()))
    of = {a: f"c{c}" for a, c in sorted(communities.items()) if sizes[c] >= 2}
    weight: dict[str, float] = defaultdict(float)
    for a, b, w in edges:
        if a in of and of[a] == of.get(b):
            weight[of[a]] += w
    return Sets(of, "links alone", dict(weight))
