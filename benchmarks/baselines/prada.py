"""PRADA per account, tuned and measured as the other baselines are.

The statistic itself, with its source, stands in ``stillwatch.lab.detectors.prada``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.baselines.protocol import Half, threshold
from stillwatch.lab.detectors.prada import DELTA, PUBLISHED_MINIMUM, nearest_distances, normality, suspicion

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from benchmarks.baselines.log import Log, Windows

__all__ = ["DELTA", "PUBLISHED_MINIMUM", "Prada", "PradaScorer", "all_distances", "nearest_distances", "normality",
           "suspicion"]  # fmt: skip


@dataclass(frozen=True)
class PradaScorer:
    """PRADA with at least ``minimum`` distances before the first look."""

    distances: dict[str, NDArray[np.float64]]
    minimum: int
    delta: float
    as_published: float | None = None

    @property
    def settings(self) -> str:
        """Minimum and delta."""
        return f"from {self.minimum} distances on, delta {self.delta:.3f}"

    def score(self, _log: Log) -> dict[str, float]:
        """1 - W; accounts with too few queries have no score."""
        found = {a: suspicion(d, self.minimum) for a, d in self.distances.items()}
        return {a: s for a, s in found.items() if not math.isnan(s)}


def all_distances(windows: Windows) -> dict[str, NDArray[np.float64]]:
    """Nearest-neighbour distances of every account."""
    return {a: nearest_distances(windows.of(i)) for i, a in enumerate(windows.accounts)}


@dataclass(frozen=True)
class Prada:
    """PRADA per account; tuning picks the minimum number of distances (the paper's 100, or fewer)."""

    name: str = "prada"
    title: str = "PRADA"
    minima: tuple[int, ...] = (PUBLISHED_MINIMUM, 30, 10)

    def candidates(self, log: Log, half: Half) -> Iterator[PradaScorer]:
        """One scorer for each minimum; delta lets one in a hundred benign tuning accounts alarm."""
        if log.windows is None:
            return
        distances = all_distances(log.windows)
        for minimum in self.minima:
            scores = PradaScorer(distances, minimum, DELTA).score(log)
            cut = threshold(scores, [a for a in half.benign if a in scores], 0.01)
            yield PradaScorer(distances, minimum, 1.0 - cut, as_published=1.0 - DELTA)
