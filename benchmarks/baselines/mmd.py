"""MMD by the protocol of the paper, tuned and measured as the other baselines are.

The statistic itself, with its source, stands in ``stillwatch.lab.detectors.mmd``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stillwatch.lab.detectors.mmd import Kernel, Null, Reference, independent_null, inner_mean, median_kernel, null_of
from stillwatch.lab.detectors.mmd import draw_reference as reference
from stillwatch.lab.detectors.windows import Floats

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.baselines.log import Log, Windows
    from benchmarks.baselines.protocol import Half

__all__ = ["Kernel", "MmdPaper", "Null", "PaperScorer", "Prepared", "Reference", "independent_null", "inner_mean",
           "median_kernel", "null_of", "prepare", "reference"]  # fmt: skip


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
