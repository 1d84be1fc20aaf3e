"""Volume limit on the development log: how many accounts of campaigns of many accounts send more than almost all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl  # noqa: TID251 - not the package

from benchmarks.baselines.log import read_log, read_truth
from benchmarks.baselines.protocol import roc, split
from benchmarks.baselines.volume import DailyVolume

if TYPE_CHECKING:
    from pathlib import Path


def volume(folder: Path, *, quantile: float = 0.9) -> dict[str, float]:
    """True-positive rate at 1 % false positives on the evaluation half, campaigns of one account left out."""
    truth = read_truth(folder)
    table = pl.read_parquet(folder / "truth.parquet").drop_nulls("campaign")
    single = table.filter(pl.len().over("campaign") == 1)["account_id"].to_list()
    log = read_log(folder)
    kept = {a: bad for a, bad in truth.items() if a not in set(single)}
    curve = roc(DailyVolume(quantile).score(log), split(kept, log.account_ids())[1])
    return {"tpr": curve.tpr_at(0.01), "auc": curve.auc(), "benign": curve.benign, "malicious": curve.malicious}
