"""From looks at accounts to the contract's verdicts.

A *look* is what a detector thinks of an account at a moment, from the account's exchanges up to then. An account's score
is its highest look; it is flagged at the first look above the threshold. So a detector that can judge while traffic runs
gets an honest ``flagged_at``, and one that judges only at the end flags at each account's last exchange.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.lab.detectors.traffic import Traffic
from stillwatch.lab.detectors.windows import Floats, Ints


@dataclass(frozen=True)
class Looks:
    """Look number k: account ``account[k]`` (its number in the traffic) at ``ts[k]`` is as suspicious as ``value[k]``.

    Looks of one account are in order of time. Values are finite, more is worse.
    """

    account: Ints
    ts: Ints
    value: Floats

    def scores(self, accounts: int) -> Floats:
        """Highest look of each account; -inf where there is none."""
        found = np.full(accounts, -np.inf)
        np.maximum.at(found, self.account, self.value)
        return found

    def first_above(self, threshold: float, accounts: int) -> Ints:
        """Time of each account's first look above ``threshold``; -1 where there is none."""
        found = np.full(accounts, -1, dtype=np.int64)
        above = np.flatnonzero(self.value > threshold)[::-1]
        found[self.account[above]] = self.ts[above]  # of equal indices the last assignment stands: the earliest look
        return found


def threshold_of(scores: Floats, fpr: float) -> float:
    """The smallest of ``scores`` that at most ``fpr`` of them exceed; without scores nothing is ever flagged."""
    found = np.sort(scores)[::-1]
    return float(found[min(int(fpr * found.size), found.size - 1)]) if found.size else float("inf")


def write_verdicts(name: str, traffic: Traffic, looks: Looks, threshold: float, out: Path) -> None:
    """Write ``verdicts.parquet``; each flagged account is a campaign of its own, all of its exchanges counted.

    An account without a look ranks below all others and is ``not-decidable``.
    """
    size = len(traffic.accounts)
    scores = looks.scores(size)
    known = np.isfinite(scores)
    lowest = float(scores[known].min()) if known.any() else 0.0
    at = looks.first_above(threshold, size)
    flagged = at >= 0
    decision = np.where(flagged, "flagged", np.where(known, "not-flagged", "not-decidable"))
    counts = traffic.counts()
    table = pa.table(
        {
            "account_id": pa.array(traffic.accounts, pa.string()),
            "score": np.where(known, scores, lowest - 1.0),
            "flagged": flagged,
            "kind": pa.array(["extraction" if f else None for f in flagged], pa.string()),
            "decision": pa.array(decision.tolist(), pa.string()),
            "campaign_id": pa.array(
                [f"{name}-{a}" if f else None for a, f in zip(traffic.accounts, flagged, strict=True)], pa.string()
            ),
            "flagged_at": pa.array([int(t) if t >= 0 else None for t in at], pa.timestamp("us", tz="UTC")),
            "exchanges": counts,
            "extraction_exchanges": np.where(flagged, counts, 0).astype(np.float64),
            "reasons": pa.array([[name] if f else [] for f in flagged], pa.list_(pa.string())),
            "innocent": pa.nulls(size, pa.string()),
        }
    )
    out.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, out / "verdicts.parquet", compression="zstd")
