"""Receiver operating characteristic of a ranking of accounts, without interpolation.

Equal scores share one operating point: a threshold cannot part them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Roc:
    """Operating points from strict to lax: ``fpr`` and ``tpr`` are non-decreasing and end at (1, 1)."""

    fpr: Floats
    tpr: Floats
    benign: int
    malicious: int

    def tpr_at(self, fpr: float) -> float:
        """The largest true-positive rate among thresholds whose false-positive rate does not exceed ``fpr``."""
        return float(self.tpr[np.searchsorted(self.fpr, fpr + 1e-12, side="right") - 1])

    def auc(self) -> float:
        """Area under the curve, ties counted half."""
        return float(np.trapezoid(self.tpr, self.fpr))

    def corners(self, *, up_to: float = 0.1) -> dict[str, list[float]]:
        """False-positive rates up to ``up_to`` at which the curve rises, and how high it rises there."""
        rates = [float(f) for f in np.unique(self.fpr) if f <= up_to]
        heights = [self.tpr_at(f) for f in rates]
        kept = [i for i in range(len(rates)) if i == 0 or heights[i] > heights[i - 1]]
        return {"fpr": [round(rates[i], 6) for i in kept], "tpr": [round(heights[i], 5) for i in kept]}


def roc_of(benign: Floats, malicious: Floats) -> Roc:
    """The curve of these scores; more is worse, -inf ranks below everything."""
    neg, pos = np.sort(benign), np.sort(malicious)
    cuts = np.unique(np.concatenate((neg, pos)))[::-1]
    # at cut c everything with score >= c is called malicious
    fp = neg.size - np.searchsorted(neg, cuts, side="left")
    tp = pos.size - np.searchsorted(pos, cuts, side="left")
    fpr = np.concatenate(([0.0], fp / max(1, neg.size)))
    tpr = np.concatenate(([0.0], tp / max(1, pos.size)))
    return Roc(fpr, tpr, neg.size, pos.size)
