"""Maximum mean discrepancy between a window of queries and benign traffic, and the paper's detector.

Source: Liu, Guo, Dong, "An Embarrassingly Simple Detector for Model Extraction Attacks in Large Language Model API
Traffic", arXiv 2606.05725. Not its full text but its abstract, summaries and a description of its protocol were at
hand, and no code was read: queries are embedded, the unbiased squared MMD (Gretton et al., JMLR 2012,
lemma 6) under a sum of Gaussian kernels compares a window with benign reference traffic, and the threshold is the 95th
percentile of benign against benign. Here the bandwidths are 1/4, 1/2, 1, 2 and 4 times the median distance of the
reference, and one large reference takes the place of the mean over twenty small ones, which lowers its noise.

Null hypothesis of the paper's test: the window is an independent sample from the reference's distribution. A person's
queries are no such sample, which is why the account and set forms (``mmd_accounts``) calibrate on whole accounts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.baselines.log import Log, Vectors, Windows
    from benchmarks.baselines.protocol import Half

Floats = NDArray[np.float64]
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


def reference(pool: Vectors, rng: np.random.Generator, *, size: int = 1500) -> Reference:
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
class Prepared:
    """Reference, and for every account its discrepancy and the means of its rows against the reference."""

    windows: Windows
    ref: Reference
    near: Floats
    pool: NDArray[np.int64]
    """Rows of the benign accounts of the tuning half."""

    def rows(self, i: int) -> slice:
        """Rows of account number ``i``."""
        return slice(int(self.windows.starts[i]), int(self.windows.starts[i + 1]))

    def of_rows(self, rows: NDArray[np.int64] | slice) -> float:
        """Discrepancy of these rows taken as one window."""
        return self.ref.discrepancy(self.windows.vectors[rows], self.near[rows])


def prepare(windows: Windows, half: Half, rng: np.random.Generator, *, size: int = 1500) -> Prepared:
    """Draw the reference from the benign queries of the tuning half and compare every query with it once."""
    benign = np.array([a in half.benign for a in windows.accounts])
    pool = np.flatnonzero(np.repeat(benign, windows.sizes()))
    ref = reference(windows.vectors[pool], rng, size=size)
    return Prepared(windows, ref, ref.near(windows.vectors), pool)


@dataclass(frozen=True)
class PaperScorer:
    """Discrepancy of an account's window in spreads of the independent null."""

    ready: Prepared
    null: Null

    @property
    def as_published(self) -> float:
        """The 95th percentile of benign against benign, as in the paper."""
        return self.null.upper

    @property
    def settings(self) -> str:
        """Size of the reference and of the largest window."""
        return f"reference {len(self.ready.ref.vectors)}, windows up to {max(self.null.sizes)}, independent benign null"

    def score(self, _log: Log) -> dict[str, float]:
        """A score for each account with at least two prompts."""
        windows = self.ready.windows
        sizes = windows.sizes()
        return {
            a: self.null.standard(self.ready.of_rows(self.ready.rows(i)), int(sizes[i]))
            for i, a in enumerate(windows.accounts)
            if sizes[i] >= 2
        }


@dataclass(frozen=True)
class MmdPaper:
    """The paper's protocol with an account's prompts as the window."""

    name: str = "mmd-paper"
    title: str = "MMD, paper protocol"
    seed: int = 0

    def candidates(self, log: Log, half: Half) -> Iterator[PaperScorer]:
        """One scorer: the paper leaves nothing to tune but the threshold."""
        if log.windows is None:
            return
        rng = np.random.default_rng(self.seed)
        ready = prepare(log.windows, half, rng)
        pool = log.windows.vectors[ready.pool]
        yield PaperScorer(ready, independent_null(ready.ref, pool, ready.near[ready.pool], rng))
