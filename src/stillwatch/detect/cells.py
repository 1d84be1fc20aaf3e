"""Cells: openings as one of a few hundred kinds, so that two corpora can be compared kind by kind.

With text, the kinds are cells of a codebook over content and style, fitted once on the first openings of the log and
frozen (k-means, fixed seed); without text, bins of input and output length. The mean of an account says where its corpus
lies, the cells say what it is made of: half a corpus mixed with ordinary prompts still shows cells that nobody else has.

Cells choose members of a set that was convicted otherwise. They are no evidence by themselves: interests are shared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.cluster.vq import kmeans2

from stillwatch.detect.families import UNIT, Family, Kept, real, vectors
from stillwatch.detect.log import Floats, Ints, Log, pairs
from stillwatch.detect.sketch import StaticEmbedding

CELLS = 128
FIT_ON = 4000
SEED = 11
TEMPER = 0.6
"""Weight of one opening: those of one party are not independent."""
MOST = 12.0
LENGTH_BINS = 10
CHUNK = 50_000
"""Openings whose cells are found at a time."""
CAP = 8
"""Openings of one party in one cell that count towards what everybody asks."""


@dataclass(frozen=True)
class Cells:
    """A codebook: ``centres`` (cells, d) over content and style at unit variance, or None without text."""

    centres: Floats | None
    scale: tuple[float, float]
    needs: int = 0
    """Openings that must have been seen before a look may use the cells."""

    @classmethod
    def fit(cls, log: Log, rows: Ints, found: dict[Family, Kept]) -> Cells:
        """Fit on the first :data:`FIT_ON` openings ``rows`` with vectors ``found``; frozen from then on."""
        if not log.with_text or len(rows) < 2 * CELLS:
            return cls(None, (1.0, 1.0), FIT_ON if log.with_text else 0)
        content, style = (real(found[family][:FIT_ON]) for family in (Family.CONTENT, Family.STYLE))
        scale = tuple(float(np.sqrt(max(x.var(0).sum(), 1e-9))) for x in (content, style))
        joint = np.hstack([content / scale[0], style / scale[1]])
        rng = np.random.default_rng(SEED)
        centres, _ = kmeans2(joint, min(CELLS, len(joint) // 2), iter=12, minit="++", seed=rng, missing="warn")
        return cls(centres, (scale[0], scale[1]), FIT_ON)

    def of(self, log: Log, rows: Ints, found: dict[Family, Kept]) -> Ints:
        """Cell of each opening of ``rows``, whose vectors are ``found``."""
        if self.centres is None:
            return _by_length(log, rows)
        content, style = found[Family.CONTENT], found[Family.STYLE]
        centres = self.centres.astype(np.float32)
        half = (centres**2).sum(1) / 2
        out = np.zeros(len(rows), np.int64)
        for start in range(0, len(rows), CHUNK):
            part = slice(start, start + CHUNK)
            scaled = (x[part] / np.float32(UNIT * s) for x, s in zip((content, style), self.scale, strict=True))
            out[part] = (np.hstack(list(scaled)) @ centres.T - half).argmax(1)  # the nearest centre
        return out

    def of_rows(self, log: Log, rows: Ints, embedding: StaticEmbedding | None = None) -> Ints:
        """Cell of any rows, each distinct text once, in bounded memory."""
        if self.centres is None:
            return _by_length(log, rows)
        codes, first, inverse = np.unique(log.prompt.codes[rows], return_index=True, return_inverse=True)
        out = np.zeros(len(codes), np.int64)
        for start in range(0, len(codes), CHUNK):
            part = rows[first[start : start + CHUNK]]
            out[start : start + CHUNK] = self.of(log, part, vectors(log, part, embedding))
        return out[inverse]


def _by_length(log: Log, rows: Ints) -> Ints:
    """Bins of the logarithms of input and output tokens."""
    sizes = [np.log1p(np.maximum(tokens[rows], 0)) * 1.2 for tokens in (log.input_tokens, log.output_tokens)]
    bins = [np.minimum(size, LENGTH_BINS).astype(np.int64) for size in sizes]
    return bins[0] * (LENGTH_BINS + 1) + bins[1]


@dataclass
class CellCounts:
    """Openings per party and cell, as of a moment: ``counts`` (parties, cells), whole numbers of 16 bits."""

    counts: npt.NDArray[np.uint16]
    party: Ints
    cell: Ints
    population: Floats
    capped: Ints
    needs: int = 0
    seen: int = 0

    @classmethod
    def start(cls, log: Log, rows: Ints, cell: Ints, needs: int = 0) -> CellCounts:
        """Nothing counted yet. ``needs``: openings that the codebook was fitted on (:attr:`Cells.needs`)."""
        width = int(cell.max(initial=0)) + 1
        counts = np.zeros((log.parties, width), np.uint16)
        return cls(counts, log.party[rows], cell, np.full(width, 1 / width), np.zeros(width, np.int64), needs)

    def advance(self, until: int) -> None:
        """Count the openings up to position ``until``; a party counts each cell at most :data:`CAP` times for everybody."""
        if until <= self.seen:
            return
        part = slice(self.seen, until)
        width = self.counts.shape[1]
        where, new = np.unique(pairs(self.party[part], self.cell[part], width), return_counts=True)
        party, cell = where // width, where % width
        before = self.counts[party, cell].astype(np.int64)
        self.counts[party, cell] = before + new
        self.capped += np.bincount(cell, np.minimum(before + new, CAP) - np.minimum(before, CAP), width).astype(
            np.int64
        )
        self.seen = until
        every = self.capped + 0.5
        self.population = every / every.sum()

    def lean(self, parties: Ints, members: Ints, weight: Floats) -> Floats:
        """Log ratio per party: its openings among the members' corpus (leave one out) against the log's, within +-12.

        0 until the codebook's openings have all been seen (a look must not use what came later).
        """
        if self.seen < self.needs:
            return np.zeros(len(parties))
        own = np.zeros(len(self.counts))
        own[members] = weight
        pooled = weight @ self.counts[members]
        return self._lean(self.counts[parties], pooled[None], np.zeros(len(parties), np.int64), own[parties])

    def lean_of_sets(self, members: Ints, starts: Ints, weight: Floats) -> Floats:
        """:meth:`lean` of the members of many sets, each among its own: ``members`` one set after the other, ``starts`` where each begins."""
        if self.seen < self.needs:
            return np.zeros(len(members))
        mine = self.counts[members]
        of_set = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(members)]))
        return self._lean(mine, np.add.reduceat(weight[:, None] * mine, starts), of_set, weight)

    def _lean(self, mine: npt.NDArray[np.uint16], pooled: Floats, of_set: Ints, weight: Floats) -> Floats:
        """``mine`` (k, cells) against the others of ``pooled`` (sets, cells); only the cells that a party shows count."""
        row, cell = np.nonzero(mine)
        shown = mine[row, cell].astype(np.float64)
        total = (pooled.sum(1)[of_set] - weight * mine.sum(1))[row]
        blur = 0.1 * np.sqrt(np.maximum(total, 0)) + 1
        usual = self.population[cell]
        corpus = (pooled[of_set[row], cell] - weight[row] * shown + blur * usual) / (total + blur)
        ratio = np.clip(np.log(corpus / usual), -3, 3)
        return np.asarray(np.clip(TEMPER * np.bincount(row, shown * ratio, len(mine)), -MOST, MOST))
