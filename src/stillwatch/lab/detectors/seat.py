"""SEAT-style: an account that sends many pairs of similar queries is suspicious.

Source: Zhang, Chen, Wagner, "SEAT: Similarity Encoder by Adversarial Training for Detecting Model Extraction Attack
Queries", AISec 2021, as its abstract and citations describe it; no code was read. There an encoder of images is trained
adversarially and an account is stopped when it has sent more than N pairs of queries closer than a distance delta. Here
the project's static embedding stands in for the encoder, so this is its counting rule and not its encoder. Delta is the
distance that one in a thousand pairs of queries of different reference accounts stays below.

Assumption: an attacker's queries are small changes of one another; a person's are not. No error rate is stated; the
number of pairs is set on a clean log.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.lab.detectors.published import Ranked, gather, numbers, ranked, texts
from stillwatch.lab.detectors.traffic import Traffic, View
from stillwatch.lab.detectors.verdicts import Looks
from stillwatch.lab.detectors.windows import Vectors

SHARE = 1e-3
LEAST = 0.02
"""Squared distance below which texts are all but the same; delta is not less, so that repeats count in a log of templates."""
SAMPLE = 1500


def squared_distances(x: Vectors, y: Vectors) -> Vectors:
    """Squared distances between rows of ``x`` and rows of ``y``."""
    table = (x * x).sum(1)[:, None] + (y * y).sum(1)[None, :] - 2 * (x @ y.T)
    return np.asarray(np.maximum(table, 0), dtype=np.float32)


def close_pairs(stream: Vectors, limit: float) -> list[int]:
    """For each query, the number of pairs within squared distance ``limit`` among it and those before it."""
    near = squared_distances(stream, stream) <= limit
    return [int(n) for n in np.cumsum(np.tril(near, -1).sum(1))]


@dataclass(frozen=True)
class Seat:
    """Pairs of similar queries of one account."""

    fpr: float
    name: str = "seat"
    title: str = "SEAT-style"
    text: bool = True
    seed: int = 0

    def fit(self, reference: View) -> Ranked:
        """Set delta and the number of pairs."""
        limit = self._limit(reference.traffic)

        def look(traffic: Traffic) -> Looks:
            windows, number = texts(traffic), numbers(traffic)
            found: list[tuple[int, int, float]] = []
            for i, account in enumerate(number.tolist()):
                start = int(windows.starts[i])
                pairs = close_pairs(windows.of(i), limit)
                found += [(account, int(traffic.times[start + k]), float(n)) for k, n in enumerate(pairs)]
            return gather(found)

        return ranked(self.name, f"squared distance up to {limit:.3f}", look, reference.traffic, self.fpr)

    def _limit(self, traffic: Traffic) -> float:
        windows = texts(traffic)
        if len(windows.accounts) < 2:
            return LEAST
        rng = np.random.default_rng(self.seed)
        one_each = windows.starts[:-1] + rng.integers(0, windows.sizes())
        drawn = rng.choice(one_each, min(SAMPLE, len(one_each)), replace=False)
        away = squared_distances(windows.vectors[drawn], windows.vectors[drawn])
        return max(LEAST, float(np.quantile(away[np.triu_indices(len(drawn), 1)], SHARE)))
