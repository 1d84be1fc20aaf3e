"""Mahalanobis distance of an account's queries from ordinary ones.

Source: Lee, Lee, Lee, Shin, "A Simple Unified Framework for Detecting Out-of-Distribution Samples and Adversarial
Attacks", NeurIPS 2018 (the distance), used for queries as in the comparisons of arXiv 2606.05725; no code was read. Here:
one Gaussian over the static embeddings of the reference's prompts, its covariance shrunk towards a multiple of the
identity; an account's statistic is the mean squared distance of its prompts, in standard errors of as many independent
reference prompts.

Null hypothesis: the prompts are independent draws from the reference's distribution. A person's are not, so the
threshold is set on whole accounts of a clean log.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.lab.detectors.published import Ranked, by_window, ranked, texts
from stillwatch.lab.detectors.traffic import View
from stillwatch.lab.detectors.windows import Floats, Vectors

SHRINK = 0.1
"""Weight of the identity in the covariance: the embedding has more dimensions than subjects, so some are all but empty."""
SAMPLE = 20_000


@dataclass(frozen=True)
class Mahalanobis:
    """Mean squared Mahalanobis distance of an account's prompts."""

    fpr: float
    name: str = "mahalanobis"
    title: str = "Mahalanobis distance"
    text: bool = True
    seed: int = 0

    def fit(self, reference: View) -> Ranked:
        """Estimate mean and covariance."""
        pool = texts(reference.traffic).vectors
        if len(pool) < 2:
            return ranked(self.name, "no text", by_window(lambda _: float("nan")), reference.traffic, self.fpr)
        rng = np.random.default_rng(self.seed)
        drawn = pool[rng.choice(len(pool), min(SAMPLE, len(pool)), replace=False)].astype(np.float64)
        centre = drawn.mean(0)
        covariance = np.cov(drawn, rowvar=False)
        shrunk = (1 - SHRINK) * covariance + SHRINK * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
        root = np.linalg.cholesky(np.linalg.inv(shrunk))

        def squared(x: Vectors) -> Floats:
            return np.asarray((((x - centre) @ root) ** 2).sum(1), dtype=np.float64)

        own = squared(drawn.astype(np.float32))
        mean, spread = float(own.mean()), float(own.std()) or 1.0

        def statistic(x: Vectors) -> float:
            return (float(squared(x).mean()) - mean) / spread * float(np.sqrt(len(x)))

        words = f"covariance of {len(drawn)} prompts, shrunk by {SHRINK:g}"
        return ranked(self.name, words, by_window(statistic), reference.traffic, self.fpr)
