"""Volume limit: an account that sends more requests a day than almost all others is suspicious.

Source: the rate limits of providers' products; no paper. It is the rule that campaigns of many accounts are built to
evade: at 10 to 30 exchanges a day and account they lie in the middle of ordinary use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl  # noqa: TID251 - not the package

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.baselines.log import Log
    from benchmarks.baselines.protocol import Half


@dataclass(frozen=True)
class DailyVolume:
    """Score = the ``quantile`` of an account's requests per active day (1.0: its busiest day)."""

    quantile: float
    as_published: float | None = None

    @property
    def settings(self) -> str:
        """The quantile."""
        return f"quantile {self.quantile:g} of requests per active day"

    def score(self, log: Log) -> dict[str, float]:
        """Requests per day, for every account of the log."""
        days = log.exchanges.group_by("account_id", pl.col("ts").dt.date().alias("day")).len()
        found = days.group_by("account_id").agg(pl.col("len").quantile(self.quantile, "linear"))
        return dict(found.iter_rows())


@dataclass(frozen=True)
class VolumeLimit:
    """Volume limit at the median, the upper decile or the busiest day of an account."""

    name: str = "volume"
    title: str = "volume limit"
    quantiles: tuple[float, ...] = (0.5, 0.9, 1.0)

    def candidates(self, _log: Log, _half: Half) -> Iterator[DailyVolume]:
        """One scorer for each quantile; nothing is fitted."""
        for q in self.quantiles:
            yield DailyVolume(q)
