"""A log as the published detectors see it: times and features by account, and up to some hundred prompt vectors each.

Why a cap: the costliest statistics grow with the square of an account's prompts, and none of them gains from more than
200. The kept prompts are a pseudo-random sample (by hash of ``exchange_id``), in log order. Rows stay in the engine;
what comes out is one number an exchange and one row an account.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb
import numpy as np

from stillwatch.lab.detectors.windows import TEXT_LIMIT, Embed, Floats, Ints, Windows
from stillwatch.lab.folder import columns, engine, parts, source

FEATURES = ("rate", "input", "output", "night", "gap", "days", "addresses", "clients", "models", "spread",
            "input_spread", "first_turns")  # fmt: skip
"""Features of an account; counts, lengths and gaps on a logarithmic scale, since they range over five decades."""
OPTIONAL = {"ip": "VARCHAR", "client": "VARCHAR", "prompt": "VARCHAR", "conversation_id": "VARCHAR"}

_FEATURES = """
SELECT account_id, ln(1 + count(*) / count(DISTINCT day)), ln(1 + avg(input_tokens)), ln(1 + avg(output_tokens)),
    avg((hour < 6)::INT), ln(1 + coalesce(median(gap), 0)), count(DISTINCT day), ln(1 + count(DISTINCT ip)),
    ln(1 + count(DISTINCT client)), count(DISTINCT model), coalesce(stddev_samp(hour), 0),
    ln(1 + coalesce(stddev_samp(input_tokens), 0)), avg((turn = 1)::INT)
FROM (SELECT *, date_trunc('day', ts) AS day, hour(ts) AS hour,
    (epoch_us(ts) - lag(epoch_us(ts)) OVER (PARTITION BY account_id ORDER BY ts)) / 1e6 AS gap FROM x)
GROUP BY account_id ORDER BY account_id
"""
_TIMES = """
SELECT dense_rank() OVER (ORDER BY account_id) - 1 AS account, epoch_us(ts) AS ts FROM x
ORDER BY account_id, ts, exchange_id
"""
_PROMPTS = f"""
SELECT account_id, epoch_us(ts) AS at, prompt FROM (
    SELECT account_id, ts, exchange_id, left(prompt, {TEXT_LIMIT}) AS prompt,
        row_number() OVER (PARTITION BY account_id ORDER BY hash(exchange_id)) AS draw
    FROM x WHERE prompt IS NOT NULL)
WHERE draw <= {{cap}} ORDER BY account_id, ts, exchange_id
"""


@dataclass(frozen=True)
class Traffic:
    """Exchanges by account. Row r of ``ts`` (microseconds) belongs to ``accounts[account[r]]``; rows by account, then time.

    ``features``: one row an account, columns :data:`FEATURES`. ``windows``: None where the log holds no text.
    ``times``: the time of each row of ``windows.vectors``.
    """

    accounts: tuple[str, ...]
    account: Ints
    ts: Ints
    features: Floats
    windows: Windows | None
    times: Ints

    def counts(self) -> Ints:
        """Exchanges of each account."""
        return np.bincount(self.account, minlength=len(self.accounts))

    def last(self) -> Ints:
        """Time of each account's last exchange."""
        return self.ts[np.cumsum(self.counts()) - 1]


@dataclass(frozen=True)
class View:
    """A log folder; what is read of it is read once and kept."""

    folder: Path
    embed: Callable[[], Embed] | None = None
    """Loads the embedding when a text is first needed; None: texts are not read."""
    cap: int = 200
    threads: int = 2

    @cached_property
    def traffic(self) -> Traffic:
        """The log in memory."""
        return read_traffic(self)


def read_traffic(view: View) -> Traffic:
    """Read a log folder.

    Raises:
        InputError: there is no log.
    """
    files = parts(view.folder, "exchanges")
    with engine(threads=view.threads) as db:
        there = columns(db, files)
        extra = ", ".join(f"CAST(NULL AS {t}) AS {c}" for c, t in OPTIONAL.items() if c not in there)
        db.execute(f"CREATE VIEW x AS SELECT *{', ' + extra if extra else ''} FROM {source(files)}")
        rows = db.sql(_FEATURES).fetchall()
        times = db.sql(_TIMES).to_arrow_table()
        windows, at = _windows(db, view)
    features = np.array([[float(v) for v in row[1:]] for row in rows], dtype=np.float64).reshape(-1, len(FEATURES))
    return Traffic(
        accounts=tuple(str(row[0]) for row in rows),
        account=times["account"].to_numpy().astype(np.int64),
        ts=times["ts"].to_numpy().astype(np.int64),
        features=features,
        windows=windows,
        times=at,
    )


def _windows(db: duckdb.DuckDBPyConnection, view: View) -> tuple[Windows | None, Ints]:
    none = np.empty(0, dtype=np.int64)
    if view.embed is None:
        return None, none
    table = db.sql(_PROMPTS.format(cap=view.cap)).to_arrow_table().combine_chunks()
    if not table.num_rows:
        return None, none
    coded = table["prompt"].combine_chunks().dictionary_encode()
    vectors = np.asarray(view.embed()(coded.dictionary.to_pylist()), dtype=np.float32)
    names = table["account_id"].combine_chunks().dictionary_encode()
    counts = np.bincount(names.indices.to_numpy(), minlength=len(names.dictionary))
    starts = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    found = Windows(tuple(names.dictionary.to_pylist()), starts, vectors[coded.indices.to_numpy()])
    return found, table["at"].to_numpy().astype(np.int64)
