"""Counting: how much of a campaign's traffic is extraction, with the ordinary use taken out.

The conversations of a campaign are a mixture of a corpus and, perhaps, of ordinary people's use (filler, a pool's paying
customers). Conversations fall into cells, by what the opening is about. Where ordinary people often ask and the campaign
hardly ever does, there is no ordinary use in it; where it holds a steady fraction of what everybody asks, cell after
cell, that fraction is ordinary use. The level is the median, over what ordinary people ask, of the ratio of the campaign's
cells to everybody else's (a robust form of the mixture proportion of Blanchard, Lee and Scott 2010, whose infimum is zero
as soon as one subject is missing). A conversation's probability of being ordinary is level p_other / p_campaign of its
cell, at most 1. Everybody else counts by party, not by conversation, so that no large customer stands for all.

Intervals: bootstrap over the campaign's parties with lambda estimated anew, widened by the error of the cells themselves,
and below by what chance puts above the ordinary level (:func:`by_chance`). Measured on simulated mixtures in the tests.
Not claimed: which single exchange is extraction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import poisson

from stillwatch.detect.log import NONE, Bools, Floats, Ints, Log
from stillwatch.evidence.claims import Interval

RESAMPLES = 200
SEED = 5
LEVEL = 0.9
MODEL_ERROR = 0.08
"""Relative error of the estimate that a bootstrap over parties cannot see; added to both ends."""
LEAST_EXPECTED = 3.0
WHOLE = 0.2
"""An ordinary level below this is not told apart from none: corpora touch everyday subjects too."""


@dataclass(frozen=True)
class Conversations:
    """All conversations of the log: opening row, party, cell of the opening (:data:`NONE` where unread), exchanges."""

    opening: Ints
    party: Ints
    cell: Ints
    size: Ints
    of_exchange: Ints

    @classmethod
    def build(cls, log: Log, opening_of: Ints, cell_of_row: Ints) -> Conversations:
        """``opening_of`` per exchange (rows); ``cell_of_row`` per exchange, as of its own text."""
        opening, of_exchange, size = np.unique(opening_of, return_inverse=True, return_counts=True)
        return cls(opening, log.party[opening], cell_of_row[opening], size, of_exchange)


@dataclass(frozen=True)
class Estimate:
    """Extraction of one campaign: ``ordinary`` per conversation of the log (0..1, nan outside), totals with interval."""

    ordinary: Floats
    extraction: Interval
    conversations: Interval
    ordinary_share: float

    def without_text(self, talk: Conversations) -> Estimate:
        """Lengths do not tell ordinary use from a corpus: nothing is taken out, and the interval says how much might be."""
        counted = np.isfinite(self.ordinary)
        every = float(talk.size[counted].sum()), float(counted.sum())
        both = (self.extraction, self.conversations)
        widest = [Interval(whole, i.low, whole, i.level) for i, whole in zip(both, every, strict=True)]
        return Estimate(np.where(counted, 0.0, np.nan), widest[0], widest[1], 0.0)


def ordinary_level(campaign: Floats, others: Floats) -> float:
    """Median ratio of the campaign's cells to others', weighted by the others; (cells,) counts each. 0 where below noise.

    Cells where fewer than three conversations would be expected say nothing.
    """
    theirs = others / max(others.sum(), 1e-12)
    own = campaign / max(campaign.sum(), 1)
    usable = theirs * campaign.sum() >= LEAST_EXPECTED
    if not usable.any():
        return 0.0
    ratio, weight = own[usable] / theirs[usable], theirs[usable]
    order = np.argsort(ratio, kind="stable")
    level = float(ratio[order][np.searchsorted(np.cumsum(weight[order]), weight.sum() / 2)])
    return 0.0 if level < WHOLE else min(level, 1.0)


def everybody_else(talk: Conversations, others: Bools, weight: Floats) -> Floats:
    """Cells of the parties marked ``others``, each party counting ``weight``: (cells,)."""
    width = int(talk.cell.max(initial=0)) + 1
    rows = others[talk.party] & (talk.cell != NONE)
    each = np.bincount(talk.party[rows], minlength=len(weight))
    per = weight[talk.party[rows]] / each[talk.party[rows]]
    return np.asarray(np.bincount(talk.cell[rows], per, width), np.float64)


def crowd_of(lean: Floats) -> Floats:
    """Weights (parties,) of the ordinary people a campaign is compared with: half everybody, half users of its set-up.

    ``lean``: log ratio of each party's set-up among the campaign's members. A pool's customers are partly like everybody,
    partly like those who use its client.
    """
    alike = np.exp(lean)
    return np.asarray(1 / len(lean) + alike / alike.sum())


def estimate(talk: Conversations, members: Ints, suspects: Bools, crowd: Floats) -> Estimate:
    """Estimate one campaign.

    ``members`` parties (k,); ``suspects`` (parties,) are those of any campaign. ``crowd`` (parties,): how much each other
    party counts as an ordinary user of what the campaign offers (see :func:`crowd_of`).
    """
    width = int(talk.cell.max(initial=0)) + 1
    base = everybody_else(talk, ~suspects, crowd)
    rank = np.full(len(suspects), -1)
    rank[members] = np.arange(len(members))
    rows = np.flatnonzero((rank[talk.party] >= 0) & (talk.cell != NONE))
    per_party, per_exchange = np.zeros((len(members), width)), np.zeros((len(members), width))
    np.add.at(per_party, (rank[talk.party[rows]], talk.cell[rows]), 1)
    np.add.at(per_exchange, (rank[talk.party[rows]], talk.cell[rows]), talk.size[rows])
    own = per_party.sum(0)
    level = ordinary_level(own, base)
    odd, chance = _posterior(level, own, base), by_chance(level, own, base)
    ordinary = np.full(len(talk.cell), np.nan)
    ordinary[rows] = odd[talk.cell[rows]]
    rng = np.random.default_rng(SEED)
    exchanges, openings = [], []
    for _ in range(RESAMPLES):
        drawn = np.bincount(rng.integers(0, len(members), len(members)), minlength=len(members))
        counts, sent = drawn @ per_party, drawn @ per_exchange
        keep = 1 - _posterior(ordinary_level(counts, base), counts, base)
        exchanges.append(float(sent @ keep) / max(float(sent.sum()), 1))
        openings.append(float(counts @ keep) / max(float(counts.sum()), 1))
    return Estimate(
        ordinary,
        _interval(
            float((1 - ordinary[rows]) @ talk.size[rows]), np.array(exchanges), float(talk.size[rows].sum()), chance
        ),
        _interval(float((1 - ordinary[rows]).sum()), np.array(openings), float(len(rows)), chance),
        float(ordinary[rows].mean()) if len(rows) else 0.0,
    )


def _posterior(level: float, own: Floats, base: Floats) -> Floats:
    """Probability that a conversation of each cell is ordinary."""
    mine, theirs = own / max(own.sum(), 1), base / max(base.sum(), 1e-12)
    return np.asarray(np.clip(level * theirs / np.maximum(mine, 1e-12), 0, 1))


def by_chance(level: float, own: Floats, base: Floats) -> float:
    """Share of a campaign's conversations that chance alone may put above the ordinary level of their cells.

    Ordinary use fills a cell with a Poisson number of conversations around mu. What lies above counts as extraction,
    what lies below takes nothing away, so ordinary use by itself leaves E max(X - mu, 0) in each cell: much where the
    campaign is small, ordinary use most of it, and the cells many.
    """
    mu = level * base / max(base.sum(), 1e-12) * own.sum()
    whole = np.floor(mu)
    above = np.where(mu > 0, mu * poisson.pmf(whole, mu), 0.0)
    return float(above.sum() / max(own.sum(), 1))


def _interval(value: float, shares: Floats, total: float, chance: float) -> Interval:
    """Quantiles of the resampled share, times what was observed, widened by the model's error, and below by ``chance``.

    Above, the ordinary part is widened too: no cell holds less than its ordinary level, so the level is rather too high.
    """
    low, high = (float(q) * total for q in np.quantile(shares, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
    low = min(low, value) * (1 - MODEL_ERROR) - chance * total
    high = max(high, value) * (1 + MODEL_ERROR) + MODEL_ERROR * (total - value)
    return Interval(value, max(low, 0.0), min(high, total), LEVEL)
