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

import numpy as np
from scipy.stats import shapiro

from stillwatch.lab.detectors.published import Ranked, gather, numbers, ranked, texts
from stillwatch.lab.detectors.traffic import Traffic, View
from stillwatch.lab.detectors.verdicts import Looks
from stillwatch.lab.detectors.windows import Floats, Ints, Vectors

PUBLISHED_MINIMUM = 100
DELTA = 0.95
"""A usual value, unchecked against the paper, which sets delta for each data set on benign streams."""


def nearest_distances(stream: Vectors, classes: Ints | None = None) -> Floats:
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


def normality(distances: Floats) -> float:
    """Shapiro and Wilk's W of the distances within three standard deviations of their mean; NaN if undefined."""
    centre, spread = distances.mean(), distances.std()
    kept = distances[np.abs(distances - centre) <= 3 * spread]
    # W is undefined for three values or fewer and for equal ones: no judgement, neither alarm nor acquittal
    if kept.size < 4 or np.ptp(kept) <= 1e-9:
        return float("nan")
    return float(shapiro(kept).statistic)


def suspicion(distances: Floats, minimum: int, step: int = 10) -> float:
    """1 - W at its lowest over the stream, looked at every ``step`` distances from ``minimum`` on; NaN if too short."""
    known = [w for _, w in stream_looks(distances, minimum, step) if not math.isnan(w)]
    return max(known) if known else float("nan")


def stream_looks(distances: Floats, minimum: int, step: int = 10) -> list[tuple[int, float]]:
    """(number of distances, 1 - W over them) from ``minimum`` on."""
    return [(n, 1.0 - normality(distances[:n])) for n in range(minimum, len(distances) + 1, step)]


@dataclass(frozen=True)
class Prada:
    """Normality of an account's distances, looked at as they come.

    ``minimum``: 30 and not the published 100, which most accounts of a log never reach.
    """

    fpr: float
    name: str = "prada"
    title: str = "PRADA"
    text: bool = True
    minimum: int = 30

    def fit(self, reference: View) -> Ranked:
        """Set delta on the reference."""

        def look(traffic: Traffic) -> Looks:
            windows, number = texts(traffic), numbers(traffic)
            found: list[tuple[int, int, float]] = []
            for i, account in enumerate(number.tolist()):
                start = int(windows.starts[i])
                if int(windows.starts[i + 1]) - start > self.minimum:
                    looks = stream_looks(nearest_distances(windows.of(i)), self.minimum)
                    # the first query has no distance: n distances are known with query n + 1
                    found += [(account, int(traffic.times[start + n]), value) for n, value in looks]
            return gather(found)

        return ranked(self.name, f"first look after {self.minimum} distances", look, reference.traffic, self.fpr)
