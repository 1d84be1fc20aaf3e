"""The log as the baselines see it: contract tables, and up to some hundred prompt vectors for each account.

Why a cap: the costliest statistics grow with the square of an account's prompts, and none of the baselines gains
from more than 200 of them. The kept prompts are a pseudo-random sample (by hash of ``exchange_id``), in log order.
Source of the columns: the project's contract ``exchange-log``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl  # noqa: TID251 - not the package
import xxhash

from stillwatch.detect.sketch.embed import StaticEmbedding
from stillwatch.lab.detectors.windows import TEXT_LIMIT, Embed, Vectors, Windows, unit

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["TEXT_LIMIT", "Embed", "Log", "Vectors", "Windows", "load_embedding", "prompt_windows", "read_log",
           "read_truth", "unit"]  # fmt: skip
COLUMNS = ("exchange_id", "ts", "account_id", "client", "ip", "ja4", "model", "prompt", "turn", "input_tokens",
           "output_tokens", "temperature")  # fmt: skip


@dataclass(frozen=True)
class Log:
    """Exchanges and accounts in the contract's columns; ``windows`` is None where the log holds no text."""

    exchanges: pl.DataFrame
    accounts: pl.DataFrame
    windows: Windows | None = None

    def account_ids(self) -> list[str]:
        """Accounts that appear in the exchanges, sorted."""
        return sorted(self.exchanges["account_id"].unique().to_list())


def read_log(folder: Path, embed: Embed | None = None, *, cap: int = 200) -> Log:
    """Read ``exchanges.parquet`` and, where present, ``accounts.parquet`` of ``folder``.

    Missing optional columns become null. With ``embed`` and at least one prompt, ``windows`` holds at most ``cap``
    prompt vectors of each account.
    """
    names = pl.read_parquet_schema(folder / "exchanges.parquet")
    exchanges = pl.read_parquet(folder / "exchanges.parquet", columns=[c for c in COLUMNS if c in names])
    exchanges = exchanges.with_columns(pl.lit(None, dtype=pl.String).alias(c) for c in COLUMNS if c not in names)
    table = folder / "accounts.parquet"
    accounts = pl.read_parquet(table) if table.exists() else exchanges.select(pl.col("account_id").unique())
    windows = None if embed is None else prompt_windows(exchanges, embed, cap=cap)
    return Log(exchanges.drop("prompt"), accounts, windows)


def prompt_windows(exchanges: pl.DataFrame, embed: Embed, *, cap: int = 200) -> Windows | None:
    """Embed a sample of at most ``cap`` prompts of each account; each distinct text is embedded once."""
    ids = exchanges["exchange_id"].to_list()
    draw = pl.Series("draw", [xxhash.xxh3_64_intdigest(i.encode()) for i in ids], dtype=pl.UInt64)
    kept = (
        exchanges.with_columns(draw)
        .lazy()
        .select("account_id", "ts", "exchange_id", "draw", pl.col("prompt").str.slice(0, TEXT_LIMIT))
        .filter(pl.col("prompt").is_not_null())
        .filter(pl.col("draw").rank("ordinal").over("account_id") <= cap)
        .sort("account_id", "ts", "exchange_id")
        .collect()
    )
    if kept.is_empty():
        return None
    texts = kept["prompt"].unique().sort()
    vectors = np.asarray(embed(texts.to_list()), dtype=np.float32)
    rows = kept.join(texts.to_frame().with_row_index("row"), on="prompt", how="left", maintain_order="left")["row"]
    counts = kept.group_by("account_id", maintain_order=True).len()
    starts = np.concatenate(([0], np.cumsum(counts["len"].to_numpy()))).astype(np.int64)
    return Windows(tuple(counts["account_id"].to_list()), starts, vectors[rows.to_numpy()])


def read_truth(folder: Path) -> dict[str, bool]:
    """True for accounts of a campaign, from ``truth.parquet``; used to tune and to measure, never to score."""
    truth = pl.read_parquet(folder / "truth.parquet", columns=["account_id", "kind"])
    return {a: kind != "benign" for a, kind in truth.iter_rows()}


def load_embedding(table: Path | None = None) -> Embed:
    """The project's static embedding, or the ``model2vec`` table in ``table``; unit vectors, float32."""
    if table is not None:
        from model2vec import StaticModel  # noqa: PLC0415 - only for another table than the shipped one

        model = StaticModel.from_pretrained(str(table))
        return lambda texts: unit(np.asarray(model.encode(list(texts)), dtype=np.float32))
    return StaticEmbedding.load().encode
