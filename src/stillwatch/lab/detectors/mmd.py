"""Maximum mean discrepancy between a window of queries and benign traffic, and the paper's detector.

Source: Liu, Guo, Dong, "An Embarrassingly Simple Detector for Model Extraction Attacks in Large Language Model API
Traffic", arXiv 2606.05725. Not its full text but its abstract, summaries and a description of its protocol were at
hand, and no code was read: queries are embedded, the unbiased squared MMD (Gretton et al., JMLR 2012,
lemma 6) under a sum of Gaussian kernels compares a window with benign reference traffic, and the threshold is the 95th
percentile of benign against benign. Here the bandwidths are 1/4, 1/2, 1, 2 and 4 times the median distance of the
reference, and one large reference takes the place of the mean over twenty small ones, which lowers its noise.

Null hypothesis of the paper's test: the window is an independent sample from the reference's distribution. A person's
queries are no such sample, so the benchmark's threshold is set on whole accounts of a clean log; forms that calibrate on
accounts or on linked sets stand in ``benchmarks/baselines/mmd_accounts.py``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.lab.detectors.published import Ranked, by_window, ranked, texts
from stillwatch.lab.detectors.traffic import View
from stillwatch.lab.detectors.windows import Floats, Vectors

SQUARINGS = 4
"""Bandwidths go by powers of two, so each kernel is the fourth power of the next wider one: two squarings each."""


@dataclass(frozen=True)
class Kernel:
    """Mean of five Gaussian kernels; ``width`` is the middle bandwidth."""

    width: float

    def __call__(self, x: Vectors, y: Vectors) -> NDArray[np.float32]:
        """Kernel values between rows of ``x`` and rows of ``y``; shape (len(x), len(y))."""
        d2 = (x * x).sum(1)[:, None] + (y * y).sum(1)[None, :] - 2 * (x @ y.T)
        k = np.exp(np.maximum(d2, 0) * np.float32(-1 / (2 * (4 * self.width) ** 2)))
        total = k.copy()
        for _ in range(SQUARINGS):
            np.multiply(k, k, out=k)
            np.multiply(k, k, out=k)
            total += k
        return np.asarray(total / np.float32(SQUARINGS + 1), dtype=np.float32)


def median_kernel(vectors: Vectors, *, most: int = 1000) -> Kernel:
    """Kernel whose middle bandwidth is the median distance between the first ``most`` rows."""
    x = vectors[:most]
    d2 = (x * x).sum(1)[:, None] + (x * x).sum(1)[None, :] - 2 * (x @ x.T)
    away = d2[np.triu_indices(len(x), 1)]
    middle = float(np.median(np.maximum(away, 0))) if away.size else 0.0
    return Kernel(max(middle, 1e-6) ** 0.5)


def inner_mean(kernel: Kernel, x: Vectors) -> float:
    """Mean kernel value over ordered pairs of different rows; NaN for fewer than two rows."""
    n = len(x)
    if n < 2:
        return float("nan")
    k = kernel(x, x)
    return float((k.sum(dtype=np.float64) - np.trace(k, dtype=np.float64)) / (n * (n - 1)))


@dataclass(frozen=True)
class Reference:
    """Benign queries that windows are compared with; ``own`` is their inner mean."""

    kernel: Kernel
    vectors: Vectors
    own: float

    def near(self, x: Vectors, *, chunk: int = 4096) -> Floats:
        """Mean kernel value of each row of ``x`` against the reference."""
        parts = [self.kernel(x[i : i + chunk], self.vectors).mean(1, dtype=np.float64) for i in range(0, len(x), chunk)]
        return np.concatenate(parts) if parts else np.empty(0)

    def discrepancy(self, x: Vectors, near: Floats) -> float:
        """Unbiased squared MMD of the window ``x``, whose rows have the means ``near`` against the reference."""
        return inner_mean(self.kernel, x) + self.own - 2 * float(near.mean())


def draw_reference(pool: Vectors, rng: np.random.Generator, *, size: int = 1500) -> Reference:
    """A reference of at most ``size`` rows of ``pool``."""
    drawn = pool[rng.choice(len(pool), size=min(size, len(pool)), replace=False)]
    kernel = median_kernel(drawn)
    return Reference(kernel, drawn, inner_mean(kernel, drawn))


@dataclass(frozen=True)
class Null:
    """Benign windows' discrepancy by window size: centre, spread and the 95th percentile in spreads."""

    sizes: tuple[int, ...]
    centre: Floats
    spread: Floats
    upper: float

    def standard(self, value: float, size: int) -> float:
        """``value`` in spreads above the centre at ``size``; log-linear between the sizes simulated."""
        at, grid = np.log(size), np.log(np.array(self.sizes, dtype=np.float64))
        centre = float(np.interp(at, grid, self.centre))
        spread = float(np.exp(np.interp(at, grid, np.log(self.spread))))
        return (value - centre) / spread


def null_of(sizes: Sequence[int], samples: Sequence[Sequence[float]]) -> Null:
    """Summarise simulated benign discrepancies, one list for each size."""
    found = [np.array([v for v in s if not math.isnan(v)]) for s in samples]
    centre = np.array([s.mean() for s in found])
    spread = np.array([max(float(s.std()), 1e-9) for s in found])
    pooled = np.concatenate([(s - c) / w for s, c, w in zip(found, centre, spread, strict=True)])
    return Null(tuple(sizes), centre, spread, float(np.quantile(pooled, 0.95)))


def independent_null(
    ref: Reference, pool: Vectors, near: Floats, rng: np.random.Generator,
    *, sizes: Sequence[int] = (2, 5, 10, 20, 50, 100, 200), draws: int = 400,
) -> Null:  # fmt: skip
    """The paper's null: windows drawn independently from all benign queries."""
    samples = []
    for size in sizes:
        rows = [rng.integers(0, len(pool), size) for _ in range(draws)]
        samples.append([ref.discrepancy(pool[r], near[r]) for r in rows])
    return null_of(sizes, samples)


@dataclass(frozen=True)
class MmdWindows:
    """Discrepancy of an account's prompts from a clean log's, in spreads of independently drawn windows."""

    fpr: float
    name: str = "mmd-windows"
    title: str = "MMD windows"
    text: bool = True
    size: int = 1000
    draws: int = 200
    seed: int = 0

    def fit(self, reference: View) -> Ranked:
        """Draw the reference and simulate the null."""
        pool = texts(reference.traffic).vectors
        if len(pool) < 2:
            return ranked(self.name, "no text", by_window(lambda _: float("nan")), reference.traffic, self.fpr)
        rng = np.random.default_rng(self.seed)
        ref = draw_reference(pool, rng, size=self.size)
        null = independent_null(ref, pool, ref.near(pool), rng, draws=self.draws)

        def statistic(x: Vectors) -> float:
            return null.standard(ref.discrepancy(x, ref.near(x)), len(x))

        words = f"reference of {len(ref.vectors)} prompts, windows up to {max(null.sizes)}"
        return ranked(self.name, words, by_window(statistic), reference.traffic, self.fpr)
