"""Individuality: do the members of a set differ from one another as people do, or are they dealt one corpus?

A corpus dealt over many accounts makes the accounts statistically alike; people are not. For a set of accounts with
conversation openings as vectors x in R^d, only three sums per account are needed: how many (n), their sum (s) and the
sum of their squared norms (q). They merge, they need no text again, and any subset is tested without touching rows.

* :func:`squared_distance`: the unbiased squared distance between an account's mean and a centre (a U-statistic).
* :func:`dealt_against_people`: the likelihood ratio of one account, *dealt from this centre* against *a person around it*.
* :func:`set_evidence`: the e-value of a set, as a mixture in which an unknown share of the accounts is dealt.

Null hypothesis (separate people): each account of the set is a party of its own whose mean lies at a squared distance
``delta`` from the set's centre, ``delta`` drawn from the spread of people in this log (:class:`Spread`), independently.
Assumptions: openings of one account are exchangeable; the mean of a handful of openings is near normal. The centre is
estimated from the *other* members (leave one out). Failing to reject *dealt* is never evidence: an account with few
openings has a ratio near 1 and moves nothing, so a small set is not convicted by lack of data.
Error rate: under the null and a fixed centre each ratio has expectation 1, so their mixture product is an e-value
(Vovk and Wang 2021). The centre is estimated, so a run reports how the other sets of the same log, formed by the same
linking, came out (``stillwatch.campaigns.guarantee``).

Source for the correlation: Donner 1986, "A review of inference procedures for the intraclass correlation coefficient".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.integer]
Bools = npt.NDArray[np.bool_]

MIXTURE = (0.1, 0.3, 0.6, 0.9)
"""Shares of dealt accounts over which :func:`set_evidence` averages, with equal weight."""
MOST = 8.0
"""Natural logarithm of the largest ratio one account may contribute (no single account decides)."""
LEAST = -30.0
PEOPLE_DEFAULT = (0.010, 0.016, 0.022, 0.028, 0.034, 0.041, 0.049, 0.058, 0.070, 0.085, 0.11, 0.17)
"""Squared distances of people's means from their population's, in units of the variance: twelve equally likely values.

Used until the log itself has :data:`PEOPLE_NEEDED` accounts with enough openings, and as an upper bound from then on.
Order of magnitude of the correlation measured on real users of a public chat (4 to 5.5 %).
"""
PEOPLE_NEEDED = 100
ENOUGH_OPENINGS = 20
BLOCK = 2_000
"""Members judged at a time (:func:`evidence_of_sets`)."""
SETTLED = 0.02
"""Change of a responsibility below which a set's members are settled."""
LIKELY = 0.5
"""Responsibility above which a member counts as dealt."""
ALIKE = 0.85
"""Linked people (colleagues, classmates) are more alike than strangers: their spread is taken as 0.85 times the strangers'."""


@dataclass(frozen=True)
class Sums:
    """Sums per account of one family: ``n`` (k,), ``s`` (k, d), ``q`` (k,)."""

    n: Floats
    s: Floats
    q: Floats

    @classmethod
    def zeros(cls, accounts: int, dimensions: int) -> Self:
        """Nothing summed yet."""
        return cls(np.zeros(accounts), np.zeros((accounts, dimensions)), np.zeros(accounts))

    def add(self, who: Ints, x: Floats) -> None:
        """Add openings ``x`` (k, d) of the accounts ``who`` (k,), in place."""
        np.add.at(self.n, who, 1)
        np.add.at(self.s, who, x)
        np.add.at(self.q, who, (x**2).sum(1))

    def of(self, members: Ints) -> Sums:
        """The sums of some accounts."""
        return Sums(self.n[members], self.s[members], self.q[members])

    @property
    def variance(self) -> float:
        """Total variance of an opening around the common mean (trace of the covariance)."""
        total = self.n.sum()
        if total < 2:
            return 0.0
        mean = self.s.sum(0) / total
        return float(self.q.sum() / total - mean @ mean)


