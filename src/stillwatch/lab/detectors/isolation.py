"""Isolation forest on account features.

Source: Liu, Ting and Zhou, "Isolation Forest", ICDM 2008: anomalies are separated from the rest by fewer random
splits; score 2^(-E[path length] / c(subsample)), here scikit-learn's implementation with the paper's 256-row
subsamples. It assumes that what is sought is rare and unlike the rest in the features given. It looks once, at the end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.lab.detectors.published import Ranked, ranked
from stillwatch.lab.detectors.traffic import FEATURES, Traffic, View
from stillwatch.lab.detectors.verdicts import Looks
from stillwatch.lab.extras import extra


@dataclass(frozen=True)
class Isolation:
    """A forest over the twelve features, fitted on a clean log."""

    fpr: float
    name: str = "isolation-forest"
    title: str = "isolation forest"
    text: bool = False
    trees: int = 200
    seed: int = 0

    def fit(self, reference: View) -> Ranked:
        """Grow the forest."""
        known = reference.traffic.features
        forest = extra("sklearn.ensemble").IsolationForest(
            n_estimators=self.trees, max_samples=min(256, len(known)), random_state=self.seed
        )
        forest.fit(known)

        def look(traffic: Traffic) -> Looks:
            value = -forest.score_samples(traffic.features)
            return Looks(np.arange(len(traffic.accounts)), traffic.last(), np.asarray(value, dtype=np.float64))

        words = f"{len(FEATURES)} features, {self.trees} trees, subsample {min(256, len(known))}"
        return ranked(self.name, words, look, reference.traffic, self.fpr)
