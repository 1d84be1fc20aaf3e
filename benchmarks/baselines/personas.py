"""Made-up accounts of people for the reproductions: each has few topics, as the measured tables assume.

Topics are k-means clusters of the benign prompts (60); a person's mixture of topics is drawn from a symmetric Dirichlet
law with concentration 0.03, so that most of what one person asks belongs to one or two topics. This is the persona
model of the tables that ``reproduce_papers`` sets its figures beside; it is not the model of the project's own logs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans  # noqa: TID251 - not the package

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.baselines.log import Vectors

Rows = NDArray[np.int64]


def topics(vectors: Vectors, *, count: int = 60, seed: int = 0) -> list[Rows]:
    """Row numbers of each topic that has any."""
    labels = MiniBatchKMeans(count, random_state=seed, n_init=3, batch_size=4096).fit_predict(vectors)
    found = [np.flatnonzero(labels == k) for k in range(count)]
    return [rows for rows in found if rows.size]


def personas(by_topic: Sequence[Rows], n: int, accounts: int, rng: np.random.Generator, *, alpha: float = 0.03) -> Rows:
    """Rows of ``accounts`` people with ``n`` prompts each; shape (accounts, n)."""
    out = np.empty((accounts, n), dtype=np.int64)
    for i in range(accounts):
        # Dirichlet draws at small alpha can underflow to zeros; gamma on the log scale cannot
        logs = np.log(rng.gamma(alpha + 1, size=len(by_topic))) + np.log(rng.random(len(by_topic))) / alpha
        weights = np.exp(logs - logs.max())
        counts = rng.multinomial(n, weights / weights.sum())
        out[i] = np.concatenate([rng.choice(rows, k) for rows, k in zip(by_topic, counts, strict=True) if k])
    return out
