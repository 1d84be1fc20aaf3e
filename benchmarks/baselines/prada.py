"""PRADA: are the distances between an account's consecutive queries normally distributed?

Source: Juuti, Szyller, Marchal, Asokan, "PRADA: Protecting against DNN Model Stealing Attacks", arXiv 1805.02628,
algorithm 1. Its full text was not at hand: abstract and steps are as cited in the literature, no code was read, and
details (100 distances, three spreads, the threshold's update) still need a check against the paper. For each query the distance to the nearest member of a growing set is recorded; the query
joins the set where that distance exceeds a threshold (the set's mean distance less one standard deviation, never
lowered). After 100 distances those within three standard deviations of their mean are put to Shapiro and Wilk's
test; the alarm rises where W falls below delta.

Null hypothesis: the distances of one account are normal. Assumptions: an ordinary user's queries are independent
draws from natural data; an attacker's are made by small steps from one another (images). The paper keeps a growing
set for each class the target answers with; a language model answers with no class, so there is one set per account.
No error rate is guaranteed: delta is set by hand on benign streams.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import shapiro

from benchmarks.baselines.protocol import Half, threshold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from benchmarks.baselines.log import Log, Vectors, Windows

PUBLISHED_MINIMUM = 100
DELTA = 0.95
"""A usual value, unchecked against the paper, which sets delta for each data set on benign streams."""


def nearest_distances(stream: Vectors, classes: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
    """The distances D of algorithm 1 for a stream of queries, in order; one growing set for each class.

    The first query of a class has no distance. ``classes`` None means one class.
    """
    labels = np.zeros(len(stream), dtype=np.int64) if classes is None else classes
    squares = (stream.astype(np.float64) ** 2).sum(1)
    table = np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2.0 * (stream @ stream.T), 0.0))
    out: list[float] = []
    members: dict[int, list[int]] = {}
    sums: dict[int, tuple[int, float, float]] = {}
    limits: dict[int, float] = {}
    for i, label in enumerate(labels.tolist()):
        if label not in members:
            members[label], sums[label], limits[label] = [i], (1, 0.0, 0.0), 0.0
            continue
        nearest = float(table[i, members[label]].min())
        out.append(nearest)
        if nearest > limits[label]:
            members[label].append(i)
            n, total, squared = sums[label]
            sums[label] = n, total, squared = n + 1, total + nearest, squared + nearest * nearest
            spread = np.sqrt(max(squared / n - (total / n) ** 2, 0.0))
            limits[label] = max(limits[label], total / n - spread)
    return np.array(out)


def normality(distances: NDArray[np.float64]) -> float:
    """Shapiro and Wilk's W of the distances within three standard deviations of their mean; NaN if undefined."""
    centre, spread = distances.mean(), distances.std()
    kept = distances[np.abs(distances - centre) <= 3 * spread]
    # W is undefined for three values or fewer and for equal ones: no judgement, neither alarm nor acquittal
    if kept.size < 4 or np.ptp(kept) <= 1e-9:
        return float("nan")
    return float(shapiro(kept).statistic)


def suspicion(distances: NDArray[np.float64], minimum: int, step: int = 10) -> float:
    """1 - W at its lowest over the stream, looked at every ``step`` distances from ``minimum`` on; NaN if too short."""
    looks = [normality(distances[:n]) for n in range(minimum, len(distances) + 1, step)]
    known = [w for w in looks if not math.isnan(w)]
    return 1.0 - min(known) if known else float("nan")


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
