"""Cells: openings as one of a few hundred kinds, so that two corpora can be compared kind by kind.

With text, the kinds are cells of a codebook over content and style, fitted once on the first openings of the log and
frozen (k-means, fixed seed); without text, bins of input and output length. The mean of an account says where its corpus
lies, the cells say what it is made of: half a corpus mixed with ordinary prompts still shows cells that nobody else has.

Cells choose members of a set that was convicted otherwise. They are no evidence by themselves: interests are shared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.cluster.vq import kmeans2, vq

from stillwatch.detect.families import Family
from stillwatch.detect.log import Floats, Ints, Log

CELLS = 128
FIT_ON = 4000
SEED = 11
TEMPER = 0.6
"""Weight of one opening: those of one party are not independent."""
MOST = 12.0
LENGTH_BINS = 10


def cells_of(log: Log, rows: Ints, found: dict[Family, Floats]) -> Ints:
    """Cell of each opening, below :data:`CELLS`. The codebook sees the first :data:`FIT_ON` openings only."""
    if Family.CONTENT not in found or len(rows) < CELLS:
        return _by_length(log, rows)
    content, style = found[Family.CONTENT], found[Family.STYLE]
    first = slice(0, FIT_ON)
    scale = [np.sqrt(max(float(x[first].var(0).sum()), 1e-9)) for x in (content, style)]
    joint = np.hstack([content / scale[0], style / scale[1]])
    rng = np.random.default_rng(SEED)
    centres, _ = kmeans2(joint[first], CELLS, iter=12, minit="++", seed=rng, missing="warn")
    return vq(joint, centres)[0].astype(np.int64)


def _by_length(log: Log, rows: Ints) -> Ints:
    """Bins of the logarithms of input and output tokens."""
    bins = [np.minimum(np.log1p(np.maximum(t[rows], 0)) * 1.2, LENGTH_BINS).astype(np.int64) for t in (log.input_tokens, log.output_tokens)]
    return bins[0] * (LENGTH_BINS + 1) + bins[1]


@dataclass
class CellCounts:
    """Openings per party and cell, as of a moment."""

    counts: Floats
    party: Ints
    cell: Ints
    population: Floats
    seen: int = 0

    @classmethod
    def start(cls, log: Log, rows: Ints, cell: Ints) -> CellCounts:
        """Nothing counted yet."""
        width = int(cell.max(initial=0)) + 1
        return cls(np.zeros((log.parties, width)), log.party[rows], cell, np.full(width, 1 / width))

    def advance(self, until: int) -> None:
        """Count the openings up to position ``until``."""
        if until <= self.seen:
            return
        part = slice(self.seen, until)
        np.add.at(self.counts, (self.party[part], self.cell[part]), 1)
        self.seen = until
        every = np.minimum(self.counts, 8).sum(0) + 0.5
        self.population = every / every.sum()

    def lean(self, parties: Ints, members: Ints, weight: Floats) -> Floats:
        """Log ratio per party: its openings among the members' corpus (leave one out) against the log's, within +-12."""
        own = np.zeros(len(self.counts))
        own[members] = weight
        pooled = own[members] @ self.counts[members]
        mine = self.counts[parties]
        others = pooled - own[parties][:, None] * mine
        total = others.sum(1, keepdims=True)
        blur = 0.1 * np.sqrt(total) + 1
        corpus = (others + blur * self.population) / (total + blur)
        ratio = np.log(corpus / self.population)
        return np.clip(TEMPER * (mine * np.clip(ratio, -3, 3)).sum(1), -MOST, MOST)
