"""Counting: how much of a campaign's traffic is extraction, with the ordinary use taken out.

The conversations of a campaign are a mixture of a corpus and, perhaps, of ordinary people's use (filler, a pool's paying
customers). Conversations fall into cells, by what the opening is about. Where ordinary people often ask and the campaign
hardly ever does, there is no ordinary use in it; where it holds a steady fraction of what everybody asks, cell after
cell, that fraction is ordinary use. The level is the median, over what ordinary people ask, of the ratio of the campaign's
cells to everybody else's (a robust form of the mixture proportion of Blanchard, Lee and Scott 2010, whose infimum is zero
as soon as one subject is missing). A conversation's probability of being ordinary is level p_other / p_campaign of its
cell, at most 1. Everybody else counts by party, not by conversation, so that no large customer stands for all.

Nobody's ordinary use is in all languages: what a pool in one country resells is in that country's. So the level is taken
within each *tongue*, a group of cells that hardly anybody leaves (:func:`tongues`); over all cells at once, a pool whose
customers write Chinese has no level, since it holds next to nothing of what most people ask. A tongue of few cells is not
told apart from a corpus that is written in it, nor a cell that no people use from a tongue: they go with the largest.

Intervals: bootstrap over the campaign's parties and over everybody else's, with the level estimated anew, widened by the
error of the cells themselves, and below by what ordinary use puts above its level by itself, by chance and because the
customers of a pool, who are taken to be no fewer than its accounts, have interests of their own (:func:`by_customers`).
Measured on simulated mixtures in the tests, and in the lab's worlds (``docs/reference/lab-benchmark.md``).
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
APART = 0.15
"""Two groups of cells are tongues of their own where people use both less often than this share of what chance gives."""
MOST_PEOPLE = 5000
"""People from whom tongues and interests are read, evenly out of all."""
SHOWN = 8
"""Conversations from which a person's interests are known."""
LEAST_CELLS = 8
"""Cells from which a tongue has a level of its own: a median of fewer is the corpus's as easily as people's."""
DRAWS = 50
"""Draws of a pool's customers."""


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


def tongues(use: Floats) -> Ints:
    """Groups of cells that people hardly ever leave: (cells,), numbered from 0; the largest also gathers the small ones.

    ``use`` (parties, cells): share of each cell among a party's conversations. The two groups that people use together
    most, relative to chance, are joined until no two are used together at :data:`APART` of chance.
    """
    group = np.arange(use.shape[1])
    totals = use.sum(0)
    joint = use.T @ use
    alive = totals > 0
    while alive.sum() > 1:
        expected = np.outer(totals, totals) / max(len(use), 1)
        lift = np.where(np.outer(alive, alive), joint / np.maximum(expected, 1e-12), -1.0)
        np.fill_diagonal(lift, -1.0)
        left, right = np.unravel_index(int(lift.argmax()), lift.shape)
        if lift[left, right] < APART:
            break
        joint[left] += joint[right]
        joint[:, left] += joint[:, right]
        totals[left] += totals[right]
        alive[right] = False
        group[group == right] = left
    large = np.bincount(group, minlength=len(group)) >= LEAST_CELLS
    if large.any():
        group[~large[group]] = np.where(large, totals, -1.0).argmax()
    return np.unique(group, return_inverse=True)[1] if large.any() else np.zeros(len(group), np.int64)


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
    base, squares = everybody_else(talk, ~suspects, crowd), _squares(talk, ~suspects, crowd)
    people, weight = _people(talk, ~suspects, crowd, width, SHOWN)
    tongue = tongues(_people(talk, ~suspects, crowd, width, 1)[0])
    rank = np.full(len(suspects), -1)
    rank[members] = np.arange(len(members))
    rows = np.flatnonzero((rank[talk.party] >= 0) & (talk.cell != NONE))
    per_party, per_exchange = np.zeros((len(members), width)), np.zeros((len(members), width))
    np.add.at(per_party, (rank[talk.party[rows]], talk.cell[rows]), 1)
    np.add.at(per_exchange, (rank[talk.party[rows]], talk.cell[rows]), talk.size[rows])
    own = per_party.sum(0)
    most = ordinary_most(own, base, tongue)
    rng = np.random.default_rng(SEED)
    exchanges, openings = [], []
    for _ in range(RESAMPLES):
        drawn = np.bincount(rng.integers(0, len(members), len(members)), minlength=len(members))
        counts, sent = drawn @ per_party, drawn @ per_exchange
        keep = 1 - _posterior(ordinary_most(counts, _drawn(rng, base, squares), tongue), counts)
        exchanges.append(float(sent @ keep) / max(float(sent.sum()), 1))
        openings.append(float(counts @ keep) / max(float(counts.sum()), 1))
    chance = by_customers(most, people, weight, len(members), tongue) / max(float(own.sum()), 1)
    ordinary = np.full(len(talk.cell), np.nan)
    ordinary[rows] = _posterior(most, own)[talk.cell[rows]]
    return Estimate(
        ordinary,
        _interval(
            float((1 - ordinary[rows]) @ talk.size[rows]), np.array(exchanges), float(talk.size[rows].sum()), chance
        ),
        _interval(float((1 - ordinary[rows]).sum()), np.array(openings), float(len(rows)), chance),
        float(ordinary[rows].mean()) if len(rows) else 0.0,
    )


