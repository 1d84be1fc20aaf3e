"""Isolation forest on account features.

Source: Liu, Ting and Zhou, "Isolation Forest", ICDM 2008: anomalies are separated from the rest by fewer random
splits; score 2^(-E[path length] / c(subsample)), here scikit-learn's implementation with the paper's 256-row
subsamples. It assumes that what is sought is rare and unlike the rest in the features given.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import polars as pl  # noqa: TID251 - not the package
from sklearn.ensemble import IsolationForest  # noqa: TID251 - not the package

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from benchmarks.baselines.log import Log
    from benchmarks.baselines.protocol import Half

FIVE = ("rate", "input", "output", "night", "gap")
ALL = (*FIVE, "days", "addresses", "clients", "models", "spread", "input_spread", "first_turns")


def features(log: Log) -> pl.DataFrame:
    """One row an account: volume, lengths, hours, gaps, and how many addresses, clients and models it uses.

    Counts and lengths are on a logarithmic scale, since they range over five decades.
    """
    x = log.exchanges.sort("account_id", "ts")
    hour = pl.col("ts").dt.hour()
    table = x.group_by("account_id").agg(
        n=pl.len(),
        days=pl.col("ts").dt.date().n_unique(),
        input=pl.col("input_tokens").mean().log1p(),
        output=pl.col("output_tokens").mean().log1p(),
        night=(hour < 6).mean(),
        gap=pl.col("ts").diff().dt.total_seconds().median().fill_null(0).log1p(),
        addresses=pl.col("ip").n_unique().log1p(),
        clients=pl.col("client").n_unique().log1p(),
        models=pl.col("model").n_unique(),
        spread=hour.std().fill_null(0),
        input_spread=pl.col("input_tokens").std().fill_null(0).log1p(),
        first_turns=(pl.col("turn") == 1).mean(),
    )
    return table.with_columns(rate=(pl.col("n") / pl.col("days")).log1p()).drop("n").sort("account_id")


@dataclass(frozen=True)
class Forest:
    """A fitted forest over ``columns``."""

    model: Any  # scikit-learn ships no types
    columns: Sequence[str]
    seen: str
    as_published: float | None = 0.5
    """The usual reading of the score: about 0.5 is ordinary, above it anomalous (scikit-learn's default offset too)."""

    @property
    def settings(self) -> str:
        """Number of features and trees."""
        return f"{len(self.columns)} features, {self.model.n_estimators} trees, subsample {self.model.max_samples}, fitted on {self.seen}"

    def score(self, log: Log) -> dict[str, float]:
        """The paper's anomaly score in (0, 1), for every account of the log."""
        table = features(log)
        found: NDArray[np.float64] = -self.model.score_samples(table.select(self.columns).to_numpy())
        return dict(zip(table["account_id"].to_list(), found.tolist(), strict=True))


@dataclass(frozen=True)
class Isolation:
    """Isolation forest fitted on the benign accounts of the tuning half, or as in the paper on all of them; 5 or 12 features."""

    name: str = "isolation-forest"
    title: str = "isolation forest"
    seed: int = 0
    trees: int = 200

    def candidates(self, log: Log, half: Half) -> Iterator[Forest]:
        """One forest for each set of features and of accounts; the labels only leave accounts out."""
        every = features(log)
        for columns, seen in product((FIVE, ALL), ("benign accounts", "all accounts")):
            known = half.benign if seen == "benign accounts" else half.benign | half.malicious
            table = every.filter(pl.col("account_id").is_in(sorted(known)))
            model = IsolationForest(n_estimators=self.trees, max_samples=min(256, table.height), random_state=self.seed)
            yield Forest(model.fit(table.select(columns).to_numpy()), columns, seen)