def correlation(sums: Sums) -> float:
    """Intraclass correlation of a set: 0 when dealt, positive for people; nan with too little data.

    rho = (W - B) / (V - B), with W the mean inner product within accounts, B between accounts, V the mean squared norm.
    Unbiased numerator for any n >= 2 and unequal sizes.
    """
    return float(correlations(sums, np.zeros(1, np.int64), np.ones(len(sums.n), bool))[0])


def correlations(sums: Sums, starts: Ints, counted: Bools) -> Floats:
    """:func:`correlation` of many sets, one after the other, over the members that are ``counted`` (k,)."""
    if not len(sums.n):
        return np.full(len(starts), np.nan)
    keep = counted & (sums.n >= 2)

    def total(values: Floats) -> Floats:
        return np.asarray(np.add.reduceat(np.where(keep, values, 0.0), starts))

    all_s = np.add.reduceat(sums.s * keep[:, None], starts)
    n, q, norms = total(sums.n), total(sums.q), total((sums.s**2).sum(1))
    members, squares = np.add.reduceat(keep.astype(np.int64), starts), total(sums.n**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        within = (norms - q) / (squares - n)
        between = ((all_s**2).sum(1) - norms) / (n**2 - squares)
        left = q / n - between
        rho = (within - between) / left
        known = (members >= 2) & (left > 1e-12 * q / n)
    return np.where(known, rho, np.nan)


def squared_distance(sums: Sums, centre: Floats) -> Floats:
    """Unbiased squared distance of each account's mean from ``centre`` ((d,) or (k, d)); nan below two openings."""
    return _distance(sums.n, sums.q, *Dots.with_centre(sums.s, centre))


def _distance(n: Floats, q: Floats, ss: Floats, sg: Floats, gg: Floats) -> Floats:
    """:func:`squared_distance` from products: of the sum with itself, of the sum and of the centre with the centre."""
    out = np.full(len(n), np.nan)
    ok = n >= 2
    raw = ss - q - 2 * (n - 1) * sg + n * (n - 1) * gg
    out[ok] = raw[ok] / (n[ok] * (n[ok] - 1))
    return out


class Dots(NamedTuple):
    """Inner products (k,) that distances from a centre are made of: sums with themselves, with the centre, the centre's own."""

    ss: Floats
    sg: Floats
    gg: Floats

    @classmethod
    def with_centre(cls, s: Floats, centre: Floats) -> Self:
        """Of sums ``s`` (k, d) with a centre (d,) or one each (k, d)."""
        own = np.einsum("kd,kd->k", s, s)
        if centre.ndim == 1:
            return cls(own, s @ centre, np.full(len(s), centre @ centre))
        return cls(own, np.einsum("kd,kd->k", s, centre), np.einsum("kd,kd->k", centre, centre))

    @classmethod
    def leave_one_out(cls, ss: Floats, sp: Floats, pp: Floats, weight: Floats, left: Floats) -> Self:
        """With the centre of the others.

        ``sp``, ``pp`` are products with the weighted sum of all, of which each gives ``weight`` times its own; ``left``
        (k,) is the number of openings that remain.
        """
        left = np.maximum(left, 1.0)
        return cls(ss, (sp - weight * ss) / left, np.maximum(pp - 2 * weight * sp + weight**2 * ss, 0) / left**2)


@dataclass(frozen=True)
class Spread:
    """How far people's means lie apart in this log, and how noisy a mean is.

    ``variance``: V, of one opening. ``concentration``: tr(S^2) / V^2 of the covariance S within accounts (the inverse
    of the effective number of dimensions). ``people``: equally likely squared distances, in units of V.
    """

    variance: float
    concentration: float
    people: Floats
    learned: bool

    @classmethod
    def learn(cls, sums: Sums, outer: Floats) -> Self:
        """Learn from all accounts of the log; ``outer`` (d, d) is the sum of x x' over all their openings.

        Campaigns among them must not make honest people look alike. A pool dealt one corpus can only make the spread
        smaller, hence the test more careful; machines and pools dealt by subject can make it larger, and then people
        would look dealt beside them. So the spread is never taken to be larger than that of real people.
        """
        variance = max(sums.variance, 1e-12)
        ok = sums.n >= 2
        n, s = sums.n[ok], sums.s[ok]
        degrees = max(float(n.sum() - len(n)), 1.0)
        lone = sums.s[~ok]
        within = (outer - lone.T @ lone - (s / np.maximum(n, 1)[:, None]).T @ s) / degrees
        concentration = float((within**2).sum() / max(np.trace(within), 1e-12) ** 2)
        big = sums.n >= ENOUGH_OPENINGS
        people, learned = np.array(PEOPLE_DEFAULT), False
        if big.sum() >= PEOPLE_NEEDED:
            centre = sums.s.sum(0) / max(sums.n.sum(), 1)
            seen = squared_distance(sums.of(np.flatnonzero(big)), centre) / variance
            levels = (np.arange(24) + 0.5) / 24
            most = np.interp(levels, (np.arange(len(people)) + 0.5) / len(people), people)
            people, learned = np.minimum(np.clip(np.quantile(seen, levels), 0.004, None), most), True
        return cls(variance, min(max(concentration, 1e-3), 1.0), people * ALIKE, learned)


def dealt_against_people(n: Floats, distance: Floats, spread: Spread) -> Floats:
    """Natural logarithm of the likelihood ratio of *dealt* against *a person*, per account.

    ``n`` openings (k,), ``distance`` from :func:`squared_distance` (k,). 0 below two openings.
    Dealt: the distance is normal around 0 with variance 2 tr(S^2) / (n (n - 1)). A person: around her own ``delta``,
    with the further variance 4 delta tr(S^2)/V / n, averaged over the people of the log.
    """
    out = np.zeros(len(n))
    ok = (n >= 2) & np.isfinite(distance)
    if ok.any():
        size = n[ok]
        out[ok] = _log_ratio(
            size, 2 * spread.concentration / (size * (size - 1)), distance[ok] / spread.variance, spread
        )
    return out


def _log_ratio(size: Floats, noise: Floats, distance: Floats, spread: Spread) -> Floats:
    """Normal around 0 against the mixture of normals around the people's distances; all in units of the variance."""
    dealt = noise[:, None] + 1e-6
    t = distance[:, None]
    log_dealt = -0.5 * t**2 / dealt - 0.5 * np.log(dealt)
    person = dealt + 4 * spread.people[None] * spread.concentration / size[:, None]
    exponent = -0.5 * (t - spread.people[None]) ** 2 / person - 0.5 * np.log(person)
    top = exponent.max(1, keepdims=True)
    log_person = top + np.log(np.exp(exponent - top).mean(1, keepdims=True))
    return np.asarray(np.clip((log_dealt - log_person)[:, 0], LEAST, MOST))


def reach(n: Floats, spread: Spread) -> Floats:
    """Log ratio of an account with ``n`` openings that lies exactly at the centre: what its size lets it say.

    Depends on sizes only, so it may select the sets worth judging. Chance can give a little more (a distance estimated
    below 0); an account is never counted on for that.
    """
    sizes, where = np.unique(n, return_inverse=True)
    return np.maximum(dealt_against_people(sizes, np.zeros(len(sizes)), spread), 0.0)[where]


def mixture(log_ratios: Floats) -> float:
    """Natural logarithm of the e-value of a set from its members' log ratios: mean over shares of prod(1 - pi + pi L)."""
    return float(mixtures(log_ratios, np.zeros(1, np.int64))[0])


def mixtures(log_ratios: Floats, starts: Ints) -> Floats:
    """:func:`mixture` of many sets, one after the other; ``starts`` (sets,) where each begins."""
    if not len(log_ratios):
        return np.zeros(len(starts))
    ratios = np.exp(log_ratios)
    values = np.stack([np.add.reduceat(np.log1p(pi * (ratios - 1)), starts) for pi in MIXTURE])
    top = values.max(0)
    return np.asarray(top + np.log(np.exp(values - top).mean(0)))


def resemblance(sums: Sums, centre: Floats, population: Floats, spread: Spread) -> Floats:
    """How much more an account's openings look like the set's corpus than like a stranger's: a log ratio, tempered.

    ``centre`` (d,) or (k, d) of the set, ``population`` (d,) of the log. *Dealt from the centre* against *a person around
    the population's mean*. It chooses members and weighs them; it is no evidence against anybody, since a person may
    well share the corpus's subject. Clipped to +-20 and halved, because word counts are not normal.
    """
    strange = Dots.with_centre(sums.s, population)
    return _resemblance(sums.n, Dots.with_centre(sums.s, centre), strange, spread)


def _resemblance(n: Floats, dots: Dots, strange: Dots, spread: Spread) -> Floats:
    """:func:`resemblance` from the products with the centre, and with the population's mean."""
    size = np.maximum(n, 1.0)
    dimensions = 1 / spread.concentration
    tau = float(np.mean(spread.people)) / ALIKE
    near, far = (d.ss / size**2 - 2 * d.sg / size + d.gg for d in (dots, strange))
    scale = size * dimensions / (2 * spread.variance)
    out = scale * (far / (1 + size * tau) - near) + dimensions / 2 * np.log1p(size * tau)
    return np.where(n >= 1, np.clip(out, -20, 20) / 2, 0.0)


def against_centre(sums: Sums, population: Floats, spread: Spread, pool: Pool, weight: Floats) -> tuple[Floats, Floats]:
    """Resemblance and log ratio of *dealt against people*, per account, against the centre of a pool's others.

    ``weight`` (k,): how much of each account is in the pool (0 for an outsider), and is left out of its centre.
    """
    sp = sums.s @ pool.s
    ss = np.einsum("kd,kd->k", sums.s, sums.s)
    dots = Dots.leave_one_out(ss, sp, np.full(len(ss), pool.s @ pool.s), weight, pool.n - weight * sums.n)
    strange = Dots(ss, sums.s @ population, np.full(len(ss), population @ population))
    ratio = dealt_against_people(sums.n, _distance(sums.n, sums.q, *dots), spread)
    return _resemblance(sums.n, dots, strange, spread), ratio


class Pool(NamedTuple):
    """What a set's members sent together: number of openings and their sum (d,)."""

    n: float
    s: Floats


@dataclass(frozen=True)
class SetEvidence:
    """Outcome of :func:`set_evidence`: the set's log10 e-value and, per member, responsibility and log ratio."""

    log10_e: float
    dealt: Floats
    log_ratio: Floats
    centre: Floats
    rho: float


def set_evidence(
    sums: Sums, spread: Spread, population: Floats, lean: Floats | None = None, steps: int = 8
) -> SetEvidence:
    """E-value of *some of these accounts are dealt one corpus* against *separate people*; finds the dealt ones on its way.

    ``population`` (d,) is the mean of the whole log; ``lean`` (k,) adds what else is known of each member (log ratio).
    Expectation maximisation seeks the mode: no majority is assumed, an account unlike the centre loses its weight
    (:func:`resemblance`), and so does one with a mind of its own. Each ratio uses the centre of the others.
    """
    return evidence_of_sets(sums, np.zeros(1, np.int64), spread, population, lean, steps)[0]


def evidence_of_sets(
    sums: Sums, starts: Ints, spread: Spread, population: Floats, lean: Floats | None = None, steps: int = 8
) -> list[SetEvidence]:
    """:func:`set_evidence` of many sets at a time: their members one set after the other, ``starts`` (sets,) where each begins.

    Sets are judged in blocks of about :data:`BLOCK` members, so that the numbers stay near the processor; none is empty.
    """
    size = np.diff(np.r_[starts, len(sums.n)])
    out: list[SetEvidence] = []
    first = 0
    while first < len(starts):
        last = max(int(np.searchsorted(starts, starts[first] + BLOCK, side="right")) - 1, first + 1)
        part = slice(int(starts[first]), int(starts[first] + size[first:last].sum()))
        own = Sums(sums.n[part], sums.s[part], sums.q[part])
        out += _block(own, size[first:last], spread, population, None if lean is None else lean[part], steps)
        first = last
    return out


def _block(
    sums: Sums, size: Ints, spread: Spread, population: Floats, lean: Floats | None, steps: int
) -> list[SetEvidence]:
    """Expectation maximisation of some sets side by side; a set that has settled is left as it is."""
    weight, log_ratio = np.ones(len(sums.n)), np.zeros(len(sums.n))
    centres = np.tile(population, (len(size), 1))
    sets, rows = np.arange(len(size)), np.arange(len(sums.n))
    strange = Dots.with_centre(sums.s, population)
    now, leans = sums, lean
    for _ in range(steps):
        width = size[sets]
        begin, of_set = _starts(width), np.repeat(np.arange(len(sets)), width)
        mine = weight[rows]
        total = np.add.reduceat(mine * now.n, begin)
        pooled = _pooled(mine, now.s, begin)
        centres[sets] = pooled / np.maximum(total, 1.0)[:, None]
        sp = now.s @ pooled[0] if len(sets) == 1 else np.einsum("kd,kd->k", now.s, pooled[of_set])
        pp = np.einsum("kd,kd->k", pooled, pooled)[of_set]
        dots = Dots.leave_one_out(strange.ss, sp, pp, mine, total[of_set] - mine * now.n)
        log_ratio[rows] = dealt_against_people(now.n, _distance(now.n, now.q, *dots), spread)
        leaning = _resemblance(now.n, dots, strange, spread) + np.minimum(log_ratio[rows], 0)
        if leans is not None:
            leaning = leaning + leans
        new = 1 / (1 + np.exp(-np.clip(leaning, -30, 30)))
        moving = np.maximum.reduceat(np.abs(new - mine), begin) >= SETTLED
        if not moving.any():
            break
        going = moving[of_set]
        weight[rows[going]] = new[going]
        if not moving.all():
            sets, rows, now = sets[moving], rows[going], now.of(np.flatnonzero(going))
            strange = Dots(*(part[going] for part in strange))
            leans = None if leans is None else leans[going]
    begin = _starts(size)
    log10_e, rho = mixtures(log_ratio, begin) / np.log(10), correlations(sums, begin, weight > LIKELY)
    ends = begin + size
    return [
        SetEvidence(float(log10_e[i]), weight[a:b].copy(), log_ratio[a:b].copy(), centres[i].copy(), float(rho[i]))
        for i, (a, b) in enumerate(zip(begin.tolist(), ends.tolist(), strict=True))
    ]


def _pooled(weight: Floats, s: Floats, begin: Ints) -> Floats:
    """Weighted sum of each set: (sets, d)."""
    if len(begin) == 1:
        return np.asarray(weight @ s)[None]
    return np.asarray(np.add.reduceat(weight[:, None] * s, begin))


def _starts(size: Ints) -> Ints:
    return np.cumsum(np.r_[0, size[:-1]])


def pair_evidence(sums: Sums, spread: Spread, left: Ints, right: Ints) -> Floats:
    """Log ratio, per pair of accounts, of *dealt alike* against *two people*; 0 with too little data.

    Used to cut links between accounts that behave as two people do. Same model as :func:`dealt_against_people`, with
    the distance of two means and twice the spread.
    """
    n = sums.n
    out = np.zeros(len(left))
    ok = np.flatnonzero((n[left] >= 2) & (n[right] >= 2))
    mean = (sums.s / np.maximum(n, 1)[:, None]).astype(np.float32)  # half the numbers to move; the ratio decides at -1
    noise = (sums.q / np.maximum(n, 1) - np.einsum("kd,kd->k", mean, mean)) / np.maximum(n - 1, 1)
    wider = Spread(spread.variance, spread.concentration, 2 * spread.people, spread.learned)
    for start in range(0, len(ok), BLOCK):
        part = ok[start : start + BLOCK]
        a, b = left[part], right[part]
        apart = mean[a] - mean[b]
        distance = np.einsum("kd,kd->k", apart, apart) - noise[a] - noise[b]
        size = 1 / (1 / n[a] + 1 / n[b])
        out[part] = _log_ratio(size, 2 * spread.concentration / size**2, distance / spread.variance, wider)
    return out