def ordinary_most(own: Floats, base: Floats, tongue: Ints) -> Floats:
    """Conversations of a campaign that may be ordinary, per cell: the level of the cell's tongue times what people ask.

    ``own`` (cells,) counts the campaign's, ``base`` (cells,) weighs everybody else's; :func:`ordinary_level` within each
    group of ``tongue`` (cells,).
    """
    out = np.zeros(len(own))
    for number in range(int(tongue.max(initial=-1)) + 1):
        here = tongue == number
        theirs = base[here] / max(base[here].sum(), 1e-12)
        out[here] = ordinary_level(own[here], base[here]) * theirs * own[here].sum()
    return out


def _squares(talk: Conversations, others: Bools, weight: Floats) -> Floats:
    """Sum over the others of the square of what each adds to a cell of :func:`everybody_else`: (cells,)."""
    width = int(talk.cell.max(initial=0)) + 1
    rows = others[talk.party] & (talk.cell != NONE)
    each = np.bincount(talk.party[rows], minlength=len(weight))
    key, count = np.unique(talk.party[rows].astype(np.int64) * width + talk.cell[rows], return_counts=True)
    party = key // width
    return np.asarray(np.bincount(key % width, (count * weight[party] / each[party]) ** 2, width))


def _drawn(rng: np.random.Generator, base: Floats, squares: Floats) -> Floats:
    """Everybody else as other people of the same kind might have been: gamma per cell, as a bootstrap over them gives."""
    shape = base**2 / np.maximum(squares, 1e-300)
    return np.where(base > 0, rng.gamma(np.maximum(shape, 1e-12)) * squares / np.maximum(base, 1e-300), 0.0)


def _people(talk: Conversations, others: Bools, weight: Floats, width: int, least: int) -> tuple[Floats, Floats]:
    """Shares of the cells among the conversations of parties marked ``others`` (k, cells), and how much each counts.

    Those with at least ``least`` conversations; at most :data:`MOST_PEOPLE` of them.
    """
    rows = others[talk.party] & (talk.cell != NONE)
    people = np.flatnonzero(np.bincount(talk.party[rows], minlength=len(others)) >= least)
    people = people[:: max(1, -(-len(people) // MOST_PEOPLE))]
    place = np.full(len(others), NONE)
    place[people] = np.arange(len(people))
    rows &= place[talk.party] != NONE
    key = place[talk.party[rows]] * width + talk.cell[rows]
    counts = np.bincount(key, minlength=len(people) * width).reshape(len(people), width)
    return np.asarray(counts / np.maximum(counts.sum(1, keepdims=True), 1)), weight[people]


def _posterior(most: Floats, own: Floats) -> Floats:
    """Probability that a conversation of each cell is ordinary."""
    return np.asarray(np.clip(most / np.maximum(own, 1e-12), 0, 1))


def by_chance(most: Floats) -> float:
    """Conversations that chance alone may put above the ordinary level of their cells.

    Ordinary use fills a cell with a Poisson number of conversations around mu = ``most`` (cells,). What lies above counts
    as extraction, what lies below takes nothing away, so ordinary use by itself leaves E max(X - mu, 0) in each cell: much
    where the campaign is small, ordinary use most of it, and the cells many.
    """
    return float(np.where(most > 0, most * poisson.pmf(np.floor(most), most), 0.0).sum())


def by_customers(most: Floats, people: Floats, weight: Floats, count: int, tongue: Ints) -> float:
    """Conversations that ordinary use leaves above its level if it is the use of ``count`` people.

    People have interests of their own, so the fewer there are behind a pool, the less their sum looks like everybody.
    How many there are is not known: as many as accounts, at least. ``people`` (k, cells) are ordinary ones, drawn by
    ``weight`` (k,), in each tongue its part of them; the mean over draws, and :func:`by_chance` where nobody is known.
    """
    rng = np.random.default_rng(SEED)
    left = 0.0
    for number in np.unique(tongue[most > 0]):
        here = tongue == number
        theirs, amount = people[:, here], float(most[here].sum())
        speaks = weight * theirs.sum(1)
        if not speaks.any():
            left += by_chance(most[here])
            continue
        some = max(1, round(count * amount / float(most.sum())))
        for _ in range(DRAWS):
            mixed = theirs[rng.choice(len(people), some, p=speaks / speaks.sum())].sum(0)
            sent = rng.poisson(mixed * (amount / float(mixed.sum())))
            left += float(np.maximum(sent - most[here], 0).sum()) / DRAWS
    return left


def _interval(value: float, shares: Floats, total: float, chance: float) -> Interval:
    """Quantiles of the resampled share, times what was observed, widened by the model's error, and below by ``chance``.

    Above, the ordinary part is widened too: no cell holds less than its ordinary level, so the level is rather too high.
    """
    low, high = (float(q) * total for q in np.quantile(shares, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
    low = min(low, value) * (1 - MODEL_ERROR) - chance * total
    high = max(high, value) * (1 + MODEL_ERROR) + MODEL_ERROR * (total - value)
    return Interval(value, max(low, 0.0), min(high, total), LEVEL)
